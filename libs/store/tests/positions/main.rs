//! Positions of facts in PostgreSQL: gapless, each fact one, in order within a subject, and given without an update of the
//! outbox; whatever transactions last, wherever rows are brought, and while they are moved from their place in the release
//! before. SQLite gives them at the insert; what both hold to is in `libs/events/tests`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::arithmetic_side_effects)]

mod brought;
mod given;
mod moved;
mod release_before;
mod world;
