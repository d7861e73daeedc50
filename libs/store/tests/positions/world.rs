use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kernel::{Clock, Fact, Tenant};
use sea_orm::ConnectionTrait;
use store::{Db, Draft, Migration, OutboxRow, Tx, statement};
use testkit::TestDb;

/// Members, whose facts count up from 1.
pub(crate) const TABLES: Migration = Migration {
    name: "test_0001",
    sql: "CREATE TABLE counter (subject TEXT NOT NULL PRIMARY KEY, number BIGINT NOT NULL);
          CREATE TABLE note (note_id {uuid} NOT NULL PRIMARY KEY)",
};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Counted {
    #[prost(int64, tag = "1")]
    pub(crate) number: i64,
}
impl Fact for Counted {
    const TYPE: &'static str = "test.counted";
}

pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) tenant: Tenant,
    pub(crate) db: Db,
    pub(crate) test_db: TestDb,
}

pub(crate) async fn world() -> World {
    let (clock, test_db) = (Clock::system(), TestDb::new(vec![TABLES]).await);
    World {
        tenant: Tenant::from_uuid(clock.uuid()),
        db: test_db.db(),
        test_db,
        clock,
    }
}

impl World {
    /// Another replica.
    pub(crate) async fn replica(&self) -> Db {
        self.test_db.another(vec![TABLES]).await
    }

    /// A transaction that may last, whatever else is done meanwhile.
    pub(crate) async fn lasting(&self) -> Tx {
        let tx = self.db.begin().await.unwrap();
        let may_last = "SET LOCAL idle_in_transaction_session_timeout = 0";
        tx.execute_unprepared(may_last).await.unwrap();
        tx
    }

    /// Writes the next fact of a subject, whose row keeps others from doing so until the transaction ends.
    pub(crate) async fn count(&self, tx: &Tx, subject: &str) {
        self.count_as(tx, subject, async |number| {
            tx.emit(&self.clock, self.tenant, subject, &Counted { number })
                .await
                .unwrap();
        })
        .await;
    }

    pub(crate) async fn count_as(&self, tx: &Tx, subject: &str, tell: impl AsyncFnOnce(i64)) {
        const NEXT: &str = "INSERT INTO counter (subject, number) VALUES ($1, 1) \
             ON CONFLICT (subject) DO UPDATE SET number = counter.number + 1 RETURNING number";
        let row = tx.query_one_raw(statement(&**tx, NEXT, [subject.into()])).await;
        tell(row.unwrap().unwrap().try_get_by_index(0).unwrap()).await;
    }

    /// Has a transaction get its number before it waits for anything.
    pub(crate) async fn note(&self, tx: &Tx) {
        const NOTE: &str = "INSERT INTO note (note_id) VALUES ($1)";
        let noted = tx.execute_raw(statement(&**tx, NOTE, [self.clock.uuid().into()]));
        noted.await.unwrap();
    }

    /// Tells so many facts in one transaction.
    pub(crate) async fn tell(&self, subject: &str, count: i64) {
        let facts = (1..=count).map(|number| Draft::new(self.tenant, subject, &Counted { number }));
        let tx = self.db.begin().await.unwrap();
        tx.emit_all(&self.clock, facts.collect()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// All facts that have a position, which have no gap.
    pub(crate) async fn facts(&self) -> Vec<OutboxRow> {
        let mut facts = Vec::new();
        loop {
            let last = i64::try_from(facts.len()).unwrap();
            let stretch = self.db.facts_after(last, None, 10_000).await.unwrap();
            facts.extend(stretch.facts);
            if !stretch.has_more {
                break;
            }
        }
        let positions: Vec<i64> = facts.iter().map(|fact| fact.position).collect();
        assert_eq!(positions, (1..).take(facts.len()).collect::<Vec<_>>());
        assert_eq!(self.db.last_position().await.ok(), i64::try_from(facts.len()).ok());
        facts
    }

    /// Sees that every fact that was committed has one position, and that each subject's count up.
    pub(crate) async fn assert_whole(&self) {
        let facts = self.facts().await;
        let ids: BTreeSet<_> = facts.iter().map(|fact| fact.fact_id).collect();
        let told = usize::try_from(number(&self.db, "SELECT COUNT(*) FROM outbox").await).unwrap();
        assert_eq!((facts.len(), ids.len()), (told, told));
        let mut numbers: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for fact in &facts {
            let counted = <Counted as prost::Message>::decode(&*fact.payload).unwrap();
            numbers.entry(&fact.subject).or_default().push(counted.number);
        }
        for (subject, numbers) in numbers {
            let expected: Vec<i64> = (1..).take(numbers.len()).collect();
            assert_eq!(numbers, expected, "{subject}");
        }
    }
}

/// Gives positions to all that wait.
pub(crate) async fn sequence(db: &Db) -> usize {
    let mut given = 0;
    loop {
        match db.sequence().await.unwrap() {
            0 => return given,
            more => given += more,
        }
    }
}

pub(crate) async fn number(db: &Db, sql: &str) -> i64 {
    let row = db.read().query_one_raw(statement(db.read(), sql, [])).await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}

pub(crate) async fn execute(db: &Db, sql: &str) {
    db.read().execute_unprepared(sql).await.unwrap();
}

/// Has so many transactions pass in which nothing is told.
pub(crate) async fn pass(db: &Db, transactions: i64) {
    let sql =
        format!("DO $$ BEGIN FOR n IN 1..{transactions} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$");
    execute(db, &sql).await;
}

/// Some milliseconds, another number each time.
pub(crate) async fn linger(clock: &Clock) {
    let millis = clock.uuid().as_bytes()[15] % 24;
    kernel::pause(Duration::from_millis(millis.into())).await;
}
