//! The outbox, which the two databases keep in different ways.
//!
//! SQLite gives a position with the row and needs no head: its table of one row stays as the migration made it. PostgreSQL has
//! positions beside the outbox, and notes by which transaction a row came. These notes are not moved: positions without them
//! are taken for such as were brought from elsewhere, after which the sequencer looks once for all facts that have none. All
//! that differs between the two stands in this file.

use std::collections::{BTreeMap, BTreeSet};

use super::table::quoted;

const POSITIONS: &str = "fact_position";
/// A position for each fact, behind the first row, from which they are counted.
const FROM_ROWS: &str = "(SELECT 0 AS \"position\", zeroblob(16) AS \"fact_id\", '' AS \"kind\" \
     UNION ALL SELECT \"position\", \"fact_id\", \"kind\" FROM \"outbox\")";

/// Whether a table stays as the migrations made it.
pub(super) fn stays(table: &str) -> bool {
    table == "outbox_head"
}

/// Whether PostgreSQL alone has a column, and fills it by itself.
pub(super) fn is_filled_by_target(table: &str, column: &str) -> bool {
    matches!(
        (table, column),
        ("outbox" | POSITIONS, "xact_id") | (POSITIONS, "snapshot")
    )
}

/// From what in SQLite a table of PostgreSQL is filled, and with what it is compared.
pub(super) fn source_of(table: &str) -> String {
    match table {
        POSITIONS => FROM_ROWS.to_owned(),
        _ => quoted(table),
    }
}

/// The columns of SQLite's tables as those of PostgreSQL are to be.
pub(super) fn as_in_target(tables: &mut BTreeMap<String, BTreeSet<String>>) {
    tables.retain(|name, _| !stays(name));
    if let Some(outbox) = tables.get_mut("outbox") {
        outbox.remove("position");
        let columns = ["position", "fact_id", "kind"].map(str::to_owned);
        tables.insert(POSITIONS.to_owned(), columns.into());
    }
}
