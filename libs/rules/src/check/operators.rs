//! Which types an operator takes, and what it makes of them.

use super::{Checked, Checker, common, node};
use crate::environment::Type;
use crate::syntax::{Expr, Operator, Span};
use crate::tree::{Arithmetic, Comparison, Constant, Kind, Node};

impl Checker<'_> {
    pub(super) fn binary(&mut self, span: Span, operator: Operator, both: &[Expr; 2]) -> Checked {
        let [left, right] = both;
        let (left, right) = (self.check(left), self.check(right));
        let (left, right) = (left?, right?);
        match operator {
            Operator::Add => self.arithmetic(span, Arithmetic::Add, operator, [left, right]),
            Operator::Subtract => self.arithmetic(span, Arithmetic::Subtract, operator, [left, right]),
            Operator::Multiply => self.arithmetic(span, Arithmetic::Multiply, operator, [left, right]),
            Operator::Divide => self.arithmetic(span, Arithmetic::Divide, operator, [left, right]),
            Operator::Remainder => self.arithmetic(span, Arithmetic::Remainder, operator, [left, right]),
            Operator::Equal => self.comparison(span, Comparison::Equal, operator, [left, right]),
            Operator::NotEqual => self.comparison(span, Comparison::NotEqual, operator, [left, right]),
            Operator::Less => self.comparison(span, Comparison::Less, operator, [left, right]),
            Operator::LessOrEqual => self.comparison(span, Comparison::LessOrEqual, operator, [left, right]),
            Operator::Greater => self.comparison(span, Comparison::Greater, operator, [left, right]),
            Operator::GreaterOrEqual => self.comparison(span, Comparison::GreaterOrEqual, operator, [left, right]),
            Operator::In => self.membership(span, [left, right]),
        }
    }

    fn arithmetic(&mut self, span: Span, what: Arithmetic, operator: Operator, both: [Node; 2]) -> Checked {
        let [left, right] = &both;
        if matches!(what, Arithmetic::Divide | Arithmetic::Remainder)
            && matches!(right.kind, Kind::Constant(Constant::Int(0)))
        {
            return self.refuse(right.span, "division by zero: expected another number");
        }
        let made = match (&left.of, what, &right.of) {
            (Type::Int, _, Type::Int) => Some((what, Type::Int)),
            (Type::String, Arithmetic::Add, Type::String) => Some((Arithmetic::Join, Type::String)),
            (Type::Timestamp, Arithmetic::Add, Type::Duration) | (Type::Duration, Arithmetic::Add, Type::Timestamp) => {
                Some((Arithmetic::AddTimes, Type::Timestamp))
            }
            (Type::Duration, Arithmetic::Add, Type::Duration) => Some((Arithmetic::AddTimes, Type::Duration)),
            (Type::Timestamp, Arithmetic::Subtract, Type::Duration) => {
                Some((Arithmetic::SubtractTimes, Type::Timestamp))
            }
            (Type::Timestamp, Arithmetic::Subtract, Type::Timestamp)
            | (Type::Duration, Arithmetic::Subtract, Type::Duration) => {
                Some((Arithmetic::SubtractTimes, Type::Duration))
            }
            _ => None,
        };
        match made {
            Some((what, of)) => Some(node(span, of, Kind::Arithmetic(what, Box::new(both)))),
            None => self.mismatch(span, operator, "int and int", &both),
        }
    }

    fn comparison(&mut self, span: Span, what: Comparison, operator: Operator, both: [Node; 2]) -> Checked {
        let [left, right] = &both;
        let ordered = matches!(left.of, Type::Int | Type::String | Type::Timestamp | Type::Duration);
        let equal_only = matches!(what, Comparison::Equal | Comparison::NotEqual) && left.of == Type::Bool;
        if left.of == right.of && (ordered || equal_only) {
            return Some(node(span, Type::Bool, Kind::Compare(what, Box::new(both))));
        }
        self.mismatch(span, operator, "two values of one simple type", &both)
    }

    fn membership(&mut self, span: Span, both: [Node; 2]) -> Checked {
        let [left, right] = &both;
        let simple = !matches!(left.of, Type::List(..) | Type::StringMap | Type::Object(_));
        let fits = match &right.of {
            Type::List(of, _) => simple && common(&left.of, of).is_some(),
            Type::StringMap => left.of == Type::String,
            Type::Bool | Type::Int | Type::String | Type::Timestamp | Type::Duration | Type::Object(_) => false,
        };
        if fits {
            return Some(node(span, Type::Bool, Kind::In(Box::new(both))));
        }
        self.mismatch(
            span,
            Operator::In,
            "a simple value and a list of its type, or a string and a map",
            &both,
        )
    }

    fn mismatch(&mut self, span: Span, operator: Operator, wanted: &str, both: &[Node; 2]) -> Checked {
        let [left, right] = both;
        let message = format!(
            "`{}` expected {wanted}, found {} and {}",
            operator.symbol(),
            left.of,
            right.of
        );
        self.refuse(span, &message)
    }
}
