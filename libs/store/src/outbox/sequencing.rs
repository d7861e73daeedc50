//! Facts get their positions once every reader can see them: 1, 2, 3 and so on, without a gap, each fact one.

use fault::Fault;
use sea_orm::DbBackend;

use super::Form;
use crate::Db;

impl Db {
    /// Gives positions to facts that became visible; answers how many. Nothing is left to do for SQLite.
    pub async fn sequence(&self) -> Result<usize, Fault> {
        if self.backend() == DbBackend::Sqlite {
            return Ok(0);
        }
        let form = self.form().await?;
        let mut given = match form {
            Form::Within => self.sequence_within().await,
            Form::Beside => self.sequence_beside().await,
        };
        if self.were_moved(form, &given).await? {
            given = self.sequence_beside().await;
        }
        let given = given?;
        if given > 0 {
            self.emitter().tell_of_any();
        }
        usize::try_from(given).map_err(Fault::internal)
    }
}
