//! The facts of other services, and what they mean for tiers and coupons.

use std::collections::HashSet;

use async_trait::async_trait;
use contracts::identity::v1::{MemberRegistered, MembersMerged, MergeUndone};
use contracts::points::v1::{PointsAdjusted, PointsDebtRepaid, PointsEarned, PointsExpired, PointsReversed};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Exact, Fact, Tenant, Time, uuid_of_any};
use store::{Tx, redirects};
use uuid::Uuid;

use crate::member::MemberKey;
use crate::tier;
use crate::tier::play::Undo;
use crate::tier::roster::{Happening, What};

/// Growth values follow the ledger of points: what was earned, less what was taken back, at once or as the repayment of a
/// debt, and what expired; and what was corrected by hand.
///
/// They are tracked for every asset, whether or not a ladder names it, so that a ladder may be set at any time. What a
/// member redeems does not lower them, so what a reversal gives back of it does not raise them either. What goes over by a
/// merge, and back by its undo, is told by identity: whichever of the two is heard first, it goes over once.
pub(crate) struct TrackGrowth {
    pub(crate) clock: Clock,
}

#[async_trait]
impl Consumer for TrackGrowth {
    fn name(&self) -> &'static str {
        "rights.track_growth"
    }

    fn stream(&self) -> &'static str {
        "points"
    }

    fn types(&self) -> &'static [&'static str] {
        &[
            PointsEarned::TYPE,
            PointsReversed::TYPE,
            PointsExpired::TYPE,
            PointsAdjusted::TYPE,
            PointsDebtRepaid::TYPE,
        ]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let mut happenings = Vec::with_capacity(facts.len());
        for fact in facts {
            happenings.extend(growth(fact)?.map(|what| Happening {
                what,
                time: fact.occur_time,
            }));
        }
        tier::play::play(tx, &self.clock, happenings).await
    }
}

fn growth(fact: &Envelope) -> Result<Option<What>, Fault> {
    if fact.is::<PointsEarned>() {
        let earned: PointsEarned = fact.decode()?;
        return grown(fact, &earned.member_id, earned.asset_code, earned.amount).map(Some);
    }
    if fact.is::<PointsExpired>() {
        let expired: PointsExpired = fact.decode()?;
        return grown(fact, &expired.member_id, expired.asset_code, expired.amount.exact_neg()).map(Some);
    }
    if fact.is::<PointsReversed>() {
        let reversed: PointsReversed = fact.decode()?;
        let taken_back = reversed.amount.min(0);
        return grown(fact, &reversed.member_id, reversed.asset_code, taken_back).map(Some);
    }
    if fact.is::<PointsAdjusted>() {
        let adjusted: PointsAdjusted = fact.decode()?;
        return grown(fact, &adjusted.member_id, adjusted.asset_code, adjusted.amount).map(Some);
    }
    if fact.is::<PointsDebtRepaid>() {
        let repaid: PointsDebtRepaid = fact.decode()?;
        let taken_back = repaid.amount.exact_neg();
        return grown(fact, &repaid.member_id, repaid.asset_code, taken_back).map(Some);
    }
    Ok(None)
}

fn grown(fact: &Envelope, member_id: &str, asset_code: String, amount: i64) -> Result<What, Fault> {
    Ok(What::Grown {
        member: member(fact, member_id)?,
        asset_code,
        amount,
    })
}

/// Members get their first tier when they register; when two turn out to be one person, everything goes to the survivor,
/// and what came with the other one goes back when that is undone.
pub(crate) struct FollowMembers {
    pub(crate) clock: Clock,
}

#[async_trait]
impl Consumer for FollowMembers {
    fn name(&self) -> &'static str {
        "rights.follow_members"
    }

    fn stream(&self) -> &'static str {
        "identity"
    }

    fn types(&self) -> &'static [&'static str] {
        &[MemberRegistered::TYPE, MembersMerged::TYPE, MergeUndone::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let undone = undone(tx, facts).await?;
        let mut happenings = Vec::with_capacity(facts.len());
        for fact in facts {
            if fact.is::<MergeUndone>() {
                tier::play::play(tx, &self.clock, std::mem::take(&mut happenings)).await?;
                tier::play::undo(tx, &self.clock, &undo(fact)?).await?;
            } else if cause(fact)?.is_none_or(|cause| !undone.contains(&cause)) {
                happenings.extend(membership(fact)?.map(|what| Happening {
                    what,
                    time: fact.occur_time,
                }));
            }
        }
        tier::play::play(tx, &self.clock, happenings).await
    }
}

/// Which of the merges that are told have been undone before: told again, they are nothing any more.
async fn undone(tx: &Tx, facts: &[Envelope]) -> Result<HashSet<(Tenant, Uuid)>, Fault> {
    let causes: Result<Vec<Option<(Tenant, Uuid)>>, Fault> = facts.iter().map(cause).collect();
    redirects::ended(&**tx, &causes?.into_iter().flatten().collect::<Vec<_>>()).await
}

/// The merge that a fact tells of, by its id.
fn cause(fact: &Envelope) -> Result<Option<(Tenant, Uuid)>, Fault> {
    if !fact.is::<MembersMerged>() {
        return Ok(None);
    }
    let merged: MembersMerged = fact.decode()?;
    Ok(merge_id(&merged.merge_id)?.map(|id| (fact.tenant, id)))
}

/// A merge's id, which identity gives; none in facts of a time when merges had none.
fn merge_id(text: &str) -> Result<Option<Uuid>, Fault> {
    uuid_of_any(text).map_err(Fault::internal)
}

fn undo(fact: &Envelope) -> Result<Undo, Fault> {
    let undone: MergeUndone = fact.decode()?;
    let member = |id: &String| id.parse().map_err(Fault::internal);
    let merge_time = undone.merge_time.as_ref().and_then(Time::from_wire);
    Ok(Undo {
        tenant: fact.tenant,
        merge: merge_id(&undone.merge_id)?.ok_or_else(|| Fault::internal("an undone merge without an id"))?,
        restored: member(&undone.restored_member_id)?,
        survivor: member(&undone.surviving_member_id)?,
        led: undone.led_member_ids.iter().map(member).collect::<Result<_, Fault>>()?,
        merge_time: merge_time.ok_or_else(|| Fault::internal("an undone merge without its time"))?,
        time: fact.occur_time,
    })
}

fn membership(fact: &Envelope) -> Result<Option<What>, Fault> {
    if fact.is::<MemberRegistered>() {
        let registered: MemberRegistered = fact.decode()?;
        return Ok(Some(What::Registered(member(fact, &registered.member_id)?)));
    }
    if fact.is::<MembersMerged>() {
        let merged: MembersMerged = fact.decode()?;
        let surviving = member(fact, &merged.surviving_member_id)?;
        return Ok(Some(What::Merged {
            surviving,
            absorbed: member(fact, &merged.absorbed_member_id)?,
        }));
    }
    Ok(None)
}

fn member(fact: &Envelope, member_id: &str) -> Result<MemberKey, Fault> {
    Ok((fact.tenant, member_id.parse().map_err(Fault::internal)?))
}
