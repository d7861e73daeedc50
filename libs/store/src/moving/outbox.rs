//! The outbox, of which the two databases keep the last position in different places.
//!
//! SQLite gives a position with the row and needs no head: its table of one row stays as the migration made it. PostgreSQL's
//! sequencer goes on from the head. All that differs between the two stands in this file.

use super::table::quoted;

/// From what in SQLite a table of PostgreSQL is filled, and with what it is compared.
pub(super) fn source_of(table: &str) -> String {
    match table {
        "outbox_head" => {
            "(SELECT 0 AS \"lock\", (SELECT COALESCE(MAX(position), 0) FROM outbox) AS \"last_position\")".to_owned()
        }
        _ => quoted(table),
    }
}
