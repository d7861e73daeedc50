use std::collections::BTreeMap;

use contracts_identity::v1::MemberRegistered;
use contracts_points::v1::{PointsEarned, PointsExpired, PointsRedeemed};
use contracts_rights::v1::{CouponExpired, CouponIssued, CouponRedeemed, TierChanged};
use contracts_tagging::v1::{ActivityRecorded, SegmentEntered, SegmentLeft, TagChanged, TagValue, tag_value};
use events::Envelope;
use fault::Fault;
use kernel::Time;
use prost::Message;

use super::{Fact, FactType, FieldType, FieldValue, Fields};
use crate::run::MemberId;

/// A message of the contracts that tells journeys of a member.
pub(super) trait JourneyFact: kernel::Fact + Message + Default {
    /// Whether a pattern has to name a code: facts that are too frequent, or mean nothing without one.
    const NEEDS_CODE: bool;
    /// The fields that conditions see: exactly those that [`JourneyFact::content`] gives.
    const FIELDS: &[(&str, FieldType)];

    fn content(self) -> Content;
}

/// Reads a fact that a peer has published, and the member whom it is about.
pub(crate) fn read(envelope: &Envelope, fact_type: FactType) -> Result<(MemberId, Fact), Fault> {
    let Content {
        member_id,
        code,
        fields,
        reference,
    } = fact_type.content(envelope)?;
    let member = member_id.parse().map_err(|error| {
        Fault::internal(format!(
            "the fact {} of {} names no member: {error}",
            envelope.id,
            fact_type.name()
        ))
    })?;
    let fact = Fact {
        id: envelope.id,
        kind: fact_type,
        code,
        happen_time: envelope.occur_time,
        fields,
        reference,
    };
    Ok((member, fact))
}

/// The content of a fact, as far as journeys need it: the member, the code, the fields and the reference.
pub(super) struct Content {
    member_id: String,
    code: String,
    fields: Fields,
    reference: String,
}

impl Content {
    fn of(member_id: String, code: String) -> Self {
        Self {
            member_id,
            code,
            fields: BTreeMap::new(),
            reference: String::new(),
        }
    }

    fn text(self, name: &str, value: String) -> Self {
        self.field(name, FieldValue::Text(value))
    }

    fn int(self, name: &str, value: i64) -> Self {
        self.field(name, FieldValue::Int(value))
    }

    fn field(mut self, name: &str, value: FieldValue) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    fn reference(self, reference: String) -> Self {
        Self { reference, ..self }
    }
}

impl JourneyFact for MemberRegistered {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[
        ("channel_code", FieldType::Text),
        ("gender", FieldType::Text),
        ("province", FieldType::Text),
        ("city", FieldType::Text),
    ];

    fn content(self) -> Content {
        let profile = self.profile.unwrap_or_default();
        Content::of(self.member_id, self.channel_code.clone())
            .text("channel_code", self.channel_code)
            .text("gender", profile.gender)
            .text("province", profile.province)
            .text("city", profile.city)
    }
}

impl JourneyFact for ActivityRecorded {
    const NEEDS_CODE: bool = true;
    const FIELDS: &[(&str, FieldType)] = &[
        ("activity_type", FieldType::Text),
        ("channel_code", FieldType::Text),
        ("source_id", FieldType::Text),
        ("currency_code", FieldType::Text),
        ("amount", FieldType::Int),
        ("items_count", FieldType::Int),
        ("occur_time", FieldType::Time),
        ("attributes", FieldType::TextMap),
    ];

    fn content(self) -> Content {
        let activity = self.activity.unwrap_or_default();
        let money = activity.amount.unwrap_or_default();
        let occur_time = activity.occur_time.as_ref().map(Time::from_record).unwrap_or_default();
        Content::of(activity.member_id, activity.activity_type.clone())
            .text("activity_type", activity.activity_type)
            .text("channel_code", activity.channel_code)
            .text("source_id", activity.source_id)
            .text("currency_code", money.currency_code)
            .int("amount", money.minor_units)
            .int("items_count", i64::try_from(activity.items.len()).unwrap_or(i64::MAX))
            .field("occur_time", FieldValue::Time(occur_time.micros()))
            .field("attributes", FieldValue::TextMap(activity.attributes))
            .reference(activity.activity_id)
    }
}

impl JourneyFact for TagChanged {
    const NEEDS_CODE: bool = true;
    const FIELDS: &[(&str, FieldType)] = &[
        ("tag_code", FieldType::Text),
        ("value", FieldType::Text),
        ("removed", FieldType::Bool),
    ];

    fn content(self) -> Content {
        let removed = self.value.is_none();
        Content::of(self.member_id, self.tag_code.clone())
            .text("tag_code", self.tag_code)
            .text("value", written(self.value))
            .field("removed", FieldValue::Bool(removed))
    }
}

impl JourneyFact for SegmentEntered {
    const NEEDS_CODE: bool = true;
    const FIELDS: &[(&str, FieldType)] = &[("segment_code", FieldType::Text)];

    fn content(self) -> Content {
        Content::of(self.member_id, self.segment_code.clone()).text("segment_code", self.segment_code)
    }
}

impl JourneyFact for SegmentLeft {
    const NEEDS_CODE: bool = true;
    const FIELDS: &[(&str, FieldType)] = &[("segment_code", FieldType::Text)];

    fn content(self) -> Content {
        Content::of(self.member_id, self.segment_code.clone()).text("segment_code", self.segment_code)
    }
}

impl JourneyFact for PointsEarned {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[
        ("asset_code", FieldType::Text),
        ("rule_code", FieldType::Text),
        ("amount", FieldType::Int),
        ("balance", FieldType::Int),
    ];

    fn content(self) -> Content {
        Content::of(self.member_id, self.asset_code.clone())
            .text("asset_code", self.asset_code)
            .text("rule_code", self.rule_code)
            .int("amount", self.amount)
            .int("balance", self.balance)
            .reference(self.entry_id)
    }
}

impl JourneyFact for PointsRedeemed {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[
        ("asset_code", FieldType::Text),
        ("amount", FieldType::Int),
        ("balance", FieldType::Int),
    ];

    fn content(self) -> Content {
        spent(
            self.entry_id,
            self.member_id,
            self.asset_code,
            self.amount,
            self.balance,
        )
    }
}

impl JourneyFact for PointsExpired {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[
        ("asset_code", FieldType::Text),
        ("amount", FieldType::Int),
        ("balance", FieldType::Int),
    ];

    fn content(self) -> Content {
        spent(
            self.entry_id,
            self.member_id,
            self.asset_code,
            self.amount,
            self.balance,
        )
    }
}

impl JourneyFact for TierChanged {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[
        ("from_tier_code", FieldType::Text),
        ("to_tier_code", FieldType::Text),
        ("growth_value", FieldType::Int),
    ];

    fn content(self) -> Content {
        Content::of(self.member_id, self.to_tier_code.clone())
            .text("from_tier_code", self.from_tier_code)
            .text("to_tier_code", self.to_tier_code)
            .int("growth_value", self.growth_value)
    }
}

impl JourneyFact for CouponIssued {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[("coupon_id", FieldType::Text), ("template_code", FieldType::Text)];

    fn content(self) -> Content {
        Content::of(self.member_id, self.template_code.clone())
            .text("coupon_id", self.coupon_id.clone())
            .text("template_code", self.template_code)
            .reference(self.coupon_id)
    }
}

impl JourneyFact for CouponRedeemed {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[
        ("coupon_id", FieldType::Text),
        ("template_code", FieldType::Text),
        ("order_id", FieldType::Text),
    ];

    fn content(self) -> Content {
        Content::of(self.member_id, self.template_code.clone())
            .text("coupon_id", self.coupon_id.clone())
            .text("template_code", self.template_code)
            .text("order_id", self.order_id)
            .reference(self.coupon_id)
    }
}

impl JourneyFact for CouponExpired {
    const NEEDS_CODE: bool = false;
    const FIELDS: &[(&str, FieldType)] = &[("coupon_id", FieldType::Text), ("template_code", FieldType::Text)];

    fn content(self) -> Content {
        Content::of(self.member_id, self.template_code.clone())
            .text("coupon_id", self.coupon_id.clone())
            .text("template_code", self.template_code)
            .reference(self.coupon_id)
    }
}

/// Points that left an account.
fn spent(entry_id: String, member_id: String, asset_code: String, amount: i64, balance: i64) -> Content {
    Content::of(member_id, asset_code.clone())
        .text("asset_code", asset_code)
        .int("amount", amount)
        .int("balance", balance)
        .reference(entry_id)
}

/// A tag's value as a text.
fn written(value: Option<TagValue>) -> String {
    use tag_value::Kind;
    match value.and_then(|value| value.kind) {
        Some(Kind::BoolValue(value)) => value.to_string(),
        Some(Kind::IntValue(value)) => value.to_string(),
        Some(Kind::StringValue(value)) => value,
        Some(Kind::TimeValue(value)) => Time::from_record(&value).to_string(),
        None => String::new(),
    }
}
