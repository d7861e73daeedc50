pub(crate) mod consumers;
mod enter;
mod hear;
pub(crate) mod heard;
pub(crate) mod listeners;
mod wire;

use std::collections::BTreeMap;
use std::fmt;

use kernel::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The types of facts that let members enter journeys, or that journeys wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum FactType {
    MemberRegistered,
    ActivityRecorded,
    TagChanged,
    SegmentEntered,
    SegmentLeft,
    PointsEarned,
    PointsRedeemed,
    PointsExpired,
    TierChanged,
    CouponIssued,
    CouponRedeemed,
}

/// The type of a fact's field, as conditions see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldType {
    Text,
    Int,
    Bool,
    Time,
    TextMap,
}

/// The value of a fact's field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldValue {
    Text(String),
    Int(i64),
    Bool(bool),
    /// Microseconds since 1970.
    Time(i64),
    TextMap(BTreeMap<String, String>),
}

/// A fact's fields by name: exactly those that [`FactType::fields`] declares.
pub(crate) type Fields = BTreeMap<String, FieldValue>;

/// Something that happened to a member, as far as journeys need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) id: Uuid,
    pub(crate) kind: FactType,
    /// What it is about: the activity's type, the segment, the asset and so on.
    pub(crate) code: String,
    /// When the platform learnt of it: the one measure of time that all facts share.
    pub(crate) happen_time: Time,
    pub(crate) fields: Fields,
    /// What the fact speaks of, by its id, for the path of a run; empty where it has none.
    pub(crate) reference: String,
}

/// The part of a pattern by which facts are looked up: the type, and the code or nothing for any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FactKey {
    pub(crate) kind: FactType,
    pub(crate) code: String,
}

impl FactType {
    pub(crate) const ALL: [Self; 11] = [
        Self::MemberRegistered,
        Self::ActivityRecorded,
        Self::TagChanged,
        Self::SegmentEntered,
        Self::SegmentLeft,
        Self::PointsEarned,
        Self::PointsRedeemed,
        Self::PointsExpired,
        Self::TierChanged,
        Self::CouponIssued,
        Self::CouponRedeemed,
    ];

    /// The name under which the fact is published.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::MemberRegistered => "identity.member_registered",
            Self::ActivityRecorded => "tagging.activity_recorded",
            Self::TagChanged => "tagging.tag_changed",
            Self::SegmentEntered => "tagging.segment_entered",
            Self::SegmentLeft => "tagging.segment_left",
            Self::PointsEarned => "points.earned",
            Self::PointsRedeemed => "points.redeemed",
            Self::PointsExpired => "points.expired",
            Self::TierChanged => "rights.tier_changed",
            Self::CouponIssued => "rights.coupon_issued",
            Self::CouponRedeemed => "rights.coupon_redeemed",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact_type| fact_type.name() == name)
    }

    /// Whether a pattern has to name a code: what is too frequent, or means nothing without one.
    pub(crate) const fn needs_code(self) -> bool {
        match self {
            Self::ActivityRecorded | Self::TagChanged | Self::SegmentEntered | Self::SegmentLeft => true,
            Self::MemberRegistered
            | Self::PointsEarned
            | Self::PointsRedeemed
            | Self::PointsExpired
            | Self::TierChanged
            | Self::CouponIssued
            | Self::CouponRedeemed => false,
        }
    }

    /// Whether its amount is money, of a currency. That of points is of the asset which the fact names.
    pub(crate) fn has_money(self) -> bool {
        self.fields().iter().any(|(name, _)| *name == "currency_code")
    }

    /// The fields that conditions see, beside `happen_time`, which every fact has.
    pub(crate) const fn fields(self) -> &'static [(&'static str, FieldType)] {
        use FieldType::{Bool, Int, Text, TextMap, Time};
        match self {
            Self::MemberRegistered => &[
                ("channel_code", Text),
                ("gender", Text),
                ("province", Text),
                ("city", Text),
            ],
            Self::ActivityRecorded => &[
                ("activity_type", Text),
                ("channel_code", Text),
                ("source_id", Text),
                ("currency_code", Text),
                ("amount", Int),
                ("items_count", Int),
                ("occur_time", Time),
                ("attributes", TextMap),
            ],
            Self::TagChanged => &[("tag_code", Text), ("value", Text), ("removed", Bool)],
            Self::SegmentEntered | Self::SegmentLeft => &[("segment_code", Text)],
            Self::PointsEarned => &[
                ("asset_code", Text),
                ("rule_code", Text),
                ("amount", Int),
                ("balance", Int),
            ],
            Self::PointsRedeemed | Self::PointsExpired => &[("asset_code", Text), ("amount", Int), ("balance", Int)],
            Self::TierChanged => &[("from_tier_code", Text), ("to_tier_code", Text), ("growth_value", Int)],
            Self::CouponIssued => &[("coupon_id", Text), ("template_code", Text)],
            Self::CouponRedeemed => &[("coupon_id", Text), ("template_code", Text), ("order_id", Text)],
        }
    }
}

/// The field that every fact has: when the platform learnt of it.
pub(crate) const HAPPEN_TIME: &str = "happen_time";

impl Fact {
    /// The keys under which the fact is looked for: its own, and the one that takes any code.
    pub(crate) fn keys(&self) -> [FactKey; 2] {
        let any = FactKey {
            kind: self.kind,
            code: String::new(),
        };
        [
            FactKey {
                kind: self.kind,
                code: self.code.clone(),
            },
            any,
        ]
    }
}

impl FactKey {
    /// Whether the fact has this key.
    pub(crate) fn covers(&self, fact: &Fact) -> bool {
        self.kind == fact.kind && (self.code.is_empty() || self.code == fact.code)
    }

    /// Reads the text form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, code) = text.split_once('/')?;
        Some(Self {
            kind: FactType::parse(name)?,
            code: code.to_owned(),
        })
    }
}

/// The text form: `tagging.activity_recorded/order_paid`.
impl fmt::Display for FactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.name(), self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_every_key_by_its_text() {
        for fact_type in FactType::ALL {
            assert_eq!(FactType::parse(fact_type.name()), Some(fact_type));
            let key = FactKey {
                kind: fact_type,
                code: "gold".to_owned(),
            };
            assert_eq!(FactKey::parse(&key.to_string()), Some(key));
        }
    }

    #[test]
    fn no_fact_declares_the_field_that_all_have() {
        for fact_type in FactType::ALL {
            assert!(fact_type.fields().iter().all(|(name, _)| *name != HAPPEN_TIME));
        }
    }
}
