//! Which facts a rule reads: what it compares, counts with or passes on, not what it only goes through or asks `has` of.

use std::collections::BTreeSet;

use crate::environment::Type;
use crate::tree::{Kind, Node, Walk};

/// The paths of the facts that a rule reads, those of a list's elements under the path of the list.
pub(crate) fn reads(node: &Node) -> BTreeSet<String> {
    let mut reading = Reading::default();
    reading.visit(node);
    reading.read
}

/// Where a value may come from: several paths where the rule chooses between them, none where it makes the value.
type Origins = BTreeSet<String>;

#[derive(Default)]
struct Reading {
    read: BTreeSet<String>,
    /// Of the elements that the surrounding macros look at, outermost first.
    locals: Vec<Origins>,
}

impl Reading {
    /// Notes what a part reads, and tells where its value comes from. An element comes from where its list does.
    fn visit(&mut self, node: &Node) -> Origins {
        let origins = match &node.kind {
            Kind::Constant(_) | Kind::Has(None, _) => Origins::new(),
            Kind::Fact(name) => Origins::from([name.clone()]),
            Kind::Local(depth) => self.locals.get(*depth).cloned().unwrap_or_default(),
            Kind::Field(operand, name) => {
                let objects = self.visit(operand);
                objects.iter().map(|object| format!("{object}.{name}")).collect()
            }
            Kind::Element(both) => {
                let [list, index] = &**both;
                self.visit(index);
                self.visit(list)
            }
            Kind::Has(Some(inner), _) | Kind::Not(inner) | Kind::Negate(inner) => self.made_of([&**inner]),
            Kind::Entry(both) | Kind::Arithmetic(_, both) | Kind::Compare(_, both) | Kind::In(both) => {
                self.made_of(both.iter())
            }
            Kind::And(terms) | Kind::Or(terms) | Kind::Call(_, terms) => self.made_of(terms),
            Kind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                self.visit(condition);
                self.either([then, otherwise])
            }
            Kind::List(items) => self.either(items),
            Kind::Macro(walk) => {
                let list = self.visit(&walk.list);
                self.locals.push(list.clone());
                self.made_of(&walk.filter);
                let body = self.visit(&walk.body);
                self.locals.pop();
                match walk.walk {
                    Walk::Filter => list,
                    Walk::Map => body,
                    Walk::All | Walk::Exists | Walk::ExistsOne => Origins::new(),
                }
            }
        };
        if !is_way(&node.of) {
            self.read.extend(origins.iter().cloned());
        }
        origins
    }

    /// Of parts that make a new value.
    fn made_of<'n>(&mut self, parts: impl IntoIterator<Item = &'n Node>) -> Origins {
        self.either(parts);
        Origins::new()
    }

    /// Of parts one of which is the value.
    fn either<'n>(&mut self, parts: impl IntoIterator<Item = &'n Node>) -> Origins {
        parts.into_iter().flat_map(|part| self.visit(part)).collect()
    }
}

/// Whether a value of the type is only the way to others: objects are neither compared nor counted with.
fn is_way(of: &Type) -> bool {
    match of {
        Type::Object(_) => true,
        Type::List(element, _) => is_way(element),
        Type::Bool | Type::Int | Type::String | Type::Timestamp | Type::Duration | Type::StringMap => false,
    }
}
