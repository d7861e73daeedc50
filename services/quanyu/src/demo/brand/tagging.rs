//! Tags and segments.

use contracts_tagging::v1::condition::Kind as ConditionKind;
use contracts_tagging::v1::tag_value::Kind as ValueKind;
use contracts_tagging::v1::{
    Aggregate, Comparison, Computation, Condition, ConditionList, CreateSegmentRequest, CreateTagRequest, Operand,
    ProfileCondition, ProfileField, Segment, Tag, TagCondition, TagMutability, TagSourceKind, TagValue, TagValueType,
};
use fault::Fault;

use super::CURRENCY;
use crate::api::{Api, patiently};

/// A tag that is counted from orders: code, name, what is made of what, over how many days.
const COMPUTED: [(&str, &str, Aggregate, Operand, i32); 5] = [
    ("order_count", "Orders", Aggregate::Count, Operand::Unspecified, 0),
    ("sales_sum", "Sales", Aggregate::Sum, Operand::Amount, 0),
    (
        "orders_90d",
        "Orders in 90 days",
        Aggregate::Count,
        Operand::Unspecified,
        90,
    ),
    ("last_order_time", "Last order", Aggregate::Last, Operand::OccurTime, 0),
    (
        "first_channel",
        "First channel",
        Aggregate::First,
        Operand::ChannelCode,
        0,
    ),
];

pub(super) async fn create(api: &Api) -> Result<(), Fault> {
    let stage = Tag {
        tag_code: "stage".to_owned(),
        display_name: "Stage of life".to_owned(),
        group: "Lifecycle".to_owned(),
        description: "Assigned by the lifecycle journey.".to_owned(),
        value_type: TagValueType::String.into(),
        mutability: TagMutability::Dynamic.into(),
        source_kind: TagSourceKind::Manual.into(),
        ..Tag::default()
    };
    for tag in COMPUTED.into_iter().map(computed).chain([stage]) {
        let request = CreateTagRequest {
            request_id: format!("tag-{}", tag.tag_code),
            tag: Some(tag),
        };
        patiently(async || api.tags().create_tag(request.clone()).await).await?;
    }
    for (code, name, condition) in segments() {
        let segment = Segment {
            segment_code: code.to_owned(),
            display_name: name.to_owned(),
            condition: Some(condition),
            ..Segment::default()
        };
        let request = CreateSegmentRequest {
            request_id: format!("segment-{code}"),
            segment: Some(segment),
        };
        patiently(async || api.segments().create_segment(request.clone()).await).await?;
    }
    Ok(())
}

fn computed((code, name, aggregate, operand, window_days): (&str, &str, Aggregate, Operand, i32)) -> Tag {
    let currency = if operand == Operand::Amount { CURRENCY } else { "" };
    let computation = Computation {
        aggregate: aggregate.into(),
        operand: operand.into(),
        activity_types: vec!["order_paid".to_owned()],
        currency_code: currency.to_owned(),
        window_days,
        ..Computation::default()
    };
    Tag {
        tag_code: code.to_owned(),
        display_name: name.to_owned(),
        group: "Purchase".to_owned(),
        mutability: TagMutability::Dynamic.into(),
        source_kind: TagSourceKind::Computed.into(),
        computation: Some(computation),
        ..Tag::default()
    }
}

fn segments() -> Vec<(&'static str, &'static str, Condition)> {
    let at_least = |code, value| tag(code, Comparison::AtLeast, Some(value));
    let is_set = |code| tag(code, Comparison::IsSet, None);
    vec![
        (
            "one_time",
            "Bought once",
            tag("order_count", Comparison::Equals, Some(1)),
        ),
        ("repeat", "Bought again", at_least("order_count", 2)),
        (
            "loyal",
            "Loyal: 5 orders and 200 dollars",
            all([at_least("order_count", 5), at_least("sales_sum", 20_000)]),
        ),
        ("active", "Bought in the last 90 days", is_set("orders_90d")),
        (
            "dormant",
            "Has bought, but not in 90 days",
            all([is_set("order_count"), not(is_set("orders_90d"))]),
        ),
        (
            "top_tiers",
            "Gold and diamond",
            profile(ProfileField::TierCode, &["gold", "diamond"]),
        ),
        (
            "wechat_and_more",
            "In the mini program and elsewhere",
            all([
                profile(ProfileField::ChannelCodes, &["wechat_mini"]),
                profile(ProfileField::ChannelCodes, &["tmall", "pos"]),
            ]),
        ),
    ]
}

fn tag(code: &str, comparison: Comparison, value: Option<i64>) -> Condition {
    let values = value
        .map(|value| TagValue {
            kind: Some(ValueKind::IntValue(value)),
        })
        .into_iter()
        .collect();
    let condition = TagCondition {
        tag_code: code.to_owned(),
        comparison: comparison.into(),
        values,
    };
    Condition {
        kind: Some(ConditionKind::Tag(condition)),
    }
}

fn profile(field: ProfileField, values: &[&str]) -> Condition {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Condition {
        kind: Some(ConditionKind::Profile(ProfileCondition {
            field: field.into(),
            values,
        })),
    }
}

fn all(conditions: impl IntoIterator<Item = Condition>) -> Condition {
    Condition {
        kind: Some(ConditionKind::All(ConditionList {
            conditions: conditions.into_iter().collect(),
        })),
    }
}

fn not(condition: Condition) -> Condition {
    Condition {
        kind: Some(ConditionKind::Not(Box::new(condition))),
    }
}
