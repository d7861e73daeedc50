//! What a rule may speak of: the names and types of the facts it will be given.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The type of a fact or of a part of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A signed 64-bit integer. There are no others, and nothing that floats.
    Int,
    /// Unicode text.
    String,
    /// A moment, in microseconds since 1970 UTC.
    Timestamp,
    /// A length of time, in microseconds.
    Duration,
    /// A list of at most so many elements. The bound is what a rule's cost is reckoned with.
    List(Box<Type>, usize),
    /// Strings by name: attributes that a tenant invents.
    StringMap,
    /// Named fields of their own types.
    Object(Arc<BTreeMap<String, Type>>),
}

impl Type {
    /// A list of at most `max` elements.
    pub fn list(of: Type, max: usize) -> Self {
        Self::List(Box::new(of), max)
    }

    /// An object with these fields; a name with points, such as `amount.minor_units`, makes objects within it.
    pub fn object<'n>(fields: impl IntoIterator<Item = (&'n str, Type)>) -> Self {
        let mut object = BTreeMap::new();
        for (path, of) in fields {
            declare(&mut object, path, of);
        }
        Self::Object(Arc::new(object))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::String => f.write_str("string"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(of, _) => write!(f, "list<{of}>"),
            Self::StringMap => f.write_str("map<string, string>"),
            Self::Object(fields) => {
                let names: Vec<&str> = fields.keys().map(String::as_str).collect();
                write!(f, "{{{}}}", names.join(", "))
            }
        }
    }
}

/// The names that a rule may use. Made once by the service that owns the rules.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    fields: BTreeMap<String, Type>,
}

impl Environment {
    /// One that declares nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares one more field by its path, such as `activity.amount.minor_units`. A path is declared once, and a field
    /// that has fields is declared by them: anything else is a mistake in the program.
    #[must_use]
    pub fn with(mut self, path: &str, of: Type) -> Self {
        declare(&mut self.fields, path, of);
        self
    }

    pub(crate) fn fields(&self) -> &BTreeMap<String, Type> {
        &self.fields
    }
}

fn declare(fields: &mut BTreeMap<String, Type>, path: &str, of: Type) {
    let Some((first, rest)) = path.split_once('.') else {
        assert!(
            fields.insert(path.to_owned(), of).is_none(),
            "`{path}` is declared twice"
        );
        return;
    };
    let object = fields
        .entry(first.to_owned())
        .or_insert_with(|| Type::Object(Arc::default()));
    let Type::Object(inner) = object else {
        panic!("`{first}` is {object}: it has no fields")
    };
    declare(Arc::make_mut(inner), rest, of);
}
