//! What a test needs: a database of its own, a clock turned by hand, a service behind its real server stack.
//!
//! [`harness`] starts one service in milliseconds on `SQLite`, or, where `QUANYU_TEST_DATABASE_URL` names a PostgreSQL
//! server, in a schema of its own there. Its peers are played: their facts are what the test publishes, their methods
//! what the test provides. A [`Fleet`] has replicas that are killed and started again.
//! A [`Process`] runs the binary; [`EtcdNodes`] is a real etcd, [`NatsServer`] a real NATS, [`Postgres`] a server of a test's
//! own that may be killed.
//! A [`PlayedIssuer`] publishes the keys of the tokens that a test signs.
//! An [`Authority`] issues certificates, which a [`MountedSecret`] holds and rotates.

#![allow(clippy::expect_used, clippy::unwrap_used)]

mod authority;
mod database;
mod etcd;
mod fleet;
mod harness;
mod issuer;
mod nats;
mod patience;
mod played;
mod postgres;
mod process;
pub mod reads;
mod turned;

pub use authority::{Authority, Issued, MountedSecret};
pub use database::{TestDb, lose_fact, server};
pub use etcd::EtcdNodes;
pub use fleet::{Fleet, Link, Replica};
pub use harness::{Harness, harness, harness_with_peers};
pub use issuer::{PlayedIssuer, SigningKey};
pub use nats::NatsServer;
pub use patience::until;
pub use postgres::Postgres;
pub use process::{Process, free_address, program};
pub use turned::turn_clock;
