//! Definitions of journeys, written shortly.

use contracts_campaign::v1::*;
use contracts_tagging::v1::{TagValue, tag_value};

pub(super) const DAY: i64 = 86_400;

pub(super) fn journey(trigger: FactPattern, nodes: Vec<Node>) -> JourneyDefinition {
    JourneyDefinition {
        trigger: Some(trigger),
        reentry_rule: ReentryRule::Once.into(),
        first_node_id: nodes.first().map(|node| node.node_id.clone()).unwrap_or_default(),
        nodes,
    }
}

pub(super) fn again(definition: JourneyDefinition) -> JourneyDefinition {
    JourneyDefinition {
        reentry_rule: ReentryRule::AfterEnd.into(),
        ..definition
    }
}

pub(super) fn registered() -> FactPattern {
    pattern("identity.member_registered", "")
}

pub(super) fn order_paid() -> FactPattern {
    pattern("tagging.activity_recorded", "order_paid")
}

pub(super) fn pattern(fact_type: &str, code: &str) -> FactPattern {
    FactPattern {
        fact_type: fact_type.to_owned(),
        code: code.to_owned(),
        condition: String::new(),
    }
}

pub(super) fn only(pattern: FactPattern, condition: &str) -> FactPattern {
    FactPattern {
        condition: condition.to_owned(),
        ..pattern
    }
}

pub(super) fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

fn node(node_id: &str, kind: node::Kind) -> Node {
    Node {
        node_id: node_id.to_owned(),
        display_name: String::new(),
        kind: Some(kind),
    }
}

pub(super) fn when(node_id: &str, expression: &str, yes: &str, no: &str) -> Node {
    condition(
        node_id,
        condition_node::Test::Expression(expression.to_owned()),
        yes,
        no,
    )
}

pub(super) fn belongs(node_id: &str, segment_code: &str, yes: &str, no: &str) -> Node {
    condition(
        node_id,
        condition_node::Test::SegmentCode(segment_code.to_owned()),
        yes,
        no,
    )
}

fn condition(node_id: &str, test: condition_node::Test, yes: &str, no: &str) -> Node {
    let condition = ConditionNode {
        true_node_id: yes.to_owned(),
        false_node_id: no.to_owned(),
        test: Some(test),
    };
    node(node_id, node::Kind::Condition(condition))
}

pub(super) fn wait(node_id: &str, duration: i64, next: &str) -> Node {
    node(
        node_id,
        node::Kind::Wait(WaitNode {
            duration: Some(seconds(duration)),
            next_node_id: next.to_owned(),
        }),
    )
}

pub(super) fn until(node_id: &str, fact: FactPattern, timeout: i64, arrived: &str, timed_out: &str) -> Node {
    let wait = WaitUntilNode {
        fact: Some(fact),
        timeout: Some(seconds(timeout)),
        arrived_node_id: arrived.to_owned(),
        timeout_node_id: timed_out.to_owned(),
    };
    node(node_id, node::Kind::WaitUntil(wait))
}

pub(super) fn grant(node_id: &str, asset_code: &str, amount: i64, next: &str) -> Node {
    let grant = GrantPointsNode {
        asset_code: asset_code.to_owned(),
        amount,
        next_node_id: next.to_owned(),
        refused_node_id: String::new(),
    };
    node(node_id, node::Kind::GrantPoints(grant))
}

pub(super) fn issue(node_id: &str, template_code: &str, next: &str, refused: &str) -> Node {
    let issue = IssueCouponNode {
        template_code: template_code.to_owned(),
        next_node_id: next.to_owned(),
        refused_node_id: refused.to_owned(),
    };
    node(node_id, node::Kind::IssueCoupon(issue))
}

pub(super) fn tag(node_id: &str, tag_code: &str, next: &str) -> Node {
    let assign = AssignTagNode {
        tag_code: tag_code.to_owned(),
        value: Some(TagValue {
            kind: Some(tag_value::Kind::BoolValue(true)),
        }),
        lifetime: Some(seconds(30 * DAY)),
        next_node_id: next.to_owned(),
        refused_node_id: String::new(),
    };
    node(node_id, node::Kind::AssignTag(assign))
}

pub(super) fn exit(node_id: &str) -> Node {
    node(
        node_id,
        node::Kind::Exit(ExitNode {
            outcome_code: node_id.to_owned(),
        }),
    )
}
