use std::collections::BTreeMap;
use std::time::Duration;

use contracts_campaign::v1 as api;
use contracts_tagging::v1 as tagging;
use fault::Violations;
use kernel::Time;

use super::{Action, Definition, Node, NodeIndex, NodeKind, Pattern, Reentry, TagValue};
use crate::fact::{FactKey, FactType};
use crate::journey::currencies;
use crate::journey::expression::{FactCondition, RunCondition};
use crate::journey::graph;
use crate::journey::graph::{Outline, OutlineNode};

/// Reads a definition whole; every flaw is noted with its path, which begins with `path`.
pub(crate) fn parse(wire: &api::JourneyDefinition, path: &str, violations: &mut Violations) -> Option<Definition> {
    graph::check(&outline(wire, path), path, violations);
    let trigger = pattern(wire.trigger.as_ref(), &format!("{path}.trigger"), violations);
    let reentry = reentry(wire.reentry_rule(), path, violations);
    let parser = Parser {
        places: places(wire),
        scope: RunScope::of(wire, trigger.as_ref()),
    };
    let nodes: Vec<Option<Node>> = wire
        .nodes
        .iter()
        .enumerate()
        .map(|(number, node)| parser.node(node, &format!("{path}.nodes[{number}]"), violations))
        .collect();
    let nodes: Option<Vec<Node>> = nodes.into_iter().collect();
    let first = parser.places.get(wire.first_node_id.as_str()).copied();
    if !violations.is_empty() {
        return None;
    }
    Some(Definition::new(trigger?, reentry?, first?, nodes?))
}

/// The same of a definition that is to be saved or published, of which more is asked than of those that are in force.
pub(crate) fn parse_new(wire: &api::JourneyDefinition, path: &str, violations: &mut Violations) {
    if let Some(definition) = parse(wire, path, violations) {
        currencies::check(&definition, path, violations);
    }
}

/// The facts that an expression of a node may name: the trigger's fields, and those of the facts that nodes wait for.
struct RunScope {
    trigger: Option<FactType>,
    waits: BTreeMap<String, FactType>,
}

impl RunScope {
    fn of(wire: &api::JourneyDefinition, trigger: Option<&Pattern>) -> Self {
        let waits = wire.nodes.iter().filter_map(|node| {
            let Some(api::node::Kind::WaitUntil(wait)) = &node.kind else {
                return None;
            };
            Some((node.node_id.clone(), FactType::parse(&wait.fact.as_ref()?.fact_type)?))
        });
        Self {
            trigger: trigger.map(|pattern| pattern.key.kind),
            waits: waits.collect(),
        }
    }
}

struct Parser<'a> {
    places: BTreeMap<&'a str, NodeIndex>,
    scope: RunScope,
}

impl Parser<'_> {
    fn node(&self, wire: &api::Node, path: &str, violations: &mut Violations) -> Option<Node> {
        use api::node::Kind;
        let kind = match wire.kind.as_ref() {
            Some(Kind::Condition(node)) => self.condition(node, path, violations),
            Some(Kind::Wait(node)) => {
                let duration = duration(node.duration.as_ref(), &format!("{path}.wait.duration"), violations);
                self.place(&node.next_node_id).and_then(|next| {
                    Some(NodeKind::Wait {
                        duration: duration?,
                        next,
                    })
                })
            }
            Some(Kind::WaitUntil(node)) => self.wait_until(node, path, violations),
            Some(Kind::GrantPoints(node)) => {
                let action = Action::GrantPoints {
                    asset_code: node.asset_code.clone(),
                    amount: node.amount,
                };
                self.act(action, &node.next_node_id, &node.refused_node_id)
            }
            Some(Kind::IssueCoupon(node)) => {
                let action = Action::IssueCoupon {
                    template_code: node.template_code.clone(),
                };
                self.act(action, &node.next_node_id, &node.refused_node_id)
            }
            Some(Kind::AssignTag(node)) => self.assign_tag(node, path, violations),
            Some(Kind::Exit(node)) => Some(NodeKind::Exit {
                outcome_code: node.outcome_code.clone(),
            }),
            None => {
                violations.add(path, "must have a kind, for example wait or exit");
                None
            }
        };
        Some(Node {
            id: wire.node_id.clone(),
            kind: kind?,
        })
    }

    fn condition(&self, node: &api::ConditionNode, path: &str, violations: &mut Violations) -> Option<NodeKind> {
        use api::condition_node::Test;
        let ways = self.place(&node.true_node_id).zip(self.place(&node.false_node_id));
        match node.test.as_ref() {
            Some(Test::Expression(source)) => {
                // Without a sound trigger its fields are unknown, and blaming the expression would mislead.
                let compiled = RunCondition::compile(source, self.scope.trigger?, &self.scope.waits);
                let condition = violations.parse(format!("{path}.condition.expression"), compiled);
                ways.and_then(|(yes, no)| {
                    Some(NodeKind::Condition {
                        condition: condition?,
                        yes,
                        no,
                    })
                })
            }
            Some(Test::SegmentCode(segment_code)) => ways.map(|(yes, no)| NodeKind::InSegment {
                segment_code: segment_code.clone(),
                yes,
                no,
            }),
            None => {
                violations.add(format!("{path}.condition"), "must have an expression or a segment_code");
                None
            }
        }
    }

    fn wait_until(&self, node: &api::WaitUntilNode, path: &str, violations: &mut Violations) -> Option<NodeKind> {
        let fact = pattern(node.fact.as_ref(), &format!("{path}.wait_until.fact"), violations);
        let timeout = duration(node.timeout.as_ref(), &format!("{path}.wait_until.timeout"), violations);
        let arrived = self.place(&node.arrived_node_id)?;
        let timed_out = self.place(&node.timeout_node_id)?;
        Some(NodeKind::WaitUntil {
            fact: fact?,
            timeout: timeout?,
            arrived,
            timed_out,
        })
    }

    fn assign_tag(&self, node: &api::AssignTagNode, path: &str, violations: &mut Violations) -> Option<NodeKind> {
        let value = tag_value(node.value.as_ref());
        violations.check(value.is_some(), format!("{path}.assign_tag.value"), "must be a value");
        let lifetime = match node.lifetime.as_ref() {
            Some(wire) => Some(duration(
                Some(wire),
                &format!("{path}.assign_tag.lifetime"),
                violations,
            )?),
            None => None,
        };
        let action = Action::AssignTag {
            tag_code: node.tag_code.clone(),
            value: value?,
            lifetime,
        };
        self.act(action, &node.next_node_id, &node.refused_node_id)
    }

    fn act(&self, action: Action, next_node_id: &str, refused_node_id: &str) -> Option<NodeKind> {
        let next = self.place(next_node_id)?;
        let refused = if refused_node_id.is_empty() {
            next
        } else {
            self.place(refused_node_id)?
        };
        Some(NodeKind::Act { action, next, refused })
    }

    /// The place of a node; that an id names no node is noted by the check of the graph.
    fn place(&self, node_id: &str) -> Option<NodeIndex> {
        self.places.get(node_id).copied()
    }
}

fn places(wire: &api::JourneyDefinition) -> BTreeMap<&str, NodeIndex> {
    let nodes = wire.nodes.iter().enumerate();
    nodes
        .map(|(place, node)| (node.node_id.as_str(), NodeIndex::new(place)))
        .collect()
}

fn pattern(wire: Option<&api::FactPattern>, path: &str, violations: &mut Violations) -> Option<Pattern> {
    let Some(wire) = wire else {
        violations.add(path, "is needed");
        return None;
    };
    let Some(fact_type) = FactType::parse(&wire.fact_type) else {
        violations.add(
            format!("{path}.fact_type"),
            "must be the name of a fact, for example \"tagging.activity_recorded\"",
        );
        return None;
    };
    let coded = !(fact_type.needs_code() && wire.code.is_empty());
    violations.check(
        coded,
        format!("{path}.code"),
        format!("is needed for {}", fact_type.name()),
    );
    let condition = match wire.condition.as_str() {
        "" => None,
        source => {
            let compiled = FactCondition::compile(source, fact_type);
            Some(violations.parse(format!("{path}.condition"), compiled)?)
        }
    };
    Some(Pattern {
        key: FactKey {
            kind: fact_type,
            code: wire.code.clone(),
        },
        condition,
    })
}

fn reentry(rule: api::ReentryRule, path: &str, violations: &mut Violations) -> Option<Reentry> {
    match rule {
        api::ReentryRule::Once => Some(Reentry::Once),
        api::ReentryRule::AfterEnd => Some(Reentry::AfterEnd),
        api::ReentryRule::Unspecified => {
            violations.add(
                format!("{path}.reentry_rule"),
                "must say whether a member may enter again",
            );
            None
        }
    }
}

fn duration(wire: Option<&prost_types::Duration>, path: &str, violations: &mut Violations) -> Option<Duration> {
    let duration = wire
        .and_then(|wire| Duration::try_from(*wire).ok())
        .filter(|duration| !duration.is_zero());
    violations.check(duration.is_some(), path, "must be a duration of at least one second");
    duration
}

fn tag_value(wire: Option<&tagging::TagValue>) -> Option<TagValue> {
    use tagging::tag_value::Kind;
    match wire?.kind.as_ref()? {
        Kind::BoolValue(value) => Some(TagValue::Bool(*value)),
        Kind::IntValue(value) => Some(TagValue::Int(*value)),
        Kind::StringValue(value) => Some(TagValue::Text(value.clone())),
        Kind::TimeValue(value) => Time::from_wire(value).map(TagValue::Time),
    }
}

fn outline(wire: &api::JourneyDefinition, path: &str) -> Outline {
    let nodes = wire.nodes.iter().enumerate();
    Outline {
        first_node_id: wire.first_node_id.clone(),
        nodes: nodes
            .map(|(number, node)| outline_node(node, &format!("{path}.nodes[{number}]")))
            .collect(),
    }
}

fn outline_node(wire: &api::Node, path: &str) -> OutlineNode {
    use api::node::Kind;
    let (waits, ways): (bool, Vec<(&str, &str)>) = match wire.kind.as_ref() {
        Some(Kind::Condition(node)) => (
            false,
            vec![
                ("condition.true_node_id", &node.true_node_id),
                ("condition.false_node_id", &node.false_node_id),
            ],
        ),
        Some(Kind::Wait(node)) => (true, vec![("wait.next_node_id", &node.next_node_id)]),
        Some(Kind::WaitUntil(node)) => (
            true,
            vec![
                ("wait_until.arrived_node_id", &node.arrived_node_id),
                ("wait_until.timeout_node_id", &node.timeout_node_id),
            ],
        ),
        Some(Kind::GrantPoints(node)) => (
            false,
            vec![
                ("grant_points.next_node_id", &node.next_node_id),
                ("grant_points.refused_node_id", &node.refused_node_id),
            ],
        ),
        Some(Kind::IssueCoupon(node)) => (
            false,
            vec![
                ("issue_coupon.next_node_id", &node.next_node_id),
                ("issue_coupon.refused_node_id", &node.refused_node_id),
            ],
        ),
        Some(Kind::AssignTag(node)) => (
            false,
            vec![
                ("assign_tag.next_node_id", &node.next_node_id),
                ("assign_tag.refused_node_id", &node.refused_node_id),
            ],
        ),
        Some(Kind::Exit(_)) | None => (false, Vec::new()),
    };
    // An empty refused_node_id means the next node, which is among the ways already.
    let named = ways
        .into_iter()
        .filter(|(field, next)| !(next.is_empty() && field.ends_with("refused_node_id")));
    OutlineNode {
        node_id: wire.node_id.clone(),
        ways: named
            .map(|(field, next)| (format!("{path}.{field}"), next.to_owned()))
            .collect(),
        waits,
    }
}
