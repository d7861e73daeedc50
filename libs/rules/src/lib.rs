//! CEL conditions and integer formulas: compiled once, type-checked, bounded, explained.
//!
//! A [`Condition`] says yes or no about facts, a [`Formula`] makes an integer of them, a [`Text`] a text. All are written
//! in a subset of the Common Expression Language (<https://github.com/google/cel-spec>) and compiled against an
//! [`Environment`] that declares what may be spoken of. What this crate guarantees:
//!
//! - A rule that compiles can be evaluated: unknown fields and functions, types that do not fit and costs that are too
//!   high are refused then, all at once, each with its line and column and what was expected.
//! - Arithmetic is on signed 64-bit integers and checked: overflow and division by zero are errors of that evaluation.
//!   Nothing floats. `/` and `%` go towards zero as in CEL, `floor_div` and `percent` towards minus infinity.
//! - An evaluation is deterministic and bounded ([`limits`]); it reads no clock and no configuration.
//! - An absent fact reads as the zero of its type (`""`, `0`, `false`, an empty list, 1970), and so does every field of
//!   an absent object; `has(x)` tells. CEL would fail there, but a rule that fails for each member without a birthday
//!   earns nobody anything.
//! - [`Condition::explain`] and [`Formula::explain`] evaluate in the same way and tell the value of every part.
//! - [`Condition::reads`] and [`Formula::reads`] tell which facts a rule looks at, whatever ways it takes to them.
//!
//! ```
//! use rules::{Condition, Environment, Facts, Formula, Type};
//!
//! let item = Type::object([("category", Type::String), ("amount.minor_units", Type::Int)]);
//! let env = Environment::new()
//!     .with("activity.type", Type::String)
//!     .with("activity.amount.minor_units", Type::Int)
//!     .with("activity.items", Type::list(item, 100))
//!     .with("member.tier", Type::String);
//!
//! let condition = Condition::compile(&env, r#"activity.type == "order_paid" && member.tier in ["gold", "black"]"#)?;
//! let formula = Formula::compile(&env, r"percent(activity.amount.minor_units, 150) / 100")?;
//! let facts = Facts::new()
//!     .with("activity.type", "order_paid")
//!     .with("activity.amount.minor_units", 12_300)
//!     .with("member.tier", "gold");
//! assert_eq!(condition.eval(&facts), Ok(true));
//! assert_eq!(formula.eval(&facts), Ok(184));
//!
//! let refused = Condition::compile(&env, "activity.amount > 100.5").unwrap_err();
//! assert_eq!((refused[0].line, refused[0].column), (1, 19));
//! # Ok::<(), Vec<rules::RuleError>>(())
//! ```
//!
//! # The language
//!
//! - Types: `bool`, `int`, `string`, `timestamp`, `duration`, lists, maps of strings, objects.
//! - `&&` `||` `!` `?:` `==` `!=` `<` `<=` `>` `>=` `+` `-` `*` `/` `%` `in`, indexes, `"strings"` and `[lists]`.
//! - `has(a.b)`, `size(x)`, `min(a, b, ..)`, `max(a, b, ..)`, `floor_div(a, b)`, `percent(amount, pct)`, `sum(list)`,
//!   `timestamp("2026-01-31T00:00:00+08:00")`, `duration("720h")`.
//! - `s.startsWith(t)`, `s.endsWith(t)`, `s.contains(t)`.
//! - `list.exists(i, ..)`, `.all(i, ..)`, `.exists_one(i, ..)`, `.filter(i, ..)`, `.map(i, ..)`, `.map(i, when, ..)`.
//! - `t.getFullYear("+08:00")` and `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`,
//!   `getMinutes`, `getSeconds`; the offset from UTC must be given. Without it `getHours`, `getMinutes` and
//!   `getSeconds` are those of a duration.
//!
//! Not in it, and refused by name: floating point, unsigned integers, bytes, null, regular expressions, maps and
//! messages written in a rule, `dyn` and conversions.
//!
//! The reader is our own. The `cel` crate was tried first: its tree has no positions of whole parts, it expands macros
//! (so that an explanation could not show what was written), reads `!!x` as `!x`, and its interpreter floats, and panics
//! on the negation of the least integer. It is the oracle of our tests instead.

mod calendar;
mod check;
mod environment;
mod error;
mod eval;
mod explain;
mod facts;
pub mod limits;
mod reads;
mod syntax;
mod tree;

use std::collections::BTreeSet;
use std::fmt;

pub use crate::environment::{Environment, Type};
use crate::error::Failure;
pub use crate::error::{EvalError, EvalErrorCause, RuleError};
use crate::eval::{Unwatched, Val, eval};
pub use crate::explain::{Explanation, Step};
pub use crate::facts::{Facts, Object, Value};
use crate::syntax::Span;
use crate::tree::Node;

/// A rule that is true or false of facts. Cheap to evaluate, and to keep for as long as its source does not change.
#[derive(Clone)]
pub struct Condition(Rule);

/// A rule that makes an integer of facts.
#[derive(Clone)]
pub struct Formula(Rule);

/// A rule that makes a text of facts.
#[derive(Clone)]
pub struct Text(Rule);

#[derive(Clone)]
struct Rule {
    source: Box<str>,
    node: Node,
}

impl Condition {
    /// Reads and checks a condition. Refuses with all its mistakes, in the order of the source.
    pub fn compile(env: &Environment, source: &str) -> Result<Self, Vec<RuleError>> {
        Rule::compile(env, source, &Type::Bool).map(Self)
    }

    /// Whether the condition holds.
    pub fn eval(&self, facts: &Facts) -> Result<bool, EvalError> {
        self.0.eval(facts, |value| {
            if let Val::Bool(value) = value {
                Some(*value)
            } else {
                None
            }
        })
    }

    /// Whether the condition holds and why. Many times as slow as [`Condition::eval`].
    pub fn explain(&self, facts: &Facts) -> Explanation {
        explain::explain(&self.0.source, &self.0.node, facts)
    }

    /// The facts that the condition reads, by their paths: `activity.items.amount` is read of a list's elements. What it
    /// only asks `has` of is not read.
    pub fn reads(&self) -> BTreeSet<String> {
        reads::reads(&self.0.node)
    }

    /// What was compiled.
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl Formula {
    /// Reads and checks a formula. Refuses with all its mistakes, in the order of the source.
    pub fn compile(env: &Environment, source: &str) -> Result<Self, Vec<RuleError>> {
        Rule::compile(env, source, &Type::Int).map(Self)
    }

    /// What the formula makes of the facts.
    pub fn eval(&self, facts: &Facts) -> Result<i64, EvalError> {
        self.0.eval(facts, |value| {
            if let Val::Int(value) = value {
                Some(*value)
            } else {
                None
            }
        })
    }

    /// What the formula makes of the facts and how. Many times as slow as [`Formula::eval`].
    pub fn explain(&self, facts: &Facts) -> Explanation {
        explain::explain(&self.0.source, &self.0.node, facts)
    }

    /// The facts that the formula reads: see [`Condition::reads`].
    pub fn reads(&self) -> BTreeSet<String> {
        reads::reads(&self.0.node)
    }

    /// What was compiled.
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl Text {
    /// Reads and checks a text rule. Refuses with all its mistakes, in the order of the source.
    pub fn compile(env: &Environment, source: &str) -> Result<Self, Vec<RuleError>> {
        Rule::compile(env, source, &Type::String).map(Self)
    }

    /// What the rule makes of the facts.
    pub fn eval(&self, facts: &Facts) -> Result<String, EvalError> {
        self.0.eval(facts, |value| {
            if let Val::Text(value) = value {
                Some(value.clone().into_owned())
            } else {
                None
            }
        })
    }

    /// What was compiled.
    pub fn source(&self) -> &str {
        &self.0.source
    }
}

impl Rule {
    fn compile(env: &Environment, source: &str, wanted: &Type) -> Result<Self, Vec<RuleError>> {
        if source.len() > limits::SOURCE_BYTES_MAX {
            let message = format!(
                "the rule has {} bytes: expected at most {}",
                source.len(),
                limits::SOURCE_BYTES_MAX
            );
            return Err(vec![RuleError::new("", Span { start: 0, end: 0 }, &message)]);
        }
        let expr = syntax::parse(source).map_err(|error| vec![error])?;
        let mut errors = match check::check(env, source, &expr, wanted) {
            Ok(node) => {
                return Ok(Self {
                    source: source.into(),
                    node,
                });
            }
            Err(errors) => errors,
        };
        errors.sort_by_key(|error| (error.line, error.column));
        Err(errors)
    }

    fn eval<T>(&self, facts: &Facts, expected: impl Fn(&Val<'_>) -> Option<T>) -> Result<T, EvalError> {
        let whole = Failure {
            cause: EvalErrorCause::WrongFact,
            span: self.node.span,
        };
        eval(&self.node, facts, &mut Unwatched)
            .and_then(|value| expected(&value).ok_or(whole))
            .map_err(|failure| EvalError::new(&self.source, failure))
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.source()).finish()
    }
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Formula").field(&self.source()).finish()
    }
}
