//! A rule whose types are known to fit: what the evaluator walks.

use crate::calendar::{DurationPart, TimePart};
use crate::environment::Type;
use crate::syntax::Span;

/// One part of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) of: Type,
    /// The most steps that its evaluation takes, itself included.
    pub(crate) cost: u64,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Constant(Constant),
    /// A field of the environment itself.
    Fact(String),
    /// The element that a macro is looking at, by the depth of the macro.
    Local(usize),
    Field(Box<Node>, String),
    Entry(Box<[Node; 2]>),
    Element(Box<[Node; 2]>),
    /// Whether the object or the map holds the name. Without an object: whether the fact is there.
    Has(Option<Box<Node>>, String),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Conditional(Box<[Node; 3]>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    Call(Function, Vec<Node>),
    List(Vec<Node>),
    Macro(Box<Macro>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Constant {
    Bool(bool),
    Int(i64),
    Text(String),
    Timestamp(i64),
    Duration(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    /// Moments and lengths of time are microseconds, so that their sums and differences are sums of integers.
    AddTimes,
    SubtractTimes,
    Join,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a rule may call. Each takes what [`crate::check`] has checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Min,
    Max,
    FloorDiv,
    Percent,
    Size,
    Sum,
    StartsWith,
    EndsWith,
    Contains,
    /// A part of a moment at this offset from UTC, in microseconds.
    TimePart(TimePart, i64),
    DurationPart(DurationPart),
}

/// A walk over a list.
#[derive(Debug, Clone)]
pub(crate) struct Macro {
    pub(crate) walk: Walk,
    pub(crate) list: Node,
    pub(crate) body: Node,
    /// The condition of a map with three arguments.
    pub(crate) filter: Option<Node>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Kind {
    /// What its evaluation costs at most: a step for itself and those of its parts, as often as each is evaluated.
    pub(crate) fn cost(&self) -> u64 {
        let parts = match self {
            Self::Constant(_) | Self::Fact(_) | Self::Local(_) | Self::Has(None, _) => 0,
            Self::Field(inner, _) | Self::Has(Some(inner), _) | Self::Not(inner) | Self::Negate(inner) => inner.cost,
            Self::Entry(both) | Self::Element(both) | Self::Arithmetic(_, both) | Self::Compare(_, both) => {
                total(both.iter())
            }
            Self::Conditional(all) => total(all.iter()),
            Self::And(terms) | Self::Or(terms) | Self::List(terms) => total(terms),
            Self::In(both) => total(both.iter()).saturating_add(both.iter().map(elements).max().unwrap_or(0)),
            Self::Call(function, args) => {
                let walked = if *function == Function::Sum {
                    args.iter().map(elements).max().unwrap_or(0)
                } else {
                    0
                };
                total(args).saturating_add(walked)
            }
            Self::Macro(walk) => {
                let each = total(walk.filter.iter().chain([&walk.body])).saturating_add(1);
                walk.list.cost.saturating_add(elements(&walk.list).saturating_mul(each))
            }
        };
        parts.saturating_add(1)
    }
}

/// The most elements of a list; nothing else has any.
fn elements(node: &Node) -> u64 {
    match &node.of {
        Type::List(_, max) => u64::try_from(*max).unwrap_or(u64::MAX),
        Type::Bool
        | Type::Int
        | Type::String
        | Type::Timestamp
        | Type::Duration
        | Type::StringMap
        | Type::Object(_) => 0,
    }
}

fn total<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> u64 {
    nodes.into_iter().fold(0, |sum, node| sum.saturating_add(node.cost))
}
