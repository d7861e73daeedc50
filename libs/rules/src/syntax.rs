//! What a rule looks like once it is read: the tree of the source, each node with its place in it.

mod lexer;
mod parser;

pub(crate) use self::parser::parse;

/// A range of bytes in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// From the beginning of this one to the end of another.
    pub(crate) fn to(self, last: Span) -> Span {
        Span {
            start: self.start,
            end: last.end,
        }
    }

    /// The text of this range.
    pub(crate) fn text(self, source: &str) -> &str {
        source.get(self.start..self.end).unwrap_or_default()
    }

    /// Line and column of the beginning, both counted from 1, columns in characters.
    pub(crate) fn position(self, source: &str) -> (usize, usize) {
        let before = source.get(..self.start).unwrap_or(source);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            .saturating_add(1);
        (line, column)
    }
}

/// An expression as it was written.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) depth: usize,
    pub(crate) kind: ExprKind,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Bool(bool),
    Int(i64),
    Text(String),
    /// A literal of CEL that rules do not have: why not.
    Refused(&'static str),
    Name(String),
    Select(Box<Expr>, Name),
    Index(Box<[Expr; 2]>),
    Call(Option<Box<Expr>>, Name, Vec<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Binary(Operator, Box<[Expr; 2]>),
    Conditional(Box<[Expr; 3]>),
    List(Vec<Expr>),
}

/// A name and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) span: Span,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
}

impl Operator {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
        }
    }
}

impl ExprKind {
    fn children(&self) -> Vec<&Expr> {
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Text(_) | Self::Refused(_) | Self::Name(_) => Vec::new(),
            Self::Select(inner, _) | Self::Not(inner) | Self::Negate(inner) => vec![inner],
            Self::Index(both) | Self::Binary(_, both) => both.iter().collect(),
            Self::Call(target, _, args) => target.as_deref().into_iter().chain(args).collect(),
            Self::And(terms) | Self::Or(terms) | Self::List(terms) => terms.iter().collect(),
            Self::Conditional(all) => all.iter().collect(),
        }
    }
}
