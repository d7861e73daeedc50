pub(crate) mod consumers;
mod enter;
mod hear;
pub(crate) mod heard;
pub(crate) mod listeners;
mod wire;

use std::collections::BTreeMap;
use std::fmt;

use contracts_identity::v1 as identity;
use contracts_points::v1 as points;
use contracts_rights::v1 as rights;
use contracts_tagging::v1 as tagging;
use events::Envelope;
use fault::Fault;
use kernel::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use wire::{Content, JourneyFact};

/// The facts that let members enter journeys, or that journeys wait for: this table and nothing else says which. A name
/// stands for a message of the contracts that is a [`JourneyFact`].
///
/// The types, the streams that are listened to ([`consumers::STREAMS`]) and the reading of messages follow from it.
macro_rules! journey_facts {
    ($($fact_type:ident = $message:ty;)+) => {
        /// The type of a fact that journeys hear.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum FactType {
            $($fact_type),+
        }

        impl FactType {
            pub(crate) const ALL: &[Self] = &[$(Self::$fact_type),+];

            /// The name under which the fact is published.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$fact_type => <$message as kernel::Fact>::TYPE),+
                }
            }

            /// Whether a pattern has to name a code.
            pub(crate) const fn needs_code(self) -> bool {
                match self {
                    $(Self::$fact_type => <$message as JourneyFact>::NEEDS_CODE),+
                }
            }

            /// The fields that conditions see, beside `happen_time`, which every fact has.
            pub(crate) const fn fields(self) -> &'static [(&'static str, FieldType)] {
                match self {
                    $(Self::$fact_type => <$message as JourneyFact>::FIELDS),+
                }
            }

            /// The message of a fact of this type.
            fn content(self, envelope: &Envelope) -> Result<Content, Fault> {
                match self {
                    $(Self::$fact_type => envelope.decode::<$message>().map(JourneyFact::content)),+
                }
            }
        }
    };
}

journey_facts! {
    MemberRegistered = identity::MemberRegistered;
    ActivityRecorded = tagging::ActivityRecorded;
    TagChanged = tagging::TagChanged;
    SegmentEntered = tagging::SegmentEntered;
    SegmentLeft = tagging::SegmentLeft;
    PointsEarned = points::PointsEarned;
    PointsRedeemed = points::PointsRedeemed;
    PointsExpired = points::PointsExpired;
    TierChanged = rights::TierChanged;
    CouponIssued = rights::CouponIssued;
    CouponRedeemed = rights::CouponRedeemed;
    CouponExpired = rights::CouponExpired;
}

impl FactType {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact_type| fact_type.name() == name)
    }

    /// Whether its amount is money, of a currency. That of points is of the asset which the fact names.
    pub(crate) fn has_money(self) -> bool {
        self.fields().iter().any(|(name, _)| *name == "currency_code")
    }
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
    /// The code of its subject: the activity's type, the segment, the asset and so on.
    pub(crate) code: String,
    /// When the platform learnt of it: the one measure of time that all facts share.
    pub(crate) happen_time: Time,
    pub(crate) fields: Fields,
    /// The id of its entry, activity or coupon, for the path of a run; empty where it has none.
    pub(crate) reference: String,
}

/// The part of a pattern by which facts are looked up: the type, and the code or nothing for any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FactKey {
    pub(crate) kind: FactType,
    pub(crate) code: String,
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
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_is_found_by_its_name_and_every_key_by_its_text() {
        for fact_type in FactType::ALL.iter().copied() {
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
        for fact_type in FactType::ALL.iter().copied() {
            assert!(fact_type.fields().iter().all(|(name, _)| *name != HAPPEN_TIME));
        }
    }

    /// A fact that the contract offers and nobody hears is a journey that never begins, and says nothing of it.
    #[test]
    fn every_fact_that_a_pattern_may_name_is_heard_and_no_other() {
        let contracts = contracts_campaign::CONTRACT.descriptors();
        let pattern = contracts.get_message_by_name("quanyu.campaign.v1.FactPattern").unwrap();
        let options = pattern.get_field_by_name("fact_type").unwrap().options();
        let rules = contracts.get_extension_by_name("buf.validate.field").unwrap();
        let rules = options.get_extension(&rules).into_owned();
        let texts = rules
            .as_message()
            .unwrap()
            .get_field_by_name("string")
            .unwrap()
            .into_owned();
        let offered = texts
            .as_message()
            .unwrap()
            .get_field_by_name("in")
            .unwrap()
            .into_owned();
        let offered: BTreeSet<&str> = offered
            .as_list()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();

        let known: BTreeSet<&str> = FactType::ALL.iter().map(|fact_type| fact_type.name()).collect();
        assert_eq!(
            offered, known,
            "the types of journey_facts! are those of FactPattern.fact_type"
        );
        for name in offered {
            let listen = |stream: &&consumers::Stream| name.starts_with(&format!("{}.", stream.producer()));
            let streams: Vec<&consumers::Stream> = consumers::STREAMS.iter().filter(listen).collect();
            assert_eq!(streams.len(), 1, "{name} has one stream");
            assert!(streams[0].types().contains(&name), "{name} is heard");
        }
    }
}
