//! Leases: what one of several processes has for a while, by the clock of the database, and keeps by renewing it.

use std::time::Duration;

use fault::Fault;
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use crate::{Db, statement};

impl Db {
    /// Takes a lease that nobody has, for so long; answers its token, which is greater than those of all before it. None where
    /// another one has it.
    pub async fn take_lease(&self, name: &str, holder: Uuid, lasts: Duration) -> Result<Option<i64>, Fault> {
        let now = self.now();
        // Looked at first: those who wait for it write nothing.
        let look = format!("SELECT 1 FROM lease WHERE name = $1 AND expire_time > {now}");
        let taken = self
            .read()
            .query_one_raw(statement(self.read(), &look, [name.into()]))
            .await?;
        if taken.is_some() {
            return Ok(None);
        }
        let take = format!(
            "INSERT INTO lease (name, holder, token, expire_time) VALUES ($1, $2, 1, {now} + $3) ON CONFLICT (name) DO UPDATE \
             SET holder = excluded.holder, token = lease.token + 1, expire_time = excluded.expire_time \
             WHERE lease.expire_time <= {now} RETURNING token"
        );
        let tx = self.begin().await?;
        let values = [name.into(), holder.into(), micros(lasts).into()];
        let row = tx.query_one_raw(statement(&*tx, &take, values)).await?;
        let token = row.map(|row| row.try_get_by_index(0)).transpose()?;
        tx.commit().await?;
        Ok(token)
    }

    /// Renews a lease for so long; false where it is another's by now.
    pub async fn renew_lease(&self, name: &str, holder: Uuid, token: i64, lasts: Duration) -> Result<bool, Fault> {
        let renew = format!(
            "UPDATE lease SET expire_time = {} + $4 WHERE name = $1 AND holder = $2 AND token = $3",
            self.now()
        );
        self.change_lease(&renew, name, holder, token, micros(lasts)).await
    }

    /// Ends a lease, so that another one need not wait for its time.
    pub async fn end_lease(&self, name: &str, holder: Uuid, token: i64) -> Result<bool, Fault> {
        // The row stays, and with it the token from which the next one goes on.
        const END: &str = "UPDATE lease SET expire_time = $4 WHERE name = $1 AND holder = $2 AND token = $3";
        self.change_lease(END, name, holder, token, 0).await
    }

    async fn change_lease(&self, sql: &str, name: &str, holder: Uuid, token: i64, time: i64) -> Result<bool, Fault> {
        let tx = self.begin().await?;
        let values = [name.into(), holder.into(), token.into(), time.into()];
        let changed = tx.execute_raw(statement(&*tx, sql, values)).await?.rows_affected();
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// The database's own clock, in microseconds; SQLite has the machine's.
    fn now(&self) -> &'static str {
        match self.backend() {
            DbBackend::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
            _ => "CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
