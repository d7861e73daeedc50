//! The rows of services go from SQLite files into PostgreSQL, and both are compared row by row afterwards.
//!
//! Nobody writes to the files meanwhile: who calls sees to that. What is to be copied follows from the schema alone, so that
//! a table that a migration adds is moved without a line here.
//!
//! - Rows are copied in the order of their table's primary key, a batch in one statement, so that what has arrived tells
//!   where to go on: behind the last key. Nothing else is noted, and nothing can come twice.
//! - A schema that is being filled bears a mark among its migrations, by which every program takes it for none that it may
//!   work with, until all of them are let go in one transaction.
//! - Both sides are read into the same cells, and these are compared, counted and summed up.

mod cell;
mod compare;
mod copy;
mod mark;
mod outbox;
mod source;
mod table;
mod target;

pub use compare::{Compared, compare};
pub use copy::copy;
pub(crate) use mark::is_mark;
pub use source::Source;
pub use table::Table;
pub use target::Target;
