//! Why a rule said what it said: the same evaluation, watched.

use std::fmt;

use crate::environment::Type;
use crate::error::EvalError;
use crate::eval::{Outcome, Watch, eval};
use crate::facts::{Facts, Value};
use crate::limits::EXPLAINED_STEPS_MAX;
use crate::tree::{Kind, Node};

/// The outcome of a rule and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What the rule said.
    pub outcome: Result<Value, EvalError>,
    /// The parts that were evaluated, in the order in which they were begun: a part comes before what it consists of.
    /// A part that did not matter, such as what follows a false in `&&`, is missing. Constants and whole objects are
    /// left out, and so is what exceeds [`EXPLAINED_STEPS_MAX`].
    pub steps: Vec<Step>,
}

/// One part of a rule and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// In how many shown parts this one is contained.
    pub depth: usize,
    /// The part as it was written.
    pub source: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// Its value as a rule would write it, or why it has none.
    pub value: String,
}

/// Indented, one part a line.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Step {
            depth, source, value, ..
        } in &self.steps
        {
            let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(f, "{:indent$}{source} = {value}", "", indent = depth.saturating_mul(2))?;
        }
        Ok(())
    }
}

pub(crate) fn explain(source: &str, node: &Node, facts: &Facts) -> Explanation {
    let mut watcher = Watcher {
        source,
        steps: Vec::new(),
        open: Vec::new(),
    };
    let outcome = eval(node, facts, &mut watcher);
    Explanation {
        outcome: outcome
            .map(|value| value.to_value())
            .map_err(|failure| EvalError::new(source, failure)),
        steps: watcher.steps,
    }
}

struct Watcher<'s> {
    source: &'s str,
    steps: Vec<Step>,
    /// The places of the parts that are being evaluated, outermost first.
    open: Vec<usize>,
}

impl<'a> Watch<'a> for Watcher<'_> {
    fn enter(&mut self, node: &'a Node) {
        if !shown(node) {
            return;
        }
        let (line, column) = node.span.position(self.source);
        let source = node.span.text(self.source).to_owned();
        // Beyond the limit a step is still opened, so that the one below it is not closed in its place.
        self.open.push(self.steps.len());
        if self.steps.len() < EXPLAINED_STEPS_MAX {
            let depth = self.open.len().saturating_sub(1);
            self.steps.push(Step {
                depth,
                source,
                line,
                column,
                value: String::new(),
            });
        }
    }

    fn leave(&mut self, node: &'a Node, outcome: &Outcome<'a>) {
        if !shown(node) {
            return;
        }
        let Some(step) = self.open.pop().and_then(|at| self.steps.get_mut(at)) else {
            return;
        };
        step.value = match outcome {
            Ok(value) => value.to_value().to_string(),
            Err(failure) => format!("error: {}", failure.cause),
        };
    }
}

/// Whether the value of a part tells a reader something.
fn shown(node: &Node) -> bool {
    !matches!(node.kind, Kind::Constant(_)) && !matches!(node.of, Type::Object(_))
}
