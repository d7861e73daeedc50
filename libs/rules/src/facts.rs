//! What a rule is evaluated for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A value of a fact, or the outcome of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Text.
    String(String),
    /// Microseconds since 1970 UTC.
    Timestamp(i64),
    /// Microseconds.
    Duration(i64),
    /// Values of one type.
    List(Vec<Value>),
    /// Strings by name.
    Map(BTreeMap<String, String>),
    /// Named values.
    Object(Object),
}

/// Named values. What is not set is absent: it reads as the zero of its type, and `has()` tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object(BTreeMap<Cow<'static, str>, Value>);

/// All facts of one evaluation, by the paths of the environment.
pub type Facts = Object;

impl Object {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one more value by its path, such as `amount.minor_units`.
    #[must_use]
    pub fn with(mut self, path: &'static str, value: impl Into<Value>) -> Self {
        self.set(path, value);
        self
    }

    /// Sets the value at a path, replacing what was there.
    pub fn set(&mut self, path: &'static str, value: impl Into<Value>) {
        let Some((first, rest)) = path.split_once('.') else {
            self.0.insert(Cow::Borrowed(path), value.into());
            return;
        };
        let inner = self
            .0
            .entry(Cow::Borrowed(first))
            .or_insert_with(|| Value::Object(Self::default()));
        if !matches!(inner, Value::Object(_)) {
            *inner = Value::Object(Self::default());
        }
        if let Value::Object(inner) = inner {
            inner.set(rest, value);
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// Values whose names are known only when the program runs, such as those of a tenant's own things.
impl FromIterator<(String, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(values: I) -> Self {
        Self(
            values
                .into_iter()
                .map(|(name, value)| (Cow::Owned(name), value))
                .collect(),
        )
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Self {
        Self::Object(value)
    }
}

impl From<BTreeMap<String, String>> for Value {
    fn from(value: BTreeMap<String, String>) -> Self {
        Self::Map(value)
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(values: Vec<V>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// As it would be written in a rule, where it could be.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::String(value) => write!(f, "{value:?}"),
            Self::Timestamp(micros) => write_timestamp(f, *micros),
            Self::Duration(micros) => {
                let sign = if *micros < 0 { "-" } else { "" };
                let micros = micros.unsigned_abs();
                write!(f, "duration(\"{sign}{}", micros.div_euclid(1_000_000))?;
                match micros.rem_euclid(1_000_000) {
                    0 => f.write_str("s\")"),
                    fraction => write!(f, ".{fraction:06}s\")"),
                }
            }
            Self::List(values) => {
                f.write_str("[")?;
                write_all(f, values, |f, value| write!(f, "{value}"))?;
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                write_all(f, entries, |f, (name, value)| write!(f, "{name:?}: {value:?}"))?;
                f.write_str("}")
            }
            Self::Object(Object(fields)) => {
                f.write_str("{")?;
                write_all(f, fields, |f, (name, value)| write!(f, "{name}: {value}"))?;
                f.write_str("}")
            }
        }
    }
}

fn write_timestamp(f: &mut fmt::Formatter<'_>, micros: i64) -> fmt::Result {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros).saturating_mul(1_000));
    match time.ok().and_then(|time| time.format(&Rfc3339).ok()) {
        Some(text) => write!(f, "timestamp({text:?})"),
        None => write!(f, "{micros} microseconds since 1970"),
    }
}

fn write_all<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    write_one: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        write_one(f, item)?;
    }
    Ok(())
}
