//! Fences: what a worker commits is refused by the database where another process leads by then.
//!
//! A process may stand still for longer than its lease lasts: a machine that is overloaded or suspended, a container that is
//! frozen. When it goes on it believes for a moment that it leads, and is wrong. Looking at the clock before each write would
//! only make that moment shorter. So each transaction of a worker ends with a look at the lease, which it locks until it is
//! committed: whoever takes the lease waits for that, and what comes later finds another token.

use std::sync::Arc;

use fault::Fault;
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use crate::statement;

tokio::task_local! {
    /// That of the work which this task does.
    static PRESENT: Fence;
}

/// Under which lease work is done, and with which token.
#[derive(Debug, Clone, Default)]
pub struct Fence(Option<Arc<Holding>>);

#[derive(Debug)]
struct Holding {
    name: String,
    holder: Uuid,
    token: i64,
}

impl Fence {
    /// Of a process that nobody can take the lead from: nothing is looked at.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Of the lease of this name, in the database that the work is done in.
    pub fn new(name: &str, holder: Uuid, token: i64) -> Self {
        let name = name.to_owned();
        Self(Some(Arc::new(Holding { name, holder, token })))
    }

    /// The token of the lease, greater than those before it; 0 where there is none.
    pub fn token(&self) -> i64 {
        self.0.as_ref().map_or(0, |holding| holding.token)
    }

    /// Does work all of whose transactions are refused once another process has the lease. Not those of tasks that it spawns.
    pub async fn around<T>(self, work: impl Future<Output = T>) -> T {
        PRESENT.scope(self, work).await
    }

    /// That of the present task.
    pub(crate) fn present() -> Self {
        PRESENT.try_with(Self::clone).unwrap_or_default()
    }

    /// The last statement before a commit: the lease stays as it is until then.
    pub(crate) async fn check(&self, tx: &impl ConnectionTrait) -> Result<(), Fault> {
        let Some(holding) = &self.0 else { return Ok(()) };
        let backend = tx.get_database_backend();
        let look = format!(
            "SELECT 1 FROM lease WHERE name = $1 AND holder = $2 AND token = $3{}",
            for_share(backend)
        );
        let values = [holding.name.clone().into(), holding.holder.into(), holding.token.into()];
        match tx.query_one_raw(statement(tx, &look, values)).await? {
            Some(_) => Ok(()),
            None => Err(Fault::unavailable(format!(
                "this process has lost the lease of {}: nothing is written, another process goes on with the work",
                holding.name
            ))),
        }
    }
}

/// " FOR SHARE" where the database locks rows; nothing where it has one writer.
fn for_share(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => " FOR SHARE",
        _ => "",
    }
}
