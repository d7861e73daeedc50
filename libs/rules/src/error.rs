//! What can be wrong with a rule when it is saved, and what can go wrong when it is used.

use std::fmt;

use crate::syntax::Span;

/// A mistake in a rule's source. The rule's author mends it, at the place that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleError {
    /// The line of the mistake, from 1.
    pub line: usize,
    /// The column of the mistake in characters, from 1.
    pub column: usize,
    /// The text that is wrong; empty where something is missing.
    pub text: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl RuleError {
    pub(crate) fn new(source: &str, span: Span, message: &str) -> Self {
        let (line, column) = span.position(source);
        Self {
            line,
            column,
            text: span.text(source).to_owned(),
            message: message.to_owned(),
        }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for RuleError {}

/// Why one evaluation has no outcome. The rule is sound; these facts do not fit it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// What happened.
    pub cause: EvalErrorCause,
    /// The part of the rule in which it happened.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
}

/// What can happen to an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvalErrorCause {
    /// An amount left the range of a signed 64-bit integer.
    #[error("the result does not fit into 64 bits")]
    Overflow,
    /// A division or remainder by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// An index outside of its list.
    #[error("the list has no such index")]
    NoSuchIndex,
    /// A time outside of the years -9999 to 9999.
    #[error("the time is out of range")]
    TimeOutOfRange,
    /// A fact has another type than the environment declares: a mistake of the service that gave it.
    #[error("the fact has another type than declared")]
    WrongFact,
    /// The facts are larger than the environment declares, so that the evaluation would take too long.
    #[error("the evaluation takes too many steps")]
    TooManySteps,
    /// A string grew beyond its limit.
    #[error("the string is too long")]
    TooLong,
}

/// The cause and its place, while the source is not at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) cause: EvalErrorCause,
    pub(crate) span: Span,
}

impl EvalError {
    pub(crate) fn new(source: &str, failure: Failure) -> Self {
        let (line, column) = failure.span.position(source);
        Self {
            cause: failure.cause,
            text: failure.span.text(source).to_owned(),
            line,
            column,
        }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {} in `{}`",
            self.line, self.column, self.cause, self.text
        )
    }
}

impl std::error::Error for EvalError {}
