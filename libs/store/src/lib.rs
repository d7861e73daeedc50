//! The database of a service: SQLite or PostgreSQL, from one code base.
//!
//! - [`Db`] has one writer and many readers for SQLite, a pool for PostgreSQL. `SQLite` runs with WAL and
//!   `synchronous=FULL`, PostgreSQL with `synchronous_commit=on`: acknowledged means on disk. A SQLite file that is deleted
//!   in the end does not wait for it ([`DbConfig::is_disposable`]).
//! - [`Db::begin_once`] makes a write happen once: effect, answer and facts are one transaction, and the same request
//!   later, however much later, gets the first answer; [`begin_or_replay!`] is that in a method.
//! - [`Answers`] does the same for many requests that share a transaction.
//! - [`Tx::emit`] writes facts into the outbox, in the transaction of their effect.
//! - [`moving`] brings the rows of SQLite files into PostgreSQL and compares both.
//! - A [`Fence`] keeps a worker that has lost its lease from committing anything.
//! - Dropping a transaction rolls it back. A transaction that loses a race gets [`fault::Fault::Contended`] and is run again, outside.
//!
//! Statements are portable: `$1` placeholders, times and amounts as BIGINT, ids as UUID.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)
)]

mod absence;
mod bulk;
mod checkpoint;
mod collation;
mod connect;
mod copying;
mod db;
mod deadlines;
mod emissions;
mod fence;
mod figures;
mod greeting;
mod health;
mod heartbeat;
mod inspect;
mod lease;
mod liveness;
mod migrate;
pub mod moving;
mod once;
mod outbox;
mod place;
mod presence;
mod privileges;
pub mod redirects;
mod room;
mod row;
mod statements;
pub mod stuck;
mod texts;

pub use bulk::{Column, among, insert_rows, look_up, look_up_with, looked_up, statement, values};
pub use connect::DbConfig;
pub use copying::{Copied, CopyNews, Original, copy_at_one_moment};
pub use db::{Db, Tx, for_update, is_serial};
pub use deadlines::Deadlines;
pub use emissions::Emissions;
pub use fence::Fence;
pub use figures::PoolFigures;
pub use heartbeat::LastSeen;
pub use inspect::{ConsumerPosition, ParkedFact, Room};
pub use migrate::{Migration, MigrationNews, Standing, migration_names};
pub use once::{Answers, Begun, OnceTx};
pub use outbox::{Draft, MoveNews, OutboxRow, Stretch};
pub use presence::Presence;
pub use row::{Columns, Row, unreadable};
pub use statements::Statements;
pub use stuck::StuckItem;
pub use texts::{Identifiers, LookedThrough, TOLD_MAX, UncleanText};
