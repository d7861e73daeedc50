//! The value of a tag.

pub(crate) mod wire;

use kernel::Time;

/// The longest text that a value may be, in characters.
pub const TEXT_LEN_MAX: usize = 256;

/// A tag's value on one member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A word or a short text.
    Text(String),
    /// A moment.
    Time(Time),
}

/// The types of values. A tag's values all have the type that its definition names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// See [`Value::Bool`].
    Bool,
    /// See [`Value::Int`].
    Int,
    /// See [`Value::Text`].
    Text,
    /// See [`Value::Time`].
    Time,
}

impl Value {
    /// The value's type.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Bool(_) => ValueType::Bool,
            Self::Int(_) => ValueType::Int,
            Self::Text(_) => ValueType::Text,
            Self::Time(_) => ValueType::Time,
        }
    }

    /// The words under which members with this value are counted together: numbers and moments are too many to be
    /// counted one by one.
    pub fn tally_key(&self) -> &str {
        match self {
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Text(text) => text,
            Self::Int(_) | Self::Time(_) => "",
        }
    }
}

impl ValueType {
    /// The name in the contract, without its prefix.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Int => "INT",
            Self::Text => "STRING",
            Self::Time => "TIME",
        }
    }

    /// Whether "at least" and "at most" mean something for such values.
    pub fn is_ordered(self) -> bool {
        match self {
            Self::Int | Self::Time => true,
            Self::Bool | Self::Text => false,
        }
    }
}
