use store::Db;

use super::Bounds;

/// How many runs of look-ups are under way at a time: while the database works on the statements of one, the rows of the
/// other are read. More would take callers from one another, whose statements then answer fewer of them; and of SQLite's
/// three connections for reading one stays free for what is not gathered.
const RUNS: usize = 2;
/// How much may wait: what is answered within about a tenth of a second.
const WAITING_MAX: u32 = 4_096;

impl Bounds {
    /// Of asks that only read, in any order, on a database: PostgreSQL and SQLite alike. `run_max` is how much one statement
    /// answers.
    #[must_use]
    pub fn of_look_ups(run_max: u32) -> Self {
        Self {
            lanes: 1,
            runs: RUNS,
            waiting_max: WAITING_MAX,
            run_max,
        }
    }

    /// Of asks that write on this database. SQLite has one writer. On PostgreSQL transactions run beside each other: with two
    /// on two cores a prototype of the ledger was faster than with one or four.
    #[must_use]
    pub fn of_writes(db: &Db, run_max: u32) -> Self {
        Self {
            lanes: if store::is_serial(db.backend()) { 1 } else { 2 },
            runs: 1,
            waiting_max: WAITING_MAX,
            run_max,
        }
    }
}
