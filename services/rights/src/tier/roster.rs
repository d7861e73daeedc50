#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{Exact, Tenant, Time};

use super::TierLadder;
use crate::member::{MemberKey, ReachedTier, Standing};

/// Some members and where they stand, on which facts are played in their order.
///
/// It is loaded for a batch of facts and written back whole. Every fact is decided for itself, so the outcome does not
/// depend on how the facts were cut into batches: a member who reached a threshold and lost points in the next fact has
/// been promoted.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    ladders: HashMap<Tenant, TierLadder>,
    standings: BTreeMap<MemberKey, Standing>,
    /// The members that were recorded before this batch.
    known: BTreeSet<MemberKey>,
    /// The members whose record is no longer what it was.
    placed: BTreeSet<MemberKey>,
    growth_changes: BTreeMap<(MemberKey, String), i64>,
    tier_changes: Vec<TierChange>,
    merges: BTreeMap<MemberKey, MemberKey>,
    absorptions: Vec<Absorption>,
}

/// What a merge has to remember, so that it can be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Absorption {
    /// Who was absorbed.
    pub(crate) absorbed: MemberKey,
    /// By whom.
    pub(crate) survivor: MemberKey,
    /// Where the absorbed member stood: what it brought.
    pub(crate) brought: Standing,
    /// The tier that the survivor had before.
    pub(crate) survivor_tier: Option<String>,
}

/// Something that happened to members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happening {
    /// What.
    pub(crate) what: What,
    /// When.
    pub(crate) time: Time,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The person became a member: it has a tier from now on.
    Registered(MemberKey),
    /// The growth value in an asset rose or fell.
    Grown {
        /// Whose.
        member: MemberKey,
        /// The asset.
        asset_code: String,
        /// By how much.
        amount: i64,
    },
    /// One member was merged into another.
    Merged {
        /// Who goes on.
        surviving: MemberKey,
        /// Who is gone.
        absorbed: MemberKey,
    },
    /// The ladder was changed since the member was placed.
    LadderChanged(MemberKey),
}

impl Happening {
    /// The members that it is about.
    pub(crate) fn members(&self) -> Vec<MemberKey> {
        match &self.what {
            What::Registered(member) | What::Grown { member, .. } | What::LadderChanged(member) => vec![*member],
            What::Merged { surviving, absorbed } => vec![*surviving, *absorbed],
        }
    }

    /// The same about the members that these have been merged into.
    #[must_use]
    pub(crate) fn redirected(self, follow: impl Fn(MemberKey) -> MemberKey) -> Self {
        let what = match self.what {
            What::Registered(member) => What::Registered(follow(member)),
            What::Grown {
                member,
                asset_code,
                amount,
            } => What::Grown {
                member: follow(member),
                asset_code,
                amount,
            },
            What::Merged { surviving, absorbed } => What::Merged {
                surviving: follow(surviving),
                absorbed: follow(absorbed),
            },
            What::LadderChanged(member) => What::LadderChanged(follow(member)),
        };
        Self { what, time: self.time }
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

/// What playing facts on a roster came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Where the members stand now; those that were merged away are not among them.
    pub(crate) standings: BTreeMap<MemberKey, Standing>,
    /// Those whose tier or ladder version has to be written.
    pub(crate) placed: BTreeSet<MemberKey>,
    /// By how much growth values changed, by member and asset.
    pub(crate) growth_changes: BTreeMap<(MemberKey, String), i64>,
    /// The changes of tiers, in their order.
    pub(crate) tier_changes: Vec<TierChange>,
    /// Who was merged away, and into whom at last.
    pub(crate) merges: BTreeMap<MemberKey, MemberKey>,
    /// What the merges have to remember.
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
            ..Self::default()
        }
    }

    /// Plays one fact.
    pub(crate) fn play(&mut self, happening: &Happening) {
        let time = happening.time;
        match &happening.what {
            What::Registered(member) => {
                let member = self.catch_up(*member, time);
                self.place(member, None, Cause::Registered, time);
            }
            What::Grown {
                member,
                asset_code,
                amount,
            } => {
                let member = self.catch_up(*member, time);
                self.change_growth(member, asset_code, *amount);
                self.place(member, None, Cause::Growth, time);
            }
            What::Merged { surviving, absorbed } if self.resolve(*surviving) != self.resolve(*absorbed) => {
                let (surviving, absorbed) = (self.catch_up(*surviving, time), self.catch_up(*absorbed, time));
                self.merge(surviving, absorbed, time);
            }
            // The two are one member already.
            What::Merged { .. } => {}
            What::LadderChanged(member) => {
                self.catch_up(*member, time);
            }
        }
    }

    /// What it came to.
    pub(crate) fn finish(self) -> Outcome {
        let merges = self
            .merges
            .keys()
            .map(|absorbed| (*absorbed, self.resolve(*absorbed)))
            .collect();
        Outcome {
            standings: self.standings,
            placed: self.placed,
            growth_changes: self.growth_changes,
            tier_changes: self.tier_changes,
            merges,
            absorptions: self.absorptions,
        }
    }

    /// Undoes a merge: the growth value that was brought goes back with the tier of that time, and the survivor has the
    /// tier that it had before, or that its growth value deserves without what goes back, or that one of those brought
    /// who are still with it. Nothing else ever demotes.
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

    /// The member that a member has been merged into in this batch. A merge always leads onward to a member that is still
    /// there, so the way ends.
    fn resolve(&self, member: MemberKey) -> MemberKey {
        let mut member = member;
        while let Some(surviving) = self.merges.get(&member) {
            member = *surviving;
        }
        member
    }

    /// Places a member by the present ladder, if that was not done yet; answers the member that goes on for it.
    fn catch_up(&mut self, member: MemberKey, time: Time) -> MemberKey {
        let member = self.resolve(member);
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
        self.merges.insert(absorbed, surviving);
        self.place(surviving, gone.tier_code(), Cause::Merge, time);
    }

    fn change_growth(&mut self, member: MemberKey, asset_code: &str, amount: i64) {
        let standing = self.standings.entry(member).or_default();
        let growth = standing.growth.entry(asset_code.to_owned()).or_default();
        *growth = growth.exact_add(amount);
        let change = self.growth_changes.entry((member, asset_code.to_owned())).or_default();
        *change = change.exact_add(amount);
    }

    /// Puts a member on the tier that its growth value deserves, or that it has, or that a merged member `brought`:
    /// whichever is the highest.
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
