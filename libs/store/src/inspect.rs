//! What an operator asks about facts.

use fault::Fault;
use sea_orm::ConnectionTrait;

use crate::{Db, statement};

/// How far a consumer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerPosition {
    /// The consumer: "points.earn".
    pub name: String,
    /// Whose facts it applies: "tagging".
    pub stream: String,
    /// The last position that it has applied.
    pub position: i64,
}

/// A fact that could not be applied and was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedFact {
    /// Who could not apply it.
    pub consumer: String,
    /// Where it stands in its stream.
    pub position: i64,
    /// Its name.
    pub kind: String,
    /// Why it could not be applied.
    pub reason: String,
}

impl Db {
    /// How far each consumer of this service has come.
    pub async fn consumer_positions(&self) -> Result<Vec<ConsumerPosition>, Fault> {
        const READ: &str = "SELECT name, stream, position FROM consumer ORDER BY name";
        let rows = self.read().query_all_raw(statement(self.read(), READ, [])).await?;
        let read = |row: &sea_orm::QueryResult| {
            Ok(ConsumerPosition {
                name: row.try_get_by_index(0)?,
                stream: row.try_get_by_index(1)?,
                position: row.try_get_by_index(2)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// How many facts were put aside.
    pub async fn parked_count(&self) -> Result<i64, Fault> {
        let count = statement(self.read(), "SELECT COUNT(*) FROM parked_fact", []);
        let row = self.read().query_one_raw(count).await?;
        let row = row.ok_or_else(|| Fault::internal("an aggregate answered without a row"))?;
        Ok(row.try_get_by_index(0)?)
    }

    /// Which facts were put aside, by consumer and position.
    pub async fn parked_positions(&self) -> Result<Vec<(String, i64)>, Fault> {
        const READ: &str = "SELECT consumer, position FROM parked_fact ORDER BY consumer, position";
        let rows = self.read().query_all_raw(statement(self.read(), READ, [])).await?;
        rows.iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect()
    }

    /// The first of the facts that were put aside.
    pub async fn parked_facts(&self, facts_max: i64) -> Result<Vec<ParkedFact>, Fault> {
        const READ: &str =
            "SELECT consumer, position, kind, reason FROM parked_fact ORDER BY consumer, position LIMIT $1";
        let rows = self
            .read()
            .query_all_raw(statement(self.read(), READ, [facts_max.into()]))
            .await?;
        let read = |row: &sea_orm::QueryResult| {
            Ok(ParkedFact {
                consumer: row.try_get_by_index(0)?,
                position: row.try_get_by_index(1)?,
                kind: row.try_get_by_index(2)?,
                reason: row.try_get_by_index(3)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
