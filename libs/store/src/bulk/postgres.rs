use sea_orm::Value;

use super::Column;

/// How many rows one statement carries: their memory is the only bound.
pub(super) const ROWS_MAX: usize = 10_000;

/// `SELECT ... FROM UNNEST(...)`, for an insertion, and its parameters. What the columns are is seen by their values.
pub(super) fn inserted_rows(rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let types: Vec<&str> = rows.first().into_iter().flatten().map(type_of).collect();
    let Arrays {
        selected,
        source,
        parameters,
    } = Arrays::of(1, &types, rows);
    (format!("SELECT {} FROM {source}", selected.join(", ")), parameters)
}

/// The same as a list in parentheses, with names for its columns.
pub(super) fn list(first: usize, columns: &[Column], rows: Vec<Vec<Value>>) -> (String, Vec<Value>) {
    let types: Vec<&str> = columns.iter().map(|column| name_of(*column)).collect();
    let rows = rows.into_iter().map(|row| row.into_iter().map(widened).collect());
    let Arrays {
        selected,
        source,
        parameters,
    } = Arrays::of(first, &types, rows.collect());
    let named = selected
        .iter()
        .zip(1_usize..)
        .map(|(column, number)| format!("{column} AS column{number}"));
    let named: Vec<String> = named.collect();
    (format!("(SELECT {} FROM {source})", named.join(", ")), parameters)
}

/// Rows, turned into one array for each column.
struct Arrays {
    /// The expression of each column.
    selected: Vec<String>,
    /// The function that makes rows of the arrays.
    source: String,
    parameters: Vec<Value>,
}

impl Arrays {
    /// The driver has no arrays with nulls in them: a column with some has a second array beside it, which tells where
    /// they are; one of nothing but nulls has no array. So there are a few texts for a statement, not one, which is still
    /// few: what is null together is mostly null together again.
    fn of(first: usize, types: &[&'static str], rows: Vec<Vec<Value>>) -> Self {
        let mut columns: Vec<Vec<Value>> = types.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        let (mut selected, mut arrays, mut parameters) = (Vec::new(), Vec::new(), Vec::new());
        let mut add = |values: Vec<Value>, of: &str| {
            let element = values
                .first()
                .map_or(sea_orm::sea_query::ArrayType::Bool, Value::array_type);
            arrays.push(format!("${}::{of}[]", first.saturating_add(parameters.len())));
            parameters.push(Value::Array(element, Some(Box::new(values))));
            format!("u.c{}", parameters.len())
        };
        for (values, of) in columns.into_iter().zip(types) {
            let nulls = values.iter().filter(|value| is_null(value)).count();
            if nulls == values.len() {
                selected.push(format!("NULL::{of}"));
            } else if nulls == 0 {
                selected.push(add(values, of));
            } else {
                let nulls = values.iter().map(|value| is_null(value).into()).collect();
                let values = values
                    .into_iter()
                    .map(|value| if is_null(&value) { value.dummy_value() } else { value });
                let (value, null) = (add(values.collect(), of), add(nulls, "boolean"));
                selected.push(format!("CASE WHEN {null} THEN NULL ELSE {value} END"));
            }
        }
        let names: Vec<String> = (1..=arrays.len()).map(|number| format!("c{number}")).collect();
        Self {
            selected,
            source: format!("UNNEST({}) AS u({})", arrays.join(", "), names.join(", ")),
            parameters,
        }
    }
}

fn is_null(value: &Value) -> bool {
    value.as_null() == *value
}

/// A list knows one kind of number.
fn widened(value: Value) -> Value {
    match value {
        Value::Int(number) => Value::BigInt(number.map(i64::from)),
        other => other,
    }
}

fn name_of(column: Column) -> &'static str {
    match column {
        Column::Uuid => "uuid",
        Column::Int => "bigint",
        Column::Text => "text",
        Column::Bytes => "bytea",
        Column::Bool => "boolean",
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Uuid(_) => "uuid",
        Value::BigInt(_) => "bigint",
        Value::Int(_) => "int",
        Value::String(_) => "text",
        Value::Bytes(_) => "bytea",
        Value::Bool(_) => "boolean",
        other => panic!("rows carry ids, numbers, words, bytes and truth values, not {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn the_text_of_an_insertion_does_not_depend_on_how_many_rows_there_are() {
        let row = |n: i64| vec![Uuid::nil().into(), n.into(), None::<String>.into()];
        let (one, _) = inserted_rows(vec![row(1)]);
        let (three, parameters) = inserted_rows(vec![row(1), row(2), row(3)]);
        assert_eq!(
            one,
            "SELECT u.c1, u.c2, NULL::text FROM UNNEST($1::uuid[], $2::bigint[]) AS u(c1, c2)"
        );
        assert_eq!((one, parameters.len()), (three, 2));
    }

    #[test]
    fn some_nulls_are_told_beside_their_column() {
        let rows = [Some(7_i32), None].map(|number| vec![Uuid::nil().into(), number.into()]);
        let (list, parameters) = list(3, &[Column::Uuid, Column::Int], rows.to_vec());
        assert_eq!(
            list,
            "(SELECT u.c1 AS column1, CASE WHEN u.c3 THEN NULL ELSE u.c2 END AS column2 \
             FROM UNNEST($3::uuid[], $4::bigint[], $5::boolean[]) AS u(c1, c2, c3))"
        );
        assert_eq!(parameters.len(), 3);
    }
}
