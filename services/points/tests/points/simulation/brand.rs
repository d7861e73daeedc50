//! Who there is: a few members, so that callers meet, some of whom are merged and parted; and assets with different policies.

use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::*;
use kernel::{MICROS_PER_DAY, Time};
use ledger::MemberId;
use rpc::Channel;

use super::pools::Pool;

/// An asset, and what the model has to know of it.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) code: &'static str,
    /// What an earn names no other time for expires at the end of so many days later.
    pub(super) days: Option<i64>,
    pub(super) grace_days: i64,
    pub(super) owes: bool,
}

/// One takes back what is there, another makes debts, and gives grace. Of the last, every member of the family has something
/// that nobody ever asks for: so each merge and each undo is told by a fact at least, and by that of this asset last, for the
/// consumer takes assets in the order of their codes.
pub(super) const ASSETS: [Asset; 3] = [
    Asset {
        code: "points",
        days: None,
        grace_days: 0,
        owes: false,
    },
    Asset {
        code: "coins",
        days: Some(6),
        grace_days: 3,
        owes: true,
    },
    Asset {
        code: "witness",
        days: None,
        grace_days: 0,
        owes: false,
    },
];
/// That which makes debts.
pub(super) const OWED: usize = 1;
/// That which nobody asks for.
pub(super) const WITNESS: usize = 2;
/// How many members there are.
pub(super) const MEMBERS: usize = 6;
/// So many of the members may be merged into one another, and parted again.
pub(super) const FAMILY: usize = 3;
const OFFSET_MINUTES: i32 = 480;
const OFFSET_MICROS: i64 = 8 * 3_600 * 1_000_000;

/// Whose balance of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Account {
    pub(super) member: usize,
    pub(super) asset: usize,
}

/// The holders of accounts, by their numbers: the members, and after them the pools.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) ids: Vec<MemberId>,
    pub(super) pools: Vec<String>,
}

impl Asset {
    /// When something that begins at a time expires.
    pub(super) fn expire_time(&self, begin: Time) -> Time {
        self.days.map_or(Time::MAX, |days| end_of_day_after(begin, days))
    }

    /// When what comes back after its lot has expired expires.
    pub(super) fn grace_end(&self, now: Time) -> Option<Time> {
        (self.grace_days > 0).then(|| end_of_day_after(now, self.grace_days))
    }

    pub(super) async fn create(&self, channel: Channel) {
        let policy = if self.owes {
            ClawbackPolicy::Debt
        } else {
            ClawbackPolicy::WithinBalance
        };
        let expiry = self.days.map(|days| {
            let days = days.try_into().unwrap();
            expiry_policy::Rule::AfterDays(ExpireAfterDays { days })
        });
        let asset = contracts_points::v1::Asset {
            kind: AssetKind::Points.into(),
            expiry_policy: Some(ExpiryPolicy { rule: expiry }),
            utc_offset_minutes: OFFSET_MINUTES,
            reversal_grace_days: self.grace_days.try_into().unwrap(),
            clawback_policy: policy.into(),
            adjustment_alone_max: 1_000_000,
            ..contracts_points::v1::Asset::default()
        };
        let request = CreateAssetRequest {
            request_id: format!("asset-{}", self.code),
            code: self.code.to_owned(),
            asset: Some(asset),
        };
        AssetServiceClient::new(channel).create_asset(request).await.unwrap();
    }
}

/// Midnight in Beijing, so many whole days after the day of `time`.
fn end_of_day_after(time: Time, days: i64) -> Time {
    let local = time.micros() + OFFSET_MICROS;
    let midnight = local - local.rem_euclid(MICROS_PER_DAY) + (days + 1) * MICROS_PER_DAY;
    Time::from_micros(midnight - OFFSET_MICROS)
}

impl Account {
    /// The pool whose it is, if it is one's.
    pub(super) fn pool(self) -> Option<usize> {
        self.member.checked_sub(MEMBERS)
    }

    pub(super) fn asset(self) -> &'static Asset {
        &ASSETS[self.asset]
    }

    /// What the model calls it.
    pub(super) fn holder(self) -> usize {
        self.member * ASSETS.len() + self.asset
    }

    /// That which the model calls so.
    pub(super) fn of_holder(holder: usize) -> Self {
        Self {
            member: holder / ASSETS.len(),
            asset: holder % ASSETS.len(),
        }
    }
}

impl Members {
    pub(super) fn id(&self, member: usize) -> String {
        match self.ids.get(member) {
            Some(id) => id.to_string(),
            None => self.pools[member - self.ids.len()].clone(),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.ids.len() + self.pools.len()
    }

    /// All accounts that there can be.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Account> + '_ {
        let of_members = (0..self.ids.len()).flat_map(|member| {
            let assets = 0..ASSETS.len();
            assets.map(move |asset| Account { member, asset })
        });
        of_members.chain((0..self.pools.len()).map(Pool::account))
    }

    pub(super) fn account(&self, member_id: &str, asset_code: &str) -> Account {
        let member = (0..self.count()).find(|member| self.id(*member) == member_id);
        let asset = ASSETS.iter().position(|asset| asset.code == asset_code);
        Account {
            member: member.unwrap(),
            asset: asset.unwrap(),
        }
    }

    /// The members who may be merged.
    pub(super) fn family(&self) -> std::ops::Range<usize> {
        0..FAMILY.min(self.ids.len())
    }

    /// Whether a member is never merged with another one.
    pub(super) fn stays(&self, member: usize) -> bool {
        !self.family().contains(&member)
    }
}
