#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{Exact, Tenant, Time};
use lineage::Redirects;

use super::TierLadder;
use crate::member::{Member, MemberKey, ReachedTier, Standing};

/// The standings of some members, to which the changes of a batch are applied in their order.
///
/// It is loaded for a batch of facts and written back whole. Every change is decided for itself, so the outcome does not
/// depend on how the facts were cut into batches: a member who reached a threshold and lost points in the next fact has
/// been promoted.
#[derive(Debug)]
pub(crate) struct Roster {
    ladders: HashMap<Tenant, TierLadder>,
    standings: BTreeMap<MemberKey, Standing>,
    /// The members that were recorded before this batch.
    known: BTreeSet<MemberKey>,
    /// The members whose tier or ladder version has changed.
    placed: BTreeSet<MemberKey>,
    growth_changes: BTreeMap<(MemberKey, String), i64>,
    tier_changes: Vec<TierChange>,
    /// Where the members lead that were absorbed in this batch.
    redirects: Redirects<Member>,
    absorptions: Vec<Absorption>,
}

/// The record of a merge, from which its undo works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Absorption {
    /// The absorbed member.
    pub(crate) absorbed: MemberKey,
    /// The member who absorbed it.
    pub(crate) survivor: MemberKey,
    /// The standing of the absorbed member, which the survivor got.
    pub(crate) brought: Standing,
    /// The tier that the survivor had before.
    pub(crate) survivor_tier: Option<String>,
}

/// A change of members, at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) change: Change,
    pub(crate) time: Time,
}

/// A change that may move members to another tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The person became a member: it has a tier from now on.
    Registered(MemberKey),
    /// The growth value of a member in an asset rose or fell.
    Growth {
        /// The member.
        member: MemberKey,
        /// The asset.
        asset_code: String,
        /// The difference.
        amount: i64,
    },
    /// One member was merged into another.
    Merged {
        /// The member who goes on.
        surviving: MemberKey,
        /// The member who is gone.
        absorbed: MemberKey,
    },
    /// The ladder was changed since the member was placed.
    LadderChanged(MemberKey),
}

impl Event {
    /// The members that change.
    pub(crate) fn members(&self) -> Vec<MemberKey> {
        match &self.change {
            Change::Registered(member) | Change::Growth { member, .. } | Change::LadderChanged(member) => vec![*member],
            Change::Merged { surviving, absorbed } => vec![*surviving, *absorbed],
        }
    }

    /// The same change of the members into whom these have been merged.
    #[must_use]
    pub(crate) fn redirected(self, follow: impl Fn(MemberKey) -> MemberKey) -> Self {
        let change = match self.change {
            Change::Registered(member) => Change::Registered(follow(member)),
            Change::Growth {
                member,
                asset_code,
                amount,
            } => Change::Growth {
                member: follow(member),
                asset_code,
                amount,
            },
            Change::Merged { surviving, absorbed } => Change::Merged {
                surviving: follow(surviving),
                absorbed: follow(absorbed),
            },
            Change::LadderChanged(member) => Change::LadderChanged(follow(member)),
        };
        Self {
            change,
            time: self.time,
        }
    }
}

/// A member's way from one tier to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TierChange {
    /// The member.
    pub(crate) member: MemberKey,
    /// The tier before; none where there was none.
    pub(crate) from: Option<String>,
    /// The tier after.
    pub(crate) to: String,
    /// The growth value that decided it.
    pub(crate) growth_value: i64,
    /// Why.
    pub(crate) cause: Cause,
    /// When.
    pub(crate) time: Time,
}

/// Why a tier changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The person became a member.
    Registered,
    /// The growth value reached a threshold.
    Growth,
    /// The ladder was changed.
    Ladder,
    /// Another member was merged into this one, or parted from it again.
    Merge,
}

/// The outcome of the changes, to be written.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The standings by now, without those of absorbed members.
    pub(crate) standings: BTreeMap<MemberKey, Standing>,
    /// The members whose tier or ladder version has to be written.
    pub(crate) placed: BTreeSet<MemberKey>,
    /// The differences of growth values, by member and asset.
    pub(crate) growth_changes: BTreeMap<(MemberKey, String), i64>,
    /// The changes of tiers, in their order.
    pub(crate) tier_changes: Vec<TierChange>,
    /// The absorbed members, each with the member that it has become in the end.
    pub(crate) merges: BTreeMap<MemberKey, MemberKey>,
    /// The records of the merges.
    pub(crate) absorptions: Vec<Absorption>,
}

impl Roster {
    /// The members that were recorded, and the ladders of their tenants. A member who is not among them is new.
    pub(crate) fn new(ladders: HashMap<Tenant, TierLadder>, standings: BTreeMap<MemberKey, Standing>) -> Self {
        let known = standings.keys().copied().collect();
        Self {
            ladders,
            standings,
            known,
            placed: BTreeSet::new(),
            growth_changes: BTreeMap::new(),
            tier_changes: Vec::new(),
            redirects: Redirects::none(),
            absorptions: Vec::new(),
        }
    }

    /// Applies one change.
    pub(crate) fn play(&mut self, event: &Event) {
        let time = event.time;
        match &event.change {
            Change::Registered(member) => {
                let member = self.catch_up(*member, time);
                self.place(member, None, Cause::Registered, time);
            }
            Change::Growth {
                member,
                asset_code,
                amount,
            } => {
                let member = self.catch_up(*member, time);
                self.change_growth(member, asset_code, *amount);
                self.place(member, None, Cause::Growth, time);
            }
            Change::Merged { surviving, absorbed } if self.follow(*surviving) != self.follow(*absorbed) => {
                let (surviving, absorbed) = (self.catch_up(*surviving, time), self.catch_up(*absorbed, time));
                self.merge(surviving, absorbed, time);
            }
            // The two are one member already.
            Change::Merged { .. } => {}
            Change::LadderChanged(member) => {
                self.catch_up(*member, time);
            }
        }
    }

    /// Ends the batch.
    pub(crate) fn finish(self) -> Outcome {
        let absorbed = self.absorptions.iter().map(|absorption| absorption.absorbed);
        let merges = absorbed.map(|member| (member, self.follow(member))).collect();
        Outcome {
            standings: self.standings,
            placed: self.placed,
            growth_changes: self.growth_changes,
            tier_changes: self.tier_changes,
            merges,
            absorptions: self.absorptions,
        }
    }

    /// Undoes a merge: the absorbed member gets back the growth value that it brought, and its tier of that time. The
    /// survivor gets the highest of three tiers: the one that it had before, the one that its remaining growth value
    /// deserves, and those that members who are still merged into it brought. Nothing else ever demotes.
    pub(crate) fn part(&mut self, absorption: &Absorption, still_brought: &[String], time: Time) {
        let (restored, survivor) = (absorption.absorbed, absorption.survivor);
        for (asset_code, amount) in &absorption.brought.growth {
            self.change_growth(survivor, asset_code, amount.exact_neg());
            self.change_growth(restored, asset_code, *amount);
        }
        let standing = self.standings.entry(restored).or_default();
        standing.tier.clone_from(&absorption.brought.tier);
        standing.ladder_version = absorption.brought.ladder_version;
        self.placed.insert(restored);
        self.place(restored, None, Cause::Merge, time);
        self.demote(survivor, absorption.survivor_tier.as_deref(), still_brought, time);
    }

    /// Puts a member on the tier that its growth value deserves, or on the highest of those that are given.
    fn demote(&mut self, member: MemberKey, kept: Option<&str>, others: &[String], time: Time) {
        let Some(ladder) = self.ladders.get(&member.0) else {
            return;
        };
        let standing = self.standings.entry(member).or_default();
        let growth_value = standing.growth_value(ladder.asset_code());
        let mut best = ladder.place(kept, growth_value);
        for other in others {
            let other = ladder.place(Some(other), growth_value);
            if other.threshold > best.threshold {
                best = other;
            }
        }
        let to = best.code.clone();
        standing.ladder_version = ladder.version();
        self.placed.insert(member);
        self.move_to(member, to, growth_value, Cause::Merge, time);
    }

    /// The member that a member has become in this batch: itself, unless it was absorbed.
    fn follow(&self, (tenant, member): MemberKey) -> MemberKey {
        (tenant, self.redirects.follow(tenant, member))
    }

    /// Places a member, or its survivor, by the present ladder, if that was not done yet; answers which of the two.
    fn catch_up(&mut self, member: MemberKey, time: Time) -> MemberKey {
        let member = self.follow(member);
        let ladder_version = self.standings.entry(member).or_default().ladder_version;
        if !self.known.contains(&member) {
            self.placed.insert(member);
        } else if self
            .ladders
            .get(&member.0)
            .is_some_and(|ladder| ladder_version < ladder.version())
        {
            self.place(member, None, Cause::Ladder, time);
        }
        member
    }

    /// The growth values are added, and the higher of the tiers stays, since nobody is demoted by a merge.
    fn merge(&mut self, surviving: MemberKey, absorbed: MemberKey, time: Time) {
        let gone = self.standings.remove(&absorbed).unwrap_or_default();
        let survivor_tier = self.standings.get(&surviving).and_then(Standing::tier_code);
        self.absorptions.push(Absorption {
            absorbed,
            survivor: surviving,
            survivor_tier: survivor_tier.map(ToOwned::to_owned),
            brought: gone.clone(),
        });
        self.placed.remove(&absorbed);
        self.growth_changes.retain(|(member, _), _| *member != absorbed);
        for (asset_code, amount) in &gone.growth {
            self.change_growth(surviving, asset_code, *amount);
        }
        self.redirects.add(absorbed.0, absorbed.1, surviving.1);
        self.place(surviving, gone.tier_code(), Cause::Merge, time);
    }

    fn change_growth(&mut self, member: MemberKey, asset_code: &str, amount: i64) {
        let standing = self.standings.entry(member).or_default();
        let growth = standing.growth.entry(asset_code.to_owned()).or_default();
        *growth = growth.exact_add(amount);
        let change = self.growth_changes.entry((member, asset_code.to_owned())).or_default();
        *change = change.exact_add(amount);
    }

    /// Puts a member on the highest of three tiers: the one that its growth value deserves, the one that it has, and the
    /// one that an absorbed member `brought`.
    fn place(&mut self, member: MemberKey, brought: Option<&str>, cause: Cause, time: Time) {
        let Some(ladder) = self.ladders.get(&member.0) else {
            return;
        };
        let standing = self.standings.entry(member).or_default();
        let growth_value = standing.growth_value(ladder.asset_code());
        let own = ladder.place(standing.tier_code(), growth_value);
        let other = ladder.place(brought, growth_value);
        let to = if other.threshold > own.threshold { other } else { own }.code.clone();
        if standing.ladder_version < ladder.version() {
            standing.ladder_version = ladder.version();
            self.placed.insert(member);
        }
        self.move_to(member, to, growth_value, cause, time);
    }

    /// Puts a member on a tier, unless it is there.
    fn move_to(&mut self, member: MemberKey, to: String, growth_value: i64, cause: Cause, time: Time) {
        let standing = self.standings.entry(member).or_default();
        if standing.tier_code() == Some(&to) {
            return;
        }
        self.placed.insert(member);
        let from = standing
            .tier
            .replace(ReachedTier { code: to.clone(), time })
            .map(|tier| tier.code);
        self.tier_changes.push(TierChange {
            member,
            from,
            to,
            growth_value,
            cause,
            time,
        });
    }
}
