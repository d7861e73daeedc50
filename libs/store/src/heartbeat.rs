//! When a service was last seen at work, so that it can tell that its clock is wrong.

use fault::Fault;
use kernel::Time;
use sea_orm::{ConnectionTrait, DbBackend, Value};

use crate::{Db, statement};

/// What a database knows of the present time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastSeen {
    /// When the service was last seen at work; none where it never was.
    pub seen_time: Option<Time>,
    /// What an operator accepted the clock at, the last time; none where nobody ever had to.
    pub accept_time: Option<Time>,
    /// What time it is by the database's own clock; none for SQLite, which has none but the process's.
    pub database_time: Option<Time>,
    /// Why a process of the service does not believe its clock; none where none has said so.
    pub doubt: Option<String>,
}

impl Db {
    /// Whose database it is: "points".
    pub fn service(&self) -> &str {
        self.health().place().service()
    }

    /// What the database knows of the present time.
    pub async fn last_seen(&self) -> Result<LastSeen, Fault> {
        let database_time = match self.backend() {
            DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
            _ => "CAST(NULL AS BIGINT)",
        };
        let sql = format!("SELECT seen_time, accept_time, doubt, {database_time} FROM heartbeat WHERE lock = 0");
        let row = self.read().query_one_raw(statement(self.read(), &sql, [])).await?;
        let row = row.ok_or_else(|| Fault::internal("the table heartbeat has no row"))?;
        let time = |index| Ok::<_, Fault>(row.try_get_by_index::<Option<i64>>(index)?.map(Time::from_micros));
        Ok(LastSeen {
            seen_time: time(0)?,
            accept_time: time(1)?,
            database_time: time(3)?,
            doubt: row.try_get_by_index(2)?,
        })
    }

    /// Notes that the service is at work. The time only goes on: of two replicas the one that is ahead is believed.
    pub async fn beat(&self, now: Time) -> Result<(), Fault> {
        const BEAT: &str =
            "UPDATE heartbeat SET seen_time = $1 WHERE lock = 0 AND (seen_time IS NULL OR seen_time < $1)";
        self.note(BEAT, [now.micros().into()]).await
    }

    /// Notes why a process of the service does not believe its clock, for `doctor` and operators; or that it believes it.
    pub async fn note_doubt(&self, doubt: Option<&str>) -> Result<(), Fault> {
        const DOUBT: &str = "UPDATE heartbeat SET doubt = $1 WHERE lock = 0";
        self.note(DOUBT, [doubt.into()]).await
    }

    /// Notes that an operator has looked at the clock and found it right, whatever was seen before.
    pub async fn accept_clock(&self, now: Time) -> Result<(), Fault> {
        const ACCEPT: &str = "UPDATE heartbeat SET seen_time = $1, accept_time = $1, doubt = NULL WHERE lock = 0";
        self.note(ACCEPT, [now.micros().into()]).await
    }

    async fn note(&self, sql: &str, what: [Value; 1]) -> Result<(), Fault> {
        let tx = self.begin().await?;
        tx.execute_raw(statement(&*tx, sql, what)).await?;
        tx.commit().await
    }
}
