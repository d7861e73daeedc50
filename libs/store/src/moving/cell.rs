//! A value of a row, the same whichever database it was read from.

use std::fmt;
use std::fmt::Write;

use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::sqlite::SqliteRow;
use sea_orm::sqlx::{Row, TypeInfo, ValueRef};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::table::Column;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Uuid,
    Bytes,
    Bool,
    Int,
    Text,
}

impl Kind {
    /// By PostgreSQL's name for it; none where no migration has made such a column yet.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "uuid" => Some(Self::Uuid),
            "bytea" => Some(Self::Bytes),
            "bool" => Some(Self::Bool),
            "int2" | "int4" | "int8" => Some(Self::Int),
            "text" | "varchar" => Some(Self::Text),
            _ => None,
        }
    }
}

/// A value. Within a column their order is that of both databases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Null,
    Uuid(Uuid),
    Bytes(Vec<u8>),
    Bool(bool),
    Int(i64),
    Text(String),
}

/// Why a value is none that its column in PostgreSQL can have.
type NoCell = String;

impl Cell {
    /// SQLite lets a column hold anything. What is not of its kind is told, not turned into something else.
    pub(super) fn of_sqlite(row: &SqliteRow, at: usize, kind: Kind) -> Result<Self, NoCell> {
        let wrong = |error: sea_orm::sqlx::Error| error.to_string();
        let value = row.try_get_raw(at).map_err(wrong)?;
        if value.is_null() {
            return Ok(Self::Null);
        }
        let found = value.type_info().name().to_owned();
        match (kind, &*found) {
            (Kind::Uuid, "BLOB") => {
                let bytes: Vec<u8> = row.try_get_unchecked(at).map_err(wrong)?;
                let uuid = Uuid::from_slice(&bytes).map_err(|error| error.to_string())?;
                Ok(Self::Uuid(uuid))
            }
            (Kind::Bytes, "BLOB") => row.try_get_unchecked(at).map(Self::Bytes).map_err(wrong),
            (Kind::Int, "INTEGER") => row.try_get_unchecked(at).map(Self::Int).map_err(wrong),
            (Kind::Bool, "INTEGER") => match row.try_get_unchecked(at).map_err(wrong)? {
                0_i64 => Ok(Self::Bool(false)),
                1 => Ok(Self::Bool(true)),
                other => Err(format!("{other} is no truth value")),
            },
            (Kind::Text, "TEXT") => {
                let text: String = row.try_get_unchecked(at).map_err(wrong)?;
                match text.contains('\0') {
                    true => Err("it holds U+0000, which PostgreSQL takes in no text".to_owned()),
                    false => Ok(Self::Text(text)),
                }
            }
            (_, found) => Err(format!("it is of the type {found}, not {kind:?}")),
        }
    }

    /// Of a column that was asked for with [`Column::read`].
    pub(super) fn of_postgres(row: &PgRow, at: usize, kind: Kind) -> Result<Self, NoCell> {
        let cell = match kind {
            Kind::Uuid => row.try_get::<Option<Uuid>, _>(at).map(|value| value.map(Self::Uuid)),
            Kind::Bytes => row
                .try_get::<Option<Vec<u8>>, _>(at)
                .map(|value| value.map(Self::Bytes)),
            Kind::Bool => row.try_get::<Option<bool>, _>(at).map(|value| value.map(Self::Bool)),
            Kind::Int => row.try_get::<Option<i64>, _>(at).map(|value| value.map(Self::Int)),
            Kind::Text => row.try_get::<Option<String>, _>(at).map(|value| value.map(Self::Text)),
        };
        cell.map(|cell| cell.unwrap_or(Self::Null))
            .map_err(|error| error.to_string())
    }

    /// Writes it as PostgreSQL's `COPY` reads it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend(b"\\N"),
            Self::Uuid(uuid) => out.extend(uuid.hyphenated().to_string().as_bytes()),
            Self::Bytes(bytes) => {
                out.extend(b"\\\\x");
                out.extend(hex::encode(bytes).as_bytes());
            }
            Self::Bool(true) => out.push(b't'),
            Self::Bool(false) => out.push(b'f'),
            Self::Int(number) => out.extend(number.to_string().as_bytes()),
            Self::Text(text) => {
                for byte in text.bytes() {
                    match byte {
                        b'\\' => out.extend(b"\\\\"),
                        b'\n' => out.extend(b"\\n"),
                        b'\r' => out.extend(b"\\r"),
                        b'\t' => out.extend(b"\\t"),
                        other => out.push(other),
                    }
                }
            }
        }
    }

    /// Adds it to a sum in which no two rows of cells are the same bytes: each has its kind and its length before it.
    pub(super) fn sum(&self, sum: &mut Sha256) {
        let mut add = |kind: u8, bytes: &[u8]| {
            sum.update([kind]);
            sum.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            sum.update(bytes);
        };
        match self {
            Self::Null => add(0, &[]),
            Self::Uuid(uuid) => add(1, uuid.as_bytes()),
            Self::Bytes(bytes) => add(2, bytes),
            Self::Bool(value) => add(3, &[u8::from(*value)]),
            Self::Int(number) => add(4, &number.to_le_bytes()),
            Self::Text(text) => add(5, text.as_bytes()),
        }
    }
}

/// As an operator finds it again.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Uuid(uuid) => write!(f, "{uuid}"),
            Self::Bytes(bytes) => write!(f, "\\x{}", hex::encode(bytes)),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// The key of a row: `tenant_id 0193..., sequence 7`.
pub(super) fn told<'c>(cells: impl Iterator<Item = (&'c Column, &'c Cell)>) -> String {
    let mut told = String::new();
    for (column, cell) in cells {
        let comma = if told.is_empty() { "" } else { ", " };
        // A text takes everything.
        let _ = write!(told, "{comma}{} {cell}", column.name);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cell: &Cell) -> String {
        let mut out = Vec::new();
        cell.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_separates_rows_and_columns_is_no_part_of_a_text() {
        let text = "a\tb\nc\rd\\N";
        assert_eq!(written(&Cell::Text(text.to_owned())), "a\\tb\\nc\\rd\\\\N");
        assert_eq!(written(&Cell::Text(String::new())), "");
        assert_eq!(written(&Cell::Text("\\N".to_owned())), "\\\\N", "no null");
        assert_eq!(written(&Cell::Null), "\\N");
        assert_eq!(written(&Cell::Bytes(vec![0, 255])), "\\\\x00ff");
    }

    #[test]
    fn rows_that_differ_in_where_one_value_ends_have_other_sums() {
        let sum = |texts: [&str; 2]| {
            let mut sum = Sha256::new();
            for text in texts {
                Cell::Text(text.to_owned()).sum(&mut sum);
            }
            hex::encode(sum.finalize())
        };
        assert_ne!(sum(["ab", ""]), sum(["a", "b"]));
        assert_eq!(sum(["a", "b"]), sum(["a", "b"]));
    }
}
