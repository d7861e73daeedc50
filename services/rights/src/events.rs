//! The facts of other services, and what they mean for tiers and coupons.

use async_trait::async_trait;
use contracts::identity::v1::{MemberRegistered, MembersMerged};
use contracts::points::v1::{
    PointsAdjusted, PointsDebtRepaid, PointsEarned, PointsExpired, PointsMoved, PointsReversed,
};
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Fact};
use store::Tx;

use crate::domain::member::MemberKey;
use crate::domain::roster::{Happening, What};
use crate::tiers;

/// Growth values follow the ledger of points: what was earned, less what was taken back, at once or as the repayment of a
/// debt, and what expired; and what was corrected by hand.
///
/// They are tracked for every asset, whether or not a ladder names it, so that a ladder may be set at any time. What a
/// member redeems does not lower them, so what a reversal gives back of it does not raise them either.
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
            PointsMoved::TYPE,
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
        tiers::play(tx, &self.clock, happenings).await
    }
}

fn growth(fact: &Envelope) -> Result<Option<What>, Fault> {
    if fact.is::<PointsEarned>() {
        let earned: PointsEarned = fact.decode()?;
        return grown(fact, &earned.member_id, earned.asset_code, earned.amount).map(Some);
    }
    if fact.is::<PointsExpired>() {
        let expired: PointsExpired = fact.decode()?;
        return grown(
            fact,
            &expired.member_id,
            expired.asset_code,
            expired.amount.saturating_neg(),
        )
        .map(Some);
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
        let taken_back = repaid.amount.saturating_neg();
        return grown(fact, &repaid.member_id, repaid.asset_code, taken_back).map(Some);
    }
    if fact.is::<PointsMoved>() {
        let moved: PointsMoved = fact.decode()?;
        let (from, to) = (member(fact, &moved.from_member_id)?, member(fact, &moved.to_member_id)?);
        return Ok(Some(What::Moved {
            from,
            to,
            asset_code: moved.asset_code,
            amount: moved.amount,
        }));
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

/// Members get their first tier when they register; when two turn out to be one person, everything goes to the survivor.
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
        &[MemberRegistered::TYPE, MembersMerged::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let mut happenings = Vec::with_capacity(facts.len());
        for fact in facts {
            happenings.extend(membership(fact)?.map(|what| Happening {
                what,
                time: fact.occur_time,
            }));
        }
        tiers::play(tx, &self.clock, happenings).await
    }
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
