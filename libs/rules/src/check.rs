//! Whether a rule's parts fit together and to its environment. All mistakes are found in one pass: a part that is wrong
//! has no type, and what contains it is not blamed for it.

mod calls;
mod operators;

use crate::environment::{Environment, Type};
use crate::error::RuleError;
use crate::limits::COST_MAX;
use crate::syntax::{Expr, ExprKind, Name, Span};
use crate::tree::{Constant, Kind, Node};

/// Gives every part of `expr` its type, or says all that is wrong with it. The whole must be `wanted`.
pub(crate) fn check(env: &Environment, source: &str, expr: &Expr, wanted: &Type) -> Result<Node, Vec<RuleError>> {
    let mut checker = Checker {
        env,
        source,
        errors: Vec::new(),
        locals: Vec::new(),
    };
    let node = checker.typed(expr, wanted);
    if let Some(node) = &node
        && node.cost > COST_MAX
    {
        let message = format!("the rule may take {} steps: expected at most {COST_MAX}", node.cost);
        checker.refuse::<()>(expr.span, &message);
    }
    match node {
        Some(node) if checker.errors.is_empty() => Ok(node),
        _ => Err(checker.errors),
    }
}

struct Checker<'e> {
    env: &'e Environment,
    source: &'e str,
    errors: Vec<RuleError>,
    /// The elements that the surrounding macros look at, outermost first.
    locals: Vec<(String, Type)>,
}

/// A checked part, or nothing when its mistake is already among the errors.
type Checked = Option<Node>;

impl Checker<'_> {
    fn check(&mut self, expr: &Expr) -> Checked {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Bool(value) => Some(node(span, Type::Bool, Kind::Constant(Constant::Bool(*value)))),
            ExprKind::Int(value) => Some(node(span, Type::Int, Kind::Constant(Constant::Int(*value)))),
            ExprKind::Text(text) => Some(node(span, Type::String, Kind::Constant(Constant::Text(text.clone())))),
            ExprKind::Refused(why) => self.refuse(span, why),
            ExprKind::Name(name) => self.name(span, name),
            ExprKind::Select(operand, field) => self.select(span, operand, field),
            ExprKind::Index(both) => self.index(span, both),
            ExprKind::Call(None, name, args) => self.function(span, name, args),
            ExprKind::Call(Some(target), name, args) => self.method(span, target, name, args),
            ExprKind::Not(inner) => {
                let inner = self.typed(inner, &Type::Bool)?;
                Some(node(span, Type::Bool, Kind::Not(Box::new(inner))))
            }
            ExprKind::Negate(inner) => {
                let inner = self.typed(inner, &Type::Int)?;
                Some(node(span, Type::Int, Kind::Negate(Box::new(inner))))
            }
            ExprKind::And(terms) => Some(node(span, Type::Bool, Kind::And(self.all_typed(terms, &Type::Bool)?))),
            ExprKind::Or(terms) => Some(node(span, Type::Bool, Kind::Or(self.all_typed(terms, &Type::Bool)?))),
            ExprKind::Binary(operator, both) => self.binary(span, *operator, both),
            ExprKind::Conditional(parts) => self.conditional(span, parts),
            ExprKind::List(items) => self.list(span, items),
        }
    }

    /// A part whose type is known beforehand.
    fn typed(&mut self, expr: &Expr, wanted: &Type) -> Checked {
        let found = self.check(expr)?;
        if fits(&found.of, wanted) {
            return Some(found);
        }
        self.refuse(expr.span, &format!("expected {wanted}, found {}", found.of))
    }

    fn all_typed(&mut self, exprs: &[Expr], wanted: &Type) -> Option<Vec<Node>> {
        // Collected before the first missing one ends it, so that each is checked.
        let checked: Vec<Checked> = exprs.iter().map(|expr| self.typed(expr, wanted)).collect();
        checked.into_iter().collect()
    }

    fn name(&mut self, span: Span, name: &str) -> Checked {
        if let Some(depth) = self.locals.iter().rposition(|(local, _)| local == name) {
            let (_, of) = self.locals.get(depth)?;
            return Some(node(span, of.clone(), Kind::Local(depth)));
        }
        let env = self.env;
        let Some(of) = env.fields().get(name) else {
            let known = listed(env.fields().keys().chain(self.locals.iter().map(|(local, _)| local)));
            return self.refuse(span, &format!("unknown field `{name}`: expected {known}"));
        };
        Some(node(span, of.clone(), Kind::Fact(name.to_owned())))
    }

    fn select(&mut self, span: Span, operand: &Expr, field: &Name) -> Checked {
        let operand = self.check(operand)?;
        let of = self.field_type(&operand, field)?;
        Some(node(span, of, Kind::Field(Box::new(operand), field.text.clone())))
    }

    /// The type of a field of an object, or of an entry of a map, which may be written as a field.
    fn field_type(&mut self, operand: &Node, field: &Name) -> Option<Type> {
        let Name { span, text } = field;
        if operand.of == Type::StringMap {
            return Some(Type::String);
        }
        let Type::Object(fields) = &operand.of else {
            let of = &operand.of;
            return self.refuse(
                *span,
                &format!("`{text}` asked of {of}: only objects and maps have fields"),
            );
        };
        match fields.get(text) {
            Some(of) => Some(of.clone()),
            None => self.refuse(
                *span,
                &format!("unknown field `{text}`: expected {}", listed(fields.keys())),
            ),
        }
    }

    fn index(&mut self, span: Span, both: &[Expr; 2]) -> Checked {
        let [operand, index] = both;
        let operand = self.check(operand);
        match operand.as_ref().map(|operand| operand.of.clone()) {
            Some(Type::List(of, _)) => {
                let index = self.typed(index, &Type::Int)?;
                Some(node(span, *of, Kind::Element(Box::new([operand?, index]))))
            }
            Some(Type::StringMap) => {
                let index = self.typed(index, &Type::String)?;
                Some(node(span, Type::String, Kind::Entry(Box::new([operand?, index]))))
            }
            Some(of) => {
                self.check(index);
                self.refuse(span, &format!("expected a list or a map before `[`, found {of}"))
            }
            None => self.check(index).and(None),
        }
    }

    fn conditional(&mut self, span: Span, parts: &[Expr; 3]) -> Checked {
        let [condition, then, otherwise] = parts;
        let condition = self.typed(condition, &Type::Bool);
        let (then, otherwise) = (self.check(then), self.check(otherwise));
        let (condition, then, otherwise) = (condition?, then?, otherwise?);
        let Some(of) = common(&then.of, &otherwise.of) else {
            let message = format!(
                "both sides of `:` must be of one type: found {} and {}",
                then.of, otherwise.of
            );
            return self.refuse(span, &message);
        };
        Some(node(
            span,
            of,
            Kind::Conditional(Box::new([condition, then, otherwise])),
        ))
    }

    fn list(&mut self, span: Span, items: &[Expr]) -> Checked {
        let checked: Vec<Checked> = items.iter().map(|item| self.check(item)).collect();
        let items = checked.into_iter().collect::<Option<Vec<Node>>>()?;
        let Some(first) = items.first() else {
            return self.refuse(span, "expected at least one element: an empty list has no type");
        };
        let of = first.of.clone();
        let Some(other) = items.iter().find(|item| !fits(&item.of, &of)) else {
            return Some(node(span, Type::list(of, items.len()), Kind::List(items)));
        };
        let (span, message) = (
            other.span,
            format!("expected {of} like the first element, found {}", other.of),
        );
        self.refuse(span, &message)
    }

    /// Records a mistake. Generic over what the caller would have returned.
    fn refuse<T>(&mut self, span: Span, message: &str) -> Option<T> {
        self.errors.push(RuleError::new(self.source, span, message));
        None
    }
}

fn node(span: Span, of: Type, kind: Kind) -> Node {
    Node {
        span,
        of,
        cost: kind.cost(),
        kind,
    }
}

/// Whether a value of the type `found` may stand where `wanted` is needed: bounds of lists do not make types differ.
fn fits(found: &Type, wanted: &Type) -> bool {
    common(found, wanted).is_some()
}

/// The type of something that is of either type, when they are the same but for the bounds of lists.
fn common(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::List(left, left_max), Type::List(right, right_max)) => {
            Some(Type::list(common(left, right)?, *left_max.max(right_max)))
        }
        (left, right) => (left == right).then(|| left.clone()),
    }
}

/// `a, b or c`
fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match (names.pop(), names.is_empty()) {
        (None, _) => "nothing".to_owned(),
        (Some(only), true) => only,
        (Some(last), false) => format!("{} or {last}", names.join(", ")),
    }
}
