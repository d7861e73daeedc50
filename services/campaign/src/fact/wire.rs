use std::collections::BTreeMap;

use contracts::identity::v1::MemberRegistered;
use contracts::points::v1::{PointsEarned, PointsExpired, PointsRedeemed};
use contracts::rights::v1::{CouponIssued, CouponRedeemed, TierChanged};
use contracts::tagging::v1::{ActivityRecorded, SegmentEntered, SegmentLeft, TagChanged, TagValue, tag_value};
use events::Envelope;
use fault::Fault;
use kernel::Time;

use super::{Fact, FactType, FieldValue, Fields};
use crate::run::MemberId;

/// Reads what a peer has published: whom it is about, and what journeys need of it.
pub(crate) fn read(envelope: &Envelope, fact_type: FactType) -> Result<(MemberId, Fact), Fault> {
    let told = match fact_type {
        FactType::MemberRegistered => member_registered(envelope.decode()?),
        FactType::ActivityRecorded => activity_recorded(envelope.decode()?),
        FactType::TagChanged => tag_changed(envelope.decode()?),
        FactType::SegmentEntered => {
            let SegmentEntered {
                segment_code,
                member_id,
                ..
            } = envelope.decode()?;
            Told::of(member_id, segment_code.clone()).text("segment_code", segment_code)
        }
        FactType::SegmentLeft => {
            let SegmentLeft {
                segment_code,
                member_id,
                ..
            } = envelope.decode()?;
            Told::of(member_id, segment_code.clone()).text("segment_code", segment_code)
        }
        FactType::PointsEarned => points_earned(envelope.decode()?),
        FactType::PointsRedeemed => {
            let PointsRedeemed {
                entry_id,
                member_id,
                asset_code,
                amount,
                balance,
                ..
            } = envelope.decode()?;
            spent(entry_id, member_id, asset_code, amount, balance)
        }
        FactType::PointsExpired => {
            let PointsExpired {
                entry_id,
                member_id,
                asset_code,
                amount,
                balance,
                ..
            } = envelope.decode()?;
            spent(entry_id, member_id, asset_code, amount, balance)
        }
        FactType::TierChanged => tier_changed(envelope.decode()?),
        FactType::CouponIssued => coupon_issued(envelope.decode()?),
        FactType::CouponRedeemed => coupon_redeemed(envelope.decode()?),
    };
    let member = told.member_id.parse().map_err(|error| {
        Fault::internal(format!(
            "the fact {} of {} names no member: {error}",
            envelope.id,
            fact_type.name()
        ))
    })?;
    let Told {
        code,
        fields,
        reference,
        ..
    } = told;
    Ok((
        member,
        Fact {
            id: envelope.id,
            kind: fact_type,
            code,
            happen_time: envelope.occur_time,
            fields,
            reference,
        },
    ))
}

/// What a fact tells, as it is gathered.
struct Told {
    member_id: String,
    code: String,
    fields: Fields,
    reference: String,
}

impl Told {
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

fn member_registered(fact: MemberRegistered) -> Told {
    let profile = fact.profile.unwrap_or_default();
    Told::of(fact.member_id, fact.channel_code.clone())
        .text("channel_code", fact.channel_code)
        .text("gender", profile.gender)
        .text("province", profile.province)
        .text("city", profile.city)
}

fn activity_recorded(fact: ActivityRecorded) -> Told {
    let activity = fact.activity.unwrap_or_default();
    let money = activity.amount.unwrap_or_default();
    let occur_time = activity.occur_time.as_ref().map(Time::from_record).unwrap_or_default();
    Told::of(activity.member_id, activity.activity_type.clone())
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

fn tag_changed(fact: TagChanged) -> Told {
    let removed = fact.value.is_none();
    Told::of(fact.member_id, fact.tag_code.clone())
        .text("tag_code", fact.tag_code)
        .text("value", written(fact.value))
        .field("removed", FieldValue::Bool(removed))
}

fn points_earned(fact: PointsEarned) -> Told {
    Told::of(fact.member_id, fact.asset_code.clone())
        .text("asset_code", fact.asset_code)
        .text("rule_code", fact.rule_code)
        .int("amount", fact.amount)
        .int("balance", fact.balance)
        .reference(fact.entry_id)
}

fn spent(entry_id: String, member_id: String, asset_code: String, amount: i64, balance: i64) -> Told {
    Told::of(member_id, asset_code.clone())
        .text("asset_code", asset_code)
        .int("amount", amount)
        .int("balance", balance)
        .reference(entry_id)
}

fn tier_changed(fact: TierChanged) -> Told {
    Told::of(fact.member_id, fact.to_tier_code.clone())
        .text("from_tier_code", fact.from_tier_code)
        .text("to_tier_code", fact.to_tier_code)
        .int("growth_value", fact.growth_value)
}

fn coupon_issued(fact: CouponIssued) -> Told {
    Told::of(fact.member_id, fact.template_code.clone())
        .text("coupon_id", fact.coupon_id.clone())
        .text("template_code", fact.template_code)
        .reference(fact.coupon_id)
}

fn coupon_redeemed(fact: CouponRedeemed) -> Told {
    Told::of(fact.member_id, fact.template_code.clone())
        .text("coupon_id", fact.coupon_id.clone())
        .text("template_code", fact.template_code)
        .text("order_id", fact.order_id)
        .reference(fact.coupon_id)
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
