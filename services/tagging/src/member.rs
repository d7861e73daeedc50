//! Members: the part of the profile that conditions may look at, merges and their undo, and the revision of all that is
//! kept of them.

mod absorptions;
pub(crate) mod finding;
pub(crate) mod follow_members;
pub(crate) mod follow_tiers;
pub(crate) mod people;
pub(crate) mod refusals;
pub(crate) mod revision;
pub(crate) mod rows;
pub mod subject;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

use events::Envelope;
use kernel::{Id, Kind, Tenant, Time};

/// In how many channels a member's activity is told apart; channels beyond are not counted into overlaps.
pub const ACTIVE_CHANNELS_MAX: usize = 32;

/// The kind of a member's id.
#[derive(Debug)]
pub enum MemberKind {}

impl Kind for MemberKind {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// A member's id, as identity gives it.
pub type MemberId = Id<MemberKind>;

/// A profile as identity and rights tell it. What is unknown is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// "female", "male" or "other".
    pub gender: String,
    /// The province or state.
    pub province: String,
    /// The city.
    pub city: String,
    /// The channels that the member is linked to.
    pub channel_codes: BTreeSet<String>,
    /// 1 to 12.
    pub birth_month: Option<u8>,
    /// The tier, by its code.
    pub tier_code: String,
}

/// A member, besides tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The profile.
    pub profile: Profile,
    /// As of when identity told the profile.
    pub profile_time: Time,
    /// As of when rights told the tier.
    pub tier_time: Time,
    /// The channels in which the member did something.
    pub active_channels: BTreeSet<String>,
}

/// A field that a condition may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// See [`Profile::gender`].
    Gender,
    /// See [`Profile::province`].
    Province,
    /// See [`Profile::city`].
    City,
    /// See [`Profile::channel_codes`].
    ChannelCodes,
    /// See [`Profile::birth_month`].
    BirthMonth,
    /// See [`Profile::tier_code`].
    TierCode,
}

impl Member {
    /// A member of whom nothing is known yet.
    pub fn unknown() -> Self {
        let never = Time::from_micros(i64::MIN);
        Self {
            profile: Profile::default(),
            profile_time: never,
            tier_time: never,
            active_channels: BTreeSet::new(),
        }
    }

    /// Takes over a profile, unless a later one is known. The tier is not identity's to tell.
    pub fn learn_profile(&mut self, profile: Profile, told_time: Time) {
        if told_time >= self.profile_time {
            let tier_code = std::mem::take(&mut self.profile.tier_code);
            self.profile = Profile { tier_code, ..profile };
            self.profile_time = told_time;
        }
    }

    /// Takes over a tier, unless a later one is known.
    pub fn learn_tier(&mut self, tier_code: String, told_time: Time) {
        if told_time >= self.tier_time {
            self.profile.tier_code = tier_code;
            self.tier_time = told_time;
        }
    }

    /// Notes that the member did something in a channel.
    pub fn be_active_in(&mut self, channel_code: &str) {
        let is_known = channel_code.is_empty() || self.active_channels.contains(channel_code);
        if !is_known && self.active_channels.len() < ACTIVE_CHANNELS_MAX {
            self.active_channels.insert(channel_code.to_owned());
        }
    }
}

impl Profile {
    /// The fields in which two profiles differ.
    pub fn difference(&self, other: &Self) -> BTreeSet<Field> {
        let Self {
            gender,
            province,
            city,
            channel_codes,
            birth_month,
            tier_code,
        } = self;
        [
            (Field::Gender, *gender != other.gender),
            (Field::Province, *province != other.province),
            (Field::City, *city != other.city),
            (Field::ChannelCodes, *channel_codes != other.channel_codes),
            (Field::BirthMonth, *birth_month != other.birth_month),
            (Field::TierCode, *tier_code != other.tier_code),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }
}

/// The month of a date that is written "YYYY-MM-DD"; none where it is written otherwise.
pub fn birth_month(birth_date: &str) -> Option<u8> {
    let month = birth_date.split('-').nth(1)?.parse().ok()?;
    (1..=12).contains(&month).then_some(month)
}

/// The facts of each tenant, in their order.
pub(crate) fn by_tenant(facts: &[Envelope]) -> BTreeMap<Tenant, Vec<&Envelope>> {
    let mut tenants: BTreeMap<Tenant, Vec<&Envelope>> = BTreeMap::new();
    for fact in facts {
        tenants.entry(fact.tenant).or_default().push(fact);
    }
    tenants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_of_birth_is_the_second_part_of_the_date() {
        let dates = ["1990-02-28", "1990-12-01", "1990-13-01", "", "1990", "x-y-z"];
        assert_eq!(dates.map(birth_month), [Some(2), Some(12), None, None, None, None]);
    }

    #[test]
    fn profiles_differ_in_the_fields_that_differ() {
        let before = Profile {
            city: "Suzhou".into(),
            ..Profile::default()
        };
        let after = Profile {
            city: "Wuxi".into(),
            tier_code: "gold".into(),
            ..Profile::default()
        };
        assert_eq!(
            before.difference(&after),
            BTreeSet::from([Field::City, Field::TierCode])
        );
        assert_eq!(after.difference(&after), BTreeSet::new());
    }
}
