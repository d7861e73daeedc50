//! What a checked rule says about given facts. Every operation on integers is checked, every loop is counted.

mod functions;
mod value;

use crate::error::{EvalErrorCause, Failure};
use crate::facts::{Facts, Value};
use crate::limits::STEPS_MAX;
use crate::syntax::Span;
use crate::tree::{Arithmetic, Comparison, Constant, Kind, Macro, Node, Walk};
pub(crate) use value::Val;
use value::{Items, conform, zero};

/// Watches an evaluation, for explanations. [`Unwatched`] costs nothing.
pub(crate) trait Watch<'a> {
    /// A part begins to be evaluated.
    fn enter(&mut self, node: &'a Node);
    /// The part that began last and is not finished has this outcome.
    fn leave(&mut self, node: &'a Node, outcome: &Outcome<'a>);
}

pub(crate) struct Unwatched;

impl<'a> Watch<'a> for Unwatched {
    fn enter(&mut self, _node: &'a Node) {}
    fn leave(&mut self, _node: &'a Node, _outcome: &Outcome<'a>) {}
}

pub(crate) type Outcome<'a> = Result<Val<'a>, Failure>;

/// Evaluates a whole rule.
pub(crate) fn eval<'a>(node: &'a Node, facts: &'a Facts, watch: &mut impl Watch<'a>) -> Outcome<'a> {
    Machine {
        facts,
        locals: Vec::new(),
        steps: 0,
        watch,
    }
    .eval(node)
}

struct Machine<'a, 'w, W> {
    facts: &'a Facts,
    locals: Vec<Val<'a>>,
    steps: u64,
    watch: &'w mut W,
}

impl<'a, W: Watch<'a>> Machine<'a, '_, W> {
    fn eval(&mut self, node: &'a Node) -> Outcome<'a> {
        self.step(node.span)?;
        self.watch.enter(node);
        let outcome = self.compute(node);
        self.watch.leave(node, &outcome);
        outcome
    }

    fn step(&mut self, span: Span) -> Result<(), Failure> {
        self.steps = self.steps.saturating_add(1);
        if self.steps > STEPS_MAX {
            fail(span, EvalErrorCause::TooManySteps)
        } else {
            Ok(())
        }
    }

    fn compute(&mut self, node: &'a Node) -> Outcome<'a> {
        let span = node.span;
        match &node.kind {
            Kind::Constant(constant) => Ok(constant_value(constant)),
            Kind::Fact(name) => fact(node, self.facts.get(name)),
            Kind::Local(depth) => self.locals.get(*depth).cloned().ok_or(wrong_fact(span)),
            Kind::Field(operand, name) => match self.eval(operand)? {
                Val::Object(object) => fact(node, object.and_then(|object| object.get(name))),
                Val::Map(map) => Ok(Val::text(map.and_then(|map| map.get(name)).map_or("", String::as_str))),
                _ => fail(span, EvalErrorCause::WrongFact),
            },
            Kind::Entry(both) => self.entry(span, both),
            Kind::Element(both) => self.element(node, both),
            Kind::Has(None, name) => Ok(Val::Bool(self.facts.get(name).is_some())),
            Kind::Has(Some(operand), name) => self.has(span, operand, name),
            Kind::Not(inner) => Ok(Val::Bool(!self.bool(inner)?)),
            Kind::Negate(inner) => checked(span, self.int(inner)?.checked_neg()),
            Kind::And(terms) => self.decide(terms, false),
            Kind::Or(terms) => self.decide(terms, true),
            Kind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                let chosen = if self.bool(condition)? { then } else { otherwise };
                self.eval(chosen)
            }
            Kind::Arithmetic(Arithmetic::Join, both) => self.join(span, both),
            Kind::Arithmetic(what, both) => self.arithmetic(node, *what, both),
            Kind::Compare(what, both) => self.compare(*what, both),
            Kind::In(both) => self.contained(span, both),
            Kind::Call(function, args) => self.call(span, *function, args),
            Kind::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.eval(item))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Val::List(Items::made(items)))
            }
            Kind::Macro(walk) => self.walk(span, walk),
        }
    }

    fn entry(&mut self, span: Span, both: &'a [Node; 2]) -> Outcome<'a> {
        let [map, name] = both;
        let Val::Map(map) = self.eval(map)? else {
            return fail(span, EvalErrorCause::WrongFact);
        };
        let name = self.text(name)?;
        Ok(Val::text(
            map.and_then(|map| map.get(&*name)).map_or("", String::as_str),
        ))
    }

    fn element(&mut self, node: &'a Node, both: &'a [Node; 2]) -> Outcome<'a> {
        let [list, index] = both;
        let items = self.items(list)?;
        let index = usize::try_from(self.int(index)?)
            .ok()
            .filter(|index| *index < items.len());
        let Some(index) = index else {
            return fail(node.span, EvalErrorCause::NoSuchIndex);
        };
        items.get(index, &node.of).ok_or(wrong_fact(node.span))
    }

    fn has(&mut self, span: Span, operand: &'a Node, name: &str) -> Outcome<'a> {
        match self.eval(operand)? {
            Val::Object(object) => Ok(Val::Bool(object.is_some_and(|object| object.get(name).is_some()))),
            Val::Map(map) => Ok(Val::Bool(map.is_some_and(|map| map.contains_key(name)))),
            _ => fail(span, EvalErrorCause::WrongFact),
        }
    }

    /// `&&` ends at the first false, `||` at the first true. As in CEL a term that fails does not matter when a later
    /// one decides: the order of the terms is the writer's taste, not a meaning.
    fn decide(&mut self, terms: &'a [Node], deciding: bool) -> Outcome<'a> {
        let mut failure = None;
        for term in terms {
            match self.bool(term) {
                Ok(value) if value == deciding => return Ok(Val::Bool(deciding)),
                Ok(_) => {}
                Err(err) => failure = failure.or(Some(err)),
            }
        }
        failure.map_or(Ok(Val::Bool(!deciding)), Err)
    }

    fn arithmetic(&mut self, node: &'a Node, what: Arithmetic, both: &'a [Node; 2]) -> Outcome<'a> {
        let [left, right] = both;
        let (left, right) = (self.number(left)?, self.number(right)?);
        let made = match what {
            Arithmetic::Add | Arithmetic::AddTimes => left.checked_add(right),
            Arithmetic::Subtract | Arithmetic::SubtractTimes => left.checked_sub(right),
            Arithmetic::Multiply => left.checked_mul(right),
            Arithmetic::Divide | Arithmetic::Remainder if right == 0 => {
                return fail(node.span, EvalErrorCause::DivisionByZero);
            }
            Arithmetic::Divide => left.checked_div(right),
            Arithmetic::Remainder => left.checked_rem(right),
            Arithmetic::Join => None,
        };
        let made = made.ok_or(Failure {
            cause: EvalErrorCause::Overflow,
            span: node.span,
        })?;
        Val::number(made, &node.of).ok_or(wrong_fact(node.span))
    }

    fn compare(&mut self, what: Comparison, both: &'a [Node; 2]) -> Outcome<'a> {
        let [left, right] = both;
        let (left_value, right_value) = (self.eval(left)?, self.eval(right)?);
        let order = left_value
            .order(&right_value)
            .ok_or(wrong_fact(left.span.to(right.span)))?;
        Ok(Val::Bool(match what {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }))
    }

    fn contained(&mut self, span: Span, both: &'a [Node; 2]) -> Outcome<'a> {
        let [wanted, within] = both;
        let wanted_value = self.eval(wanted)?;
        let items = match self.eval(within)? {
            Val::List(items) => items,
            Val::Map(map) => {
                let Val::Text(name) = &wanted_value else {
                    return fail(span, EvalErrorCause::WrongFact);
                };
                return Ok(Val::Bool(map.is_some_and(|map| map.contains_key(&**name))));
            }
            _ => return fail(span, EvalErrorCause::WrongFact),
        };
        for index in 0..items.len() {
            self.step(span)?;
            let item = items.get(index, &wanted.of).ok_or(wrong_fact(span))?;
            if item.order(&wanted_value).is_some_and(std::cmp::Ordering::is_eq) {
                return Ok(Val::Bool(true));
            }
        }
        Ok(Val::Bool(false))
    }

    fn walk(&mut self, span: Span, walk: &'a Macro) -> Outcome<'a> {
        let crate::environment::Type::List(of, _) = &walk.list.of else {
            return fail(span, EvalErrorCause::WrongFact);
        };
        let items = self.items(&walk.list)?;
        let mut found = Found::default();
        for index in 0..items.len() {
            self.step(span)?;
            let item = items.get(index, of).ok_or(wrong_fact(span))?;
            self.locals.push(item.clone());
            let decided = self.visit(walk, item, &mut found);
            self.locals.pop();
            if decided? {
                break;
            }
        }
        match walk.walk {
            Walk::Filter | Walk::Map => Ok(Val::List(Items::made(found.items))),
            Walk::All | Walk::Exists => {
                let deciding = walk.walk == Walk::Exists;
                match found.failure {
                    _ if found.count > 0 => Ok(Val::Bool(deciding)),
                    Some(failure) => Err(failure),
                    None => Ok(Val::Bool(!deciding)),
                }
            }
            Walk::ExistsOne => Ok(Val::Bool(found.count == 1)),
        }
    }

    /// Looks at one element. Whether the outcome is decided by it.
    fn visit(&mut self, walk: &'a Macro, item: Val<'a>, found: &mut Found<'a>) -> Result<bool, Failure> {
        match walk.walk {
            Walk::Map => {
                let chosen = walk.filter.as_ref().map_or(Ok(true), |filter| self.bool(filter))?;
                if chosen {
                    found.items.push(self.eval(&walk.body)?);
                }
                Ok(false)
            }
            Walk::Filter => {
                if self.bool(&walk.body)? {
                    found.items.push(item);
                }
                Ok(false)
            }
            Walk::ExistsOne => {
                found.count = found.count.saturating_add(usize::from(self.bool(&walk.body)?));
                Ok(false)
            }
            // Like `||` and `&&` over the elements: a failure does not matter when another element decides.
            Walk::Exists | Walk::All => {
                match self.bool(&walk.body) {
                    Ok(value) => found.count = usize::from(value == (walk.walk == Walk::Exists)),
                    Err(failure) if failure.cause == EvalErrorCause::TooManySteps => return Err(failure),
                    Err(failure) => found.failure = found.failure.or(Some(failure)),
                }
                Ok(found.count > 0)
            }
        }
    }

    fn bool(&mut self, node: &'a Node) -> Result<bool, Failure> {
        match self.eval(node)? {
            Val::Bool(value) => Ok(value),
            _ => fail(node.span, EvalErrorCause::WrongFact),
        }
    }

    fn int(&mut self, node: &'a Node) -> Result<i64, Failure> {
        match self.eval(node)? {
            Val::Int(value) => Ok(value),
            _ => fail(node.span, EvalErrorCause::WrongFact),
        }
    }

    /// An integer, or the microseconds of a moment or a length of time.
    fn number(&mut self, node: &'a Node) -> Result<i64, Failure> {
        match self.eval(node)? {
            Val::Int(value) | Val::Timestamp(value) | Val::Duration(value) => Ok(value),
            _ => fail(node.span, EvalErrorCause::WrongFact),
        }
    }

    fn text(&mut self, node: &'a Node) -> Result<std::borrow::Cow<'a, str>, Failure> {
        match self.eval(node)? {
            Val::Text(value) => Ok(value),
            _ => fail(node.span, EvalErrorCause::WrongFact),
        }
    }

    fn items(&mut self, node: &'a Node) -> Result<Items<'a>, Failure> {
        match self.eval(node)? {
            Val::List(items) => Ok(items),
            _ => fail(node.span, EvalErrorCause::WrongFact),
        }
    }
}

/// What a walk over a list has met so far.
#[derive(Default)]
struct Found<'a> {
    items: Vec<Val<'a>>,
    count: usize,
    failure: Option<Failure>,
}

/// A fact as the environment declared it; the zero of its type when it is absent.
fn fact<'a>(node: &'a Node, value: Option<&'a Value>) -> Outcome<'a> {
    match value {
        None => Ok(zero(&node.of)),
        Some(value) => conform(value, &node.of).ok_or(wrong_fact(node.span)),
    }
}

fn constant_value(constant: &Constant) -> Val<'_> {
    match constant {
        Constant::Bool(value) => Val::Bool(*value),
        Constant::Int(value) => Val::Int(*value),
        Constant::Text(text) => Val::text(text),
        Constant::Timestamp(micros) => Val::Timestamp(*micros),
        Constant::Duration(micros) => Val::Duration(*micros),
    }
}

fn checked<'a>(span: Span, value: Option<i64>) -> Outcome<'a> {
    value.map(Val::Int).ok_or(Failure {
        cause: EvalErrorCause::Overflow,
        span,
    })
}

fn wrong_fact(span: Span) -> Failure {
    Failure {
        cause: EvalErrorCause::WrongFact,
        span,
    }
}

fn fail<T>(span: Span, cause: EvalErrorCause) -> Result<T, Failure> {
    Err(Failure { cause, span })
}
