use sea_orm::Value;

use super::Column;

/// How many rows one insertion carries: with the widest table still within SQLite's 32,766 parameters.
pub(super) const ROWS_MAX: usize = 256;

/// `SELECT ... FROM (VALUES ...)`, for an insertion, and its parameters. There is room for as many rows as the next power
/// of two; what no parameter is given for is null, and so left out.
///
/// Parameters are not numbered: SQLite looks numbered ones up one by one.
pub(super) fn inserted_rows(rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let width = rows.first().map_or(1, Vec::len).max(1);
    let room = rows.len().next_power_of_two();
    let row = format!("({})", vec!["?"; width].join(", "));
    let list = vec![row.as_str(); room].join(", ");
    debug_assert!(
        rows.iter()
            .all(|row| row.first().is_some_and(|first| first.as_null() != *first)),
        "the first column of a row is null"
    );
    (
        format!("SELECT * FROM (VALUES {list}) WHERE column1 IS NOT NULL"),
        rows.into_iter().flatten().collect(),
    )
}

/// The rows as one JSON text: SQLite would use no index for `(a, b) IN (VALUES ...)`.
pub(super) fn list(first: usize, columns: &[Column], rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let read = |(index, column): (usize, &Column)| {
        let name = index.saturating_add(1);
        match column {
            Column::Uuid | Column::Bytes => format!("unhex(value ->> {index}) AS column{name}"),
            Column::Int | Column::Text | Column::Bool => format!("value ->> {index} AS column{name}"),
        }
    };
    let columns: Vec<String> = columns.iter().enumerate().map(read).collect();
    let rows = rows
        .into_iter()
        .map(|row| row.into_iter().map(json).collect::<serde_json::Value>());
    let rows: serde_json::Value = rows.collect();
    (
        format!("(SELECT {} FROM json_each(${first}))", columns.join(", ")),
        vec![rows.to_string().into()],
    )
}

fn json(value: Value) -> serde_json::Value {
    match value {
        Value::Uuid(uuid) => uuid.map(|uuid| uuid.simple().to_string()).into(),
        Value::Bytes(bytes) => bytes.map(hex::encode).into(),
        Value::BigInt(number) => number.into(),
        Value::Int(number) => number.into(),
        Value::String(text) => text.into(),
        Value::Bool(truth) => truth.into(),
        other => panic!("a list of rows carries ids, numbers, words, bytes and truth values, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insertion_has_room_for_a_power_of_two() {
        let rows = |count: i64| (0..count).map(|n| vec![n.into(), n.into()]).collect();
        let (three, parameters) = inserted_rows(rows(3));
        assert_eq!(
            three,
            "SELECT * FROM (VALUES (?, ?), (?, ?), (?, ?), (?, ?)) WHERE column1 IS NOT NULL"
        );
        assert_eq!((parameters.len(), inserted_rows(rows(4)).0), (6, three));
    }
}
