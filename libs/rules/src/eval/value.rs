//! Values while a rule is evaluated: borrowed from the facts and the rule wherever they can be.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::environment::Type;
use crate::facts::{Object, Value};

#[derive(Debug, Clone)]
pub(crate) enum Val<'a> {
    Bool(bool),
    Int(i64),
    Text(Cow<'a, str>),
    Timestamp(i64),
    Duration(i64),
    List(Items<'a>),
    /// Nothing where the fact is absent.
    Map(Option<&'a BTreeMap<String, String>>),
    /// Nothing where the fact is absent.
    Object(Option<&'a Object>),
}

#[derive(Debug, Clone)]
pub(crate) enum Items<'a> {
    Facts(&'a [Value]),
    Made(Rc<[Val<'a>]>),
}

impl<'a> Val<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A number of one of the types that are numbers.
    pub(super) fn number(value: i64, of: &Type) -> Option<Self> {
        match of {
            Type::Int => Some(Self::Int(value)),
            Type::Timestamp => Some(Self::Timestamp(value)),
            Type::Duration => Some(Self::Duration(value)),
            Type::Bool | Type::String | Type::List(..) | Type::StringMap | Type::Object(_) => None,
        }
    }

    /// The order of two values of one simple type; strings by their code points.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Text(left), Self::Text(right)) => Some(left.cmp(right)),
            (Self::Int(left), Self::Int(right))
            | (Self::Timestamp(left), Self::Timestamp(right))
            | (Self::Duration(left), Self::Duration(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// The value on its own, for the caller of the rule.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::Timestamp(micros) => Value::Timestamp(*micros),
            Self::Duration(micros) => Value::Duration(*micros),
            Self::List(Items::Facts(items)) => Value::List(items.to_vec()),
            Self::List(Items::Made(items)) => Value::List(items.iter().map(Self::to_value).collect()),
            Self::Map(map) => Value::Map(map.cloned().unwrap_or_default()),
            Self::Object(object) => Value::Object(object.cloned().unwrap_or_default()),
        }
    }
}

impl<'a> Items<'a> {
    pub(super) fn made(items: Vec<Val<'a>>) -> Self {
        Self::Made(Rc::from(items))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Facts(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    /// The element at an index, which must be of the declared type.
    pub(super) fn get(&self, index: usize, of: &Type) -> Option<Val<'a>> {
        match self {
            Self::Facts(items) => conform(items.get(index)?, of),
            Self::Made(items) => items.get(index).cloned(),
        }
    }
}

/// The value of a fact if it has the declared type. The parts of lists and objects are looked at when they are used.
pub(super) fn conform<'a>(value: &'a Value, of: &Type) -> Option<Val<'a>> {
    match (value, of) {
        (Value::Bool(value), Type::Bool) => Some(Val::Bool(*value)),
        (Value::Int(value), Type::Int) => Some(Val::Int(*value)),
        (Value::String(text), Type::String) => Some(Val::text(text)),
        (Value::Timestamp(micros), Type::Timestamp) => Some(Val::Timestamp(*micros)),
        (Value::Duration(micros), Type::Duration) => Some(Val::Duration(*micros)),
        (Value::List(items), Type::List(..)) => Some(Val::List(Items::Facts(items))),
        (Value::Map(map), Type::StringMap) => Some(Val::Map(Some(map))),
        (Value::Object(object), Type::Object(_)) => Some(Val::Object(Some(object))),
        _ => None,
    }
}

/// What an absent fact reads as.
pub(super) fn zero<'a>(of: &Type) -> Val<'a> {
    match of {
        Type::Bool => Val::Bool(false),
        Type::Int => Val::Int(0),
        Type::String => Val::Text(Cow::Borrowed("")),
        Type::Timestamp => Val::Timestamp(0),
        Type::Duration => Val::Duration(0),
        Type::List(..) => Val::List(Items::Facts(&[])),
        Type::StringMap => Val::Map(None),
        Type::Object(_) => Val::Object(None),
    }
}
