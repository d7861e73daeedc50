//! What an operator asks about facts.

use std::fmt;

use fault::Fault;
use sea_orm::{ConnectionTrait, DbBackend};

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

/// How many connections a server of PostgreSQL admits, and has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Its setting `max_connections`.
    pub max_connections: u32,
    /// How many of these it keeps for superusers and for roles of its own.
    pub reserved: u32,
    /// The limit of the database or of the role, where one is set.
    pub limit: Option<u32>,
    /// How many connections clients have to it now.
    pub in_use: u32,
    /// How many of these this handle's own process has, as far as the server can tell: those of the service.
    pub own: u32,
}

impl Room {
    /// How many connections it admits at the most.
    pub fn admitted(&self) -> u32 {
        let room = self.max_connections.saturating_sub(self.reserved);
        self.limit.map_or(room, |limit| limit.min(room))
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the server admits {} (max_connections {}, of which it reserves {}",
            self.admitted(),
            self.max_connections,
            self.reserved
        )?;
        match self.limit {
            Some(limit) => write!(f, "; the database's or the role's limit is {limit})"),
            None => f.write_str(")"),
        }
    }
}

impl Db {
    /// How many connections the server admits; none for SQLite.
    pub async fn room(&self) -> Result<Option<Room>, Fault> {
        // A limit of -1 is none; PostgreSQL 16 reserves some for roles of the operator's choice as well.
        const READ: &str = "SELECT current_setting('max_connections')::bigint, \
             current_setting('superuser_reserved_connections')::bigint \
             + COALESCE(current_setting('reserved_connections', true)::bigint, 0), \
             (SELECT MIN(allowed) FROM (SELECT datconnlimit FROM pg_database WHERE datname = current_database() \
                 UNION ALL SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS l(allowed) \
              WHERE allowed >= 0)::bigint, \
             (SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), \
             (SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = current_setting('application_name') \
                 AND datname = current_database())";
        if self.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let row = self.read().query_one_raw(statement(self.read(), READ, [])).await?;
        let row = row.ok_or_else(|| Fault::internal("a row of numbers has no row"))?;
        let number = |index| {
            let number: Option<i64> = row.try_get_by_index(index)?;
            Ok::<_, Fault>(number.and_then(|number| u32::try_from(number).ok()))
        };
        Ok(Some(Room {
            max_connections: number(0)?.unwrap_or(0),
            reserved: number(1)?.unwrap_or(0),
            limit: number(2)?,
            in_use: number(3)?.unwrap_or(0),
            own: number(4)?.unwrap_or(0),
        }))
    }

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
