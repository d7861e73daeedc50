use std::time::Duration;

use fault::{Fault, Trouble, TroubleKind};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use crate::place::Place;
use crate::{Db, room, statement};

/// How long a database may take to say that it is there.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// How busy a pool of connections is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolFigures {
    /// Which one: "writer" and "readers" of a SQLite file, "shared" of PostgreSQL.
    pub pool: &'static str,
    /// How many connections it has at the most.
    pub max: u32,
    /// How many of them work.
    pub in_use: u32,
    /// How many of them are open and wait for work.
    pub idle: u32,
    /// How many statements and transactions wait for a connection.
    pub waiting: u32,
}

/// A database of which it is not known yet whether it is away.
fn silent(place: &Place) -> Fault {
    let trouble = Trouble::new(TroubleKind::Away, format_args!("no answer within {CHECK_TIMEOUT:?}"));
    trouble.at(place.name(), place).into()
}

impl Db {
    /// What keeps this database from working, as far as its statements have met it; nothing is asked for this.
    pub fn trouble(&self) -> Option<Trouble> {
        self.health().trouble()
    }

    /// Which database it is, for people: "the database of ledger (`PostgreSQL` at 10.0.0.5:5432, database quanyu)".
    pub fn place(&self) -> String {
        self.health().place().to_string()
    }

    /// Whether it can be read and written by now, as far as is known; asks it, for a second at the most.
    pub async fn check(&self) -> Result<(), Fault> {
        if let Some(trouble) = self.trouble() {
            return Err(trouble.into());
        }
        let asked = self.read().query_one_raw(statement(self.read(), "SELECT 1", []));
        match tokio::time::timeout(CHECK_TIMEOUT, asked).await {
            Ok(answer) => answer.map(drop).map_err(Fault::from),
            Err(_) => Err(silent(self.health().place())),
        }
    }

    /// Whether it takes writes, and has room for more: by some that take a megabyte of the disk, and leave nothing behind.
    pub async fn try_to_write(&self) -> Result<(), Fault> {
        for statements in room::tries(self.backend()) {
            let tx = self.begin().await?;
            for sql in *statements {
                tx.execute_unprepared(sql).await?;
            }
            tx.commit().await?;
        }
        self.health().has_room();
        Ok(())
    }

    /// Reads a whole SQLite file for damage, its indexes aside. For PostgreSQL its own tools do that (`pg_amcheck`).
    pub async fn find_damage(&self) -> Result<(), Fault> {
        const LINES_MAX: usize = 5;
        if self.backend() != DbBackend::Sqlite {
            return Ok(());
        }
        let check = statement(self.read(), &format!("PRAGMA quick_check({LINES_MAX})"), []);
        let mut lines: Vec<String> = Vec::new();
        for row in self.read().query_all_raw(check).await? {
            lines.push(row.try_get_by_index(0)?);
        }
        match lines.as_slice() {
            [line] if line == "ok" => Ok(()),
            lines => Err(Trouble::new(TroubleKind::Damaged, lines.join("; "))
                .at(self.health().place().name(), self.health().place())
                .into()),
        }
    }

    /// How busy its connections are.
    pub fn pools(&self) -> Vec<PoolFigures> {
        let (writer, readers, writing, reading) = self.uses();
        if self.backend() == DbBackend::Sqlite {
            return vec![
                figures("writer", sqlite(writer.pool()), writing.count()),
                figures("readers", sqlite(readers.pool()), reading.count()),
            ];
        }
        let pool = writer.pool().get_postgres_connection_pool();
        let seen = (pool.options().get_max_connections(), pool.size(), pool.num_idle());
        vec![figures("shared", seen, writing.count().saturating_add(reading.count()))]
    }
}

type Seen = (u32, u32, usize);

fn sqlite(pool: &DatabaseConnection) -> Seen {
    let pool = pool.get_sqlite_connection_pool();
    (pool.options().get_max_connections(), pool.size(), pool.num_idle())
}

fn figures(pool: &'static str, (max, size, idle): Seen, demand: usize) -> PoolFigures {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (idle, demand) = (count(idle).min(size), count(demand));
    let in_use = size.saturating_sub(idle);
    PoolFigures {
        pool,
        max,
        in_use,
        idle,
        waiting: demand.saturating_sub(in_use),
    }
}
