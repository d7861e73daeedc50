//! The functions, methods and macros that a rule may call.

use super::{Checked, Checker, listed, node};
use crate::calendar::{DurationPart, TimePart, parse_duration, parse_offset, parse_timestamp};
use crate::environment::Type;
use crate::syntax::{Expr, ExprKind, Name, Span};
use crate::tree::{Constant, Function, Kind, Macro, Node, Walk};

const FUNCTIONS: [&str; 9] = [
    "duration",
    "floor_div",
    "has",
    "max",
    "min",
    "percent",
    "size",
    "sum",
    "timestamp",
];
const METHODS: [&str; 10] = [
    "all",
    "contains",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "map",
    "size",
    "startsWith",
    "sum",
];
/// How many arguments `min` and `max` take at most.
const LEAST_AND_GREATEST_MAX: usize = 16;

impl Checker<'_> {
    pub(super) fn function(&mut self, span: Span, name: &Name, args: &[Expr]) -> Checked {
        match name.text.as_str() {
            "has" => self.has(span, args),
            "min" => self.extreme(span, Function::Min, args),
            "max" => self.extreme(span, Function::Max, args),
            "floor_div" => self.integers(span, name, Function::FloorDiv, args),
            "percent" => self.integers(span, name, Function::Percent, args),
            "size" => self.size(span, args),
            "sum" => self.sum(span, args),
            "timestamp" => self.literal(span, args, "\"2026-01-31T00:00:00+08:00\"", |text| {
                Some((Type::Timestamp, Constant::Timestamp(parse_timestamp(text)?)))
            }),
            "duration" => self.literal(span, args, "\"720h\", \"1h30m\", \"10s\" or \"500ms\"", |text| {
                Some((Type::Duration, Constant::Duration(parse_duration(text)?)))
            }),
            unknown => {
                // The arguments of a function that is refused may have mistakes of their own.
                for arg in args {
                    let _ = self.check(arg);
                }
                self.unknown(name.span, unknown, &FUNCTIONS)
            }
        }
    }

    pub(super) fn method(&mut self, span: Span, target: &Expr, name: &Name, args: &[Expr]) -> Checked {
        let target = self.check(target);
        let walk = match name.text.as_str() {
            "all" => Walk::All,
            "exists" => Walk::Exists,
            "exists_one" | "existsOne" => Walk::ExistsOne,
            "filter" => Walk::Filter,
            "map" => Walk::Map,
            _ => return self.plain_method(span, target, name, args),
        };
        self.walk(span, walk, target?, name, args)
    }

    fn plain_method(&mut self, span: Span, target: Checked, name: &Name, args: &[Expr]) -> Checked {
        let text = name.text.as_str();
        match text {
            "startsWith" => self.text_method(span, target, name, Function::StartsWith, args),
            "endsWith" => self.text_method(span, target, name, Function::EndsWith, args),
            "contains" => self.text_method(span, target, name, Function::Contains, args),
            "size" | "sum" => {
                self.arity(name.span, text, args, 0)?;
                let function = if text == "size" { Function::Size } else { Function::Sum };
                self.measured(span, function, target?)
            }
            "matches" => {
                let message = "regular expressions are refused: use startsWith, endsWith, contains or in";
                self.refuse(name.span, message)
            }
            _ if TimePart::named(text).is_some() => self.time_part(span, target?, name, args),
            _ => self.unknown(name.span, text, &METHODS),
        }
    }

    fn has(&mut self, span: Span, args: &[Expr]) -> Checked {
        let [arg] = args else {
            return self.refuse(span, "has() expected one field, such as has(member.tier)");
        };
        match &arg.kind {
            ExprKind::Name(name) => {
                let found = self.name(arg.span, name)?;
                let Kind::Fact(name) = found.kind else {
                    return self.refuse(arg.span, "an element is always there");
                };
                Some(node(span, Type::Bool, Kind::Has(None, name)))
            }
            ExprKind::Select(operand, field) => {
                let operand = self.check(operand)?;
                self.field_type(&operand, field)?;
                Some(node(
                    span,
                    Type::Bool,
                    Kind::Has(Some(Box::new(operand)), field.text.clone()),
                ))
            }
            _ => self.refuse(arg.span, "has() expected a field, such as has(member.tier)"),
        }
    }

    fn extreme(&mut self, span: Span, function: Function, args: &[Expr]) -> Checked {
        let args_checked = self.all_typed(args, &Type::Int);
        if !(2..=LEAST_AND_GREATEST_MAX).contains(&args.len()) {
            return self.refuse(
                span,
                &format!("expected 2 to {LEAST_AND_GREATEST_MAX} arguments, found {}", args.len()),
            );
        }
        Some(node(span, Type::Int, Kind::Call(function, args_checked?)))
    }

    fn integers(&mut self, span: Span, name: &Name, function: Function, args: &[Expr]) -> Checked {
        let checked = self.all_typed(args, &Type::Int);
        self.arity(name.span, &name.text, args, 2)?;
        let checked = checked?;
        let divisor = checked.last().filter(|_| function == Function::FloorDiv);
        if let Some(zero) = divisor.filter(|node| matches!(node.kind, Kind::Constant(Constant::Int(0)))) {
            let span = zero.span;
            return self.refuse(span, "division by zero: expected another number");
        }
        Some(node(span, Type::Int, Kind::Call(function, checked)))
    }

    fn size(&mut self, span: Span, args: &[Expr]) -> Checked {
        self.arity(span, "size", args, 1)?;
        let arg = self.check(args.first()?)?;
        self.measured(span, Function::Size, arg)
    }

    fn sum(&mut self, span: Span, args: &[Expr]) -> Checked {
        self.arity(span, "sum", args, 1)?;
        let arg = self.check(args.first()?)?;
        self.measured(span, Function::Sum, arg)
    }

    fn measured(&mut self, span: Span, function: Function, of: Node) -> Checked {
        let fits = match &of.of {
            Type::List(element, _) => function == Function::Size || **element == Type::Int,
            Type::String | Type::StringMap => function == Function::Size,
            Type::Bool | Type::Int | Type::Timestamp | Type::Duration | Type::Object(_) => false,
        };
        if fits {
            return Some(node(span, Type::Int, Kind::Call(function, vec![of])));
        }
        let wanted = if function == Function::Sum {
            "sum() expected list<int>"
        } else {
            "size() expected a list, a map or a string"
        };
        let message = format!("{wanted}, found {}", of.of);
        self.refuse(of.span, &message)
    }

    /// A time or a length of time that is written in the rule. Only constants: facts carry times as times.
    fn literal(
        &mut self,
        span: Span,
        args: &[Expr],
        wanted: &str,
        read: impl Fn(&str) -> Option<(Type, Constant)>,
    ) -> Checked {
        let text = match args {
            [
                Expr {
                    kind: ExprKind::Text(text),
                    ..
                },
            ] => Some(text),
            _ => None,
        };
        match text.and_then(|text| read(text)) {
            Some((of, constant)) => Some(node(span, of, Kind::Constant(constant))),
            None => self.refuse(span, &format!("expected a string such as {wanted}")),
        }
    }

    fn text_method(&mut self, span: Span, target: Checked, name: &Name, function: Function, args: &[Expr]) -> Checked {
        let checked = self.all_typed(args, &Type::String);
        self.arity(name.span, &name.text, args, 1)?;
        let target = self.receiver(target?, name, &Type::String)?;
        let operands = [target].into_iter().chain(checked?).collect();
        Some(node(span, Type::Bool, Kind::Call(function, operands)))
    }

    fn time_part(&mut self, span: Span, target: Node, name: &Name, args: &[Expr]) -> Checked {
        if target.of == Type::Duration
            && let Some(part) = DurationPart::named(&name.text)
        {
            self.arity(name.span, &name.text, args, 0)?;
            return Some(node(
                span,
                Type::Int,
                Kind::Call(Function::DurationPart(part), vec![target]),
            ));
        }
        let target = self.receiver(target, name, &Type::Timestamp)?;
        let offset = match args {
            [
                Expr {
                    kind: ExprKind::Text(text),
                    ..
                },
            ] => parse_offset(text),
            _ => None,
        };
        let Some(offset) = offset else {
            let message = format!(
                "{}() expected the offset from UTC, such as \"+08:00\" or \"UTC\"",
                name.text
            );
            return self.refuse(span, &message);
        };
        let part = TimePart::named(&name.text)?;
        Some(node(
            span,
            Type::Int,
            Kind::Call(Function::TimePart(part, offset), vec![target]),
        ))
    }

    fn receiver(&mut self, target: Node, name: &Name, wanted: &Type) -> Checked {
        if target.of == *wanted {
            return Some(target);
        }
        let message = format!("{}() is a function of {wanted}, found {}", name.text, target.of);
        self.refuse(target.span, &message)
    }

    fn walk(&mut self, span: Span, walk: Walk, list: Node, name: &Name, args: &[Expr]) -> Checked {
        let Type::List(element, max) = list.of.clone() else {
            let message = format!("{}() is a function of lists, found {}", name.text, list.of);
            return self.refuse(list.span, &message);
        };
        let (local, filter, body) = match args {
            [local, body] => (local, None, body),
            [local, filter, body] if walk == Walk::Map => (local, Some(filter), body),
            _ => return self.refuse(name.span, &format!("{}() expected a name and an expression", name.text)),
        };
        let ExprKind::Name(local_name) = &local.kind else {
            return self.refuse(local.span, "expected a name for the element");
        };
        if self.env.fields().contains_key(local_name) || self.locals.iter().any(|(taken, _)| taken == local_name) {
            return self.refuse(
                local.span,
                &format!("the name `{local_name}` is taken: expected another"),
            );
        }
        self.locals.push((local_name.clone(), *element.clone()));
        let filter = filter.map(|filter| self.typed(filter, &Type::Bool));
        let body = if walk == Walk::Map {
            self.check(body)
        } else {
            self.typed(body, &Type::Bool)
        };
        self.locals.pop();
        let (body, filter) = (body?, filter.map_or(Some(None), |filter| filter.map(Some))?);
        let of = match walk {
            Walk::All | Walk::Exists | Walk::ExistsOne => Type::Bool,
            Walk::Filter => Type::List(element, max),
            Walk::Map => Type::list(body.of.clone(), max),
        };
        Some(node(
            span,
            of,
            Kind::Macro(Box::new(Macro {
                walk,
                list,
                body,
                filter,
            })),
        ))
    }

    fn arity(&mut self, span: Span, name: &str, args: &[Expr], wanted: usize) -> Option<()> {
        if args.len() == wanted {
            return Some(());
        }
        let plural = if wanted == 1 { "" } else { "s" };
        self.refuse(
            span,
            &format!("{name}() expected {wanted} argument{plural}, found {}", args.len()),
        )
    }

    fn unknown(&mut self, span: Span, name: &str, known: &[&str]) -> Checked {
        self.refuse(span, &format!("unknown function `{name}`: expected {}", listed(known)))
    }
}
