//! How the tables of a service stand to what a program would do to them.

use std::collections::BTreeSet;
use std::fmt;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use sea_orm_migration::SchemaManager;

use super::base;
use crate::{Migration, moving, outbox, statement};

/// How the tables of a service stand to the migrations of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether there are any.
    pub has_tables: bool,
    /// What is still to be done, in its order.
    pub outstanding: Vec<&'static str>,
    /// What a newer version of this program has done.
    pub newer: Vec<String>,
    /// Whether something is left to do that the release before does not survive: [`Db::finish`](crate::Db::finish).
    pub is_unfinished: bool,
}

impl Standing {
    /// What is missing, in words that follow a database's name; none where nothing is.
    pub(crate) fn behind(&self) -> Option<String> {
        let names = match self.outstanding.as_slice() {
            [] => return None,
            [one] => format!("the migration {one} is"),
            several => format!("the migrations {} are", several.join(", ")),
        };
        Some(match self.has_tables {
            true => format!("has the tables of an older release, on which {names} outstanding"),
            false => format!("has no tables yet: {names} outstanding"),
        })
    }
}

/// Why tables are none that the migrations may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// They are those of this service.
    Other(String),
    /// Rows are being moved into them.
    Filled,
    /// A newer version has done this, and something that this program knows is still to be done: no version leaves that.
    Parted { newer: String, outstanding: &'static str },
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(service) => write!(
                f,
                "has the tables of the service {service}: it stands in the wrong place, put the right one back"
            ),
            Self::Filled => f.write_str(
                "is being filled by `quanyu move`, which has not come to its end: run it again, and start nothing here before",
            ),
            Self::Parted { newer, outstanding } => write!(
                f,
                "has been used by a newer version of this program, which did {newer} and has not done {outstanding}: finish it \
                 with that version's `quanyu migrate`"
            ),
        }
    }
}

/// Looks, and changes nothing.
pub(crate) async fn look(conn: &DatabaseConnection, ours: &[Migration]) -> Result<Result<Standing, Stranger>, DbErr> {
    let done = done(conn).await?;
    let mut standing = match compare(done.as_ref(), ours) {
        Ok(standing) => standing,
        Err(stranger) => return Ok(Err(stranger)),
    };
    let has_place = done.is_some_and(|done| done.contains(base::POSITIONS_BESIDE.name));
    standing.is_unfinished =
        has_place && conn.get_database_backend() == DbBackend::Postgres && outbox::is_within(conn).await?;
    Ok(Ok(standing))
}

/// A place where there is nothing.
pub(crate) fn nothing(ours: &[Migration]) -> Standing {
    Standing {
        has_tables: false,
        outstanding: ours.iter().map(|migration| migration.name).collect(),
        newer: Vec::new(),
        is_unfinished: false,
    }
}

fn compare(done: Option<&BTreeSet<String>>, ours: &[Migration]) -> Result<Standing, Stranger> {
    let Some(done) = done else { return Ok(nothing(ours)) };
    if done.iter().any(|name| moving::is_mark(name)) {
        return Err(Stranger::Filled);
    }
    let is_ours = |name: &str| ours.iter().any(|migration| migration.name == name);
    let outstanding = ours.iter().map(|step| step.name).filter(|name| !done.contains(*name));
    let standing = Standing {
        has_tables: !done.is_empty(),
        outstanding: outstanding.collect(),
        newer: done.iter().filter(|name| !is_ours(name)).cloned().collect(),
        is_unfinished: false,
    };
    let other = standing
        .newer
        .iter()
        .find(|name| ours.iter().all(|migration| maker(migration.name) != maker(name)));
    if let Some(other) = other {
        return Err(Stranger::Other(maker(other).to_owned()));
    }
    match (standing.newer.first(), standing.outstanding.first()) {
        (Some(newer), Some(outstanding)) => Err(Stranger::Parted {
            newer: newer.clone(),
            outstanding,
        }),
        _ => Ok(standing),
    }
}

fn maker(name: &str) -> &str {
    name.split('_').next().unwrap_or_default()
}

/// The names of what has been done to the tables, in their order; none where there are no tables yet.
async fn done(conn: &DatabaseConnection) -> Result<Option<BTreeSet<String>>, DbErr> {
    const DONE: &str = "SELECT version FROM seaql_migrations";
    if !SchemaManager::new(conn).has_table("seaql_migrations").await? {
        return Ok(None);
    }
    let rows = conn.query_all_raw(statement(conn, DONE, [])).await?;
    rows.iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()
        .map(Some)
}
