//! The functions of rules.

use std::borrow::Cow;

use super::{Machine, Outcome, Val, Watch, checked, fail, wrong_fact};
use crate::environment::Type;
use crate::error::{EvalErrorCause, Failure};
use crate::limits::TEXT_BYTES_MAX;
use crate::syntax::Span;
use crate::tree::{Function, Node};

impl<'a, W: Watch<'a>> Machine<'a, '_, W> {
    pub(super) fn call(&mut self, span: Span, function: Function, args: &'a [Node]) -> Outcome<'a> {
        match function {
            Function::Min => self.extreme(span, args, i64::min),
            Function::Max => self.extreme(span, args, i64::max),
            Function::FloorDiv => self.floor_div(span, args),
            Function::Percent => self.percent(span, args),
            Function::Size => self.size(span, args),
            Function::Sum => self.sum(span, args),
            Function::StartsWith => self.both_texts(span, args, |text, part| text.starts_with(part)),
            Function::EndsWith => self.both_texts(span, args, |text, part| text.ends_with(part)),
            Function::Contains => self.both_texts(span, args, |text, part| text.contains(part)),
            Function::TimePart(part, offset) => {
                let [moment] = args else {
                    return fail(span, EvalErrorCause::WrongFact);
                };
                let part = part.of(self.number(moment)?, offset);
                part.map(Val::Int).ok_or(Failure {
                    cause: EvalErrorCause::TimeOutOfRange,
                    span,
                })
            }
            Function::DurationPart(part) => {
                let [length] = args else {
                    return fail(span, EvalErrorCause::WrongFact);
                };
                checked(span, part.of(self.number(length)?))
            }
        }
    }

    pub(super) fn join(&mut self, span: Span, both: &'a [Node; 2]) -> Outcome<'a> {
        let [left, right] = both;
        let (mut joined, right) = (self.text(left)?.into_owned(), self.text(right)?);
        if joined.len().saturating_add(right.len()) > TEXT_BYTES_MAX {
            return fail(span, EvalErrorCause::TooLong);
        }
        joined.push_str(&right);
        Ok(Val::Text(Cow::Owned(joined)))
    }

    fn extreme(&mut self, span: Span, args: &'a [Node], choose: fn(i64, i64) -> i64) -> Outcome<'a> {
        let mut chosen = None;
        for arg in args {
            let value = self.int(arg)?;
            chosen = Some(chosen.map_or(value, |chosen| choose(chosen, value)));
        }
        chosen.map(Val::Int).ok_or(wrong_fact(span))
    }

    /// Towards minus infinity, where `/` goes towards zero as in CEL: clawing back must mirror earning.
    fn floor_div(&mut self, span: Span, args: &'a [Node]) -> Outcome<'a> {
        let (dividend, divisor) = self.two_ints(span, args)?;
        if divisor == 0 {
            return fail(span, EvalErrorCause::DivisionByZero);
        }
        let quotient = dividend.checked_div(divisor);
        let rest = dividend.checked_rem(divisor);
        let below = rest.is_some_and(|rest| rest != 0 && (rest < 0) != (divisor < 0));
        checked(
            span,
            quotient.and_then(|quotient| quotient.checked_sub(i64::from(below))),
        )
    }

    /// `floor(amount * pct / 100)`, exact between, because the product may need more than 64 bits.
    fn percent(&mut self, span: Span, args: &'a [Node]) -> Outcome<'a> {
        let (amount, pct) = self.two_ints(span, args)?;
        let product = i128::from(amount).checked_mul(i128::from(pct));
        checked(
            span,
            product.and_then(|product| i64::try_from(product.div_euclid(100)).ok()),
        )
    }

    fn two_ints(&mut self, span: Span, args: &'a [Node]) -> Result<(i64, i64), Failure> {
        let [first, second] = args else {
            return fail(span, EvalErrorCause::WrongFact);
        };
        Ok((self.int(first)?, self.int(second)?))
    }

    fn size(&mut self, span: Span, args: &'a [Node]) -> Outcome<'a> {
        let [of] = args else {
            return fail(span, EvalErrorCause::WrongFact);
        };
        let size = match self.eval(of)? {
            Val::Text(text) => text.chars().count(),
            Val::List(items) => items.len(),
            Val::Map(map) => map.map_or(0, std::collections::BTreeMap::len),
            _ => return fail(span, EvalErrorCause::WrongFact),
        };
        checked(span, i64::try_from(size).ok())
    }

    fn sum(&mut self, span: Span, args: &'a [Node]) -> Outcome<'a> {
        let [of] = args else {
            return fail(span, EvalErrorCause::WrongFact);
        };
        let items = self.items(of)?;
        let mut sum = 0_i64;
        for index in 0..items.len() {
            self.step(span)?;
            let Some(Val::Int(value)) = items.get(index, &Type::Int) else {
                return fail(span, EvalErrorCause::WrongFact);
            };
            sum = sum.checked_add(value).ok_or(Failure {
                cause: EvalErrorCause::Overflow,
                span,
            })?;
        }
        Ok(Val::Int(sum))
    }

    fn both_texts(&mut self, span: Span, args: &'a [Node], ask: fn(&str, &str) -> bool) -> Outcome<'a> {
        let [text, part] = args else {
            return fail(span, EvalErrorCause::WrongFact);
        };
        let (text, part) = (self.text(text)?, self.text(part)?);
        Ok(Val::Bool(ask(&text, &part)))
    }
}
