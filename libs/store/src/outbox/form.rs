//! Where the positions of facts stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fault::Fault;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::{Db, statement};

/// Where the positions of facts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// In the rows of the outbox: in SQLite, and in PostgreSQL as the release before left it.
    Within,
    /// In PostgreSQL, in rows of their own, beside an outbox that nobody updates.
    Beside,
}

/// Whether positions were ever seen beside the outbox: they never go back.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormSeen(Arc<AtomicBool>);

impl Db {
    /// Where positions stand. As long as they may still be moved, the database is asked each time.
    pub(super) async fn form(&self) -> Result<Form, Fault> {
        const IS_BESIDE: &str = "SELECT positions_beside FROM outbox_head WHERE lock = 0";
        if self.backend() == DbBackend::Sqlite {
            return Ok(Form::Within);
        }
        let FormSeen(is_beside) = self.form_seen();
        if !is_beside.load(Ordering::Acquire) {
            let row = self.read().query_one_raw(statement(self.read(), IS_BESIDE, [])).await?;
            let row = row.ok_or_else(|| Fault::internal("the outbox has no head"))?;
            if !row.try_get_by_index::<bool>(0)? {
                return Ok(Form::Within);
            }
            is_beside.store(true, Ordering::Release);
        }
        Ok(Form::Beside)
    }

    /// Whether positions stand where the release before keeps them, until [`Db::finish`].
    pub async fn is_unfinished(&self) -> Result<bool, Fault> {
        Ok(self.backend() == DbBackend::Postgres && self.form().await? == Form::Within)
    }

    /// Whether a statement failed because positions were moved since it was known where they stand. It is made anew then.
    pub(super) async fn were_moved<T>(&self, since: Form, outcome: &Result<T, Fault>) -> Result<bool, Fault> {
        Ok(outcome.is_err() && since == Form::Within && self.form().await? == Form::Beside)
    }
}
