//! The journey from the first hello to loyalty: welcome -> first order -> repeat -> loyal.

use contracts_campaign::v1::node::Kind;
use contracts_campaign::v1::{
    AssignTagNode, CreateJourneyRequest, ExitNode, FactPattern, GrantPointsNode, IssueCouponNode, Journey,
    JourneyDefinition, Node, PublishJourneyRequest, ReentryRule, WaitUntilNode,
};
use contracts_tagging::v1::TagValue;
use contracts_tagging::v1::tag_value::Kind as ValueKind;
use fault::Fault;
use prost_types::Duration;

use super::POINTS;
use crate::api::{Api, patiently};

/// The journey's code.
pub(in crate::demo) const JOURNEY: &str = "lifecycle";
/// What the first order earns besides.
const FIRST_ORDER_POINTS: i64 = 20;

/// The nodes and what they are called in the report, in the order in which members come to them.
pub(in crate::demo) const NODES: [(&str, &str); 12] = [
    ("welcome", "Welcome: coupon"),
    ("await_first", "Wait for the first order, 60 days"),
    ("thank", "First order: 20 points"),
    ("tag_first", "Tag: first"),
    ("await_repeat", "Wait for the second order, 180 days"),
    ("encourage", "Second order: coupon"),
    ("tag_repeat", "Tag: repeat"),
    ("await_loyal", "Wait until loyal, 365 days"),
    ("reward", "Loyal: gift"),
    ("tag_loyal", "Tag: loyal"),
    ("loyal", "End: loyal"),
    ("lapsed", "End: lapsed"),
];

pub(super) async fn create(api: &Api) -> Result<(), Fault> {
    let journey = Journey {
        code: JOURNEY.to_owned(),
        display_name: "From welcome to loyal".to_owned(),
        definition: Some(definition()),
        ..Journey::default()
    };
    let create = CreateJourneyRequest {
        request_id: "journey".to_owned(),
        journey: Some(journey),
    };
    patiently(async || api.journeys().create_journey(create.clone()).await).await?;
    let publish = PublishJourneyRequest {
        request_id: "journey-publish".to_owned(),
        journey_code: JOURNEY.to_owned(),
        etag: String::new(),
    };
    patiently(async || api.journeys().publish_journey(publish.clone()).await).await?;
    Ok(())
}

fn definition() -> JourneyDefinition {
    JourneyDefinition {
        trigger: Some(pattern("identity.member_registered", "")),
        reentry_rule: ReentryRule::Once.into(),
        first_node_id: "welcome".to_owned(),
        nodes: NODES.into_iter().map(|(id, name)| node(id, name)).collect(),
    }
}

fn node(id: &str, name: &str) -> Node {
    let kind = match id {
        "welcome" => coupon("welcome", "await_first"),
        "await_first" => wait(pattern("tagging.activity_recorded", "order_paid"), 60, "thank"),
        "thank" => Kind::GrantPoints(GrantPointsNode {
            asset_code: POINTS.to_owned(),
            amount: FIRST_ORDER_POINTS,
            next_node_id: "tag_first".to_owned(),
            refused_node_id: String::new(),
        }),
        "tag_first" => stage("first", "await_repeat"),
        "await_repeat" => wait(pattern("tagging.activity_recorded", "order_paid"), 180, "encourage"),
        "encourage" => coupon("repeat", "tag_repeat"),
        "tag_repeat" => stage("repeat", "await_loyal"),
        "await_loyal" => wait(pattern("tagging.segment_entered", "loyal"), 365, "reward"),
        "reward" => coupon("loyal", "tag_loyal"),
        "tag_loyal" => stage("loyal", "loyal"),
        end => Kind::Exit(ExitNode {
            outcome_code: end.to_owned(),
        }),
    };
    Node {
        node_id: id.to_owned(),
        display_name: name.to_owned(),
        kind: Some(kind),
    }
}

fn pattern(fact_type: &str, code: &str) -> FactPattern {
    FactPattern {
        fact_type: fact_type.to_owned(),
        code: code.to_owned(),
        condition: String::new(),
    }
}

fn wait(fact: FactPattern, days: i64, arrived: &str) -> Kind {
    Kind::WaitUntil(WaitUntilNode {
        fact: Some(fact),
        timeout: Some(Duration {
            seconds: days.saturating_mul(24 * 60 * 60),
            nanos: 0,
        }),
        arrived_node_id: arrived.to_owned(),
        timeout_node_id: "lapsed".to_owned(),
    })
}

fn coupon(template: &str, next: &str) -> Kind {
    Kind::IssueCoupon(IssueCouponNode {
        template_code: template.to_owned(),
        next_node_id: next.to_owned(),
        refused_node_id: String::new(),
    })
}

fn stage(value: &str, next: &str) -> Kind {
    Kind::AssignTag(AssignTagNode {
        tag_code: "stage".to_owned(),
        value: Some(TagValue {
            kind: Some(ValueKind::StringValue(value.to_owned())),
        }),
        lifetime: None,
        next_node_id: next.to_owned(),
        refused_node_id: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_way_leads_to_a_node_of_the_journey() {
        let definition = definition();
        let ids: BTreeSet<&str> = definition.nodes.iter().map(|node| node.node_id.as_str()).collect();
        for node in &definition.nodes {
            let next: Vec<&str> = match node.kind.as_ref().unwrap() {
                Kind::WaitUntil(wait) => vec![&wait.arrived_node_id, &wait.timeout_node_id],
                Kind::GrantPoints(grant) => vec![&grant.next_node_id],
                Kind::IssueCoupon(issue) => vec![&issue.next_node_id],
                Kind::AssignTag(assign) => vec![&assign.next_node_id],
                Kind::Condition(_) | Kind::Wait(_) | Kind::Exit(_) => vec![],
            };
            assert!(next.iter().all(|next| ids.contains(next)), "{}", node.node_id);
        }
    }
}
