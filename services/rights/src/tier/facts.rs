//! The facts of points that change growth values, and the fact that tiers tell.

use async_trait::async_trait;
use contracts_points::v1::{PointsAdjusted, PointsDebtRepaid, PointsEarned, PointsExpired, PointsReversed};
use contracts_rights::v1::TierChanged;
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Clock, Exact, Fact};
use store::{Draft, Tx};

use super::play;
use super::roster::{Change, Event, TierChange};

/// A member came to another tier.
pub(crate) fn tier_changed(change: &TierChange) -> Draft {
    let (tenant, member) = change.member;
    let fact = TierChanged {
        member_id: member.to_string(),
        from_tier_code: change.from.clone().unwrap_or_default(),
        to_tier_code: change.to.clone(),
        growth_value: change.growth_value,
        change_time: Some(change.time.to_wire()),
    };
    Draft::new(tenant, member.to_string(), &fact)
}

/// Growth values follow the ledger of points: all that was earned, less what was taken back, at once or as the repayment of
/// a debt, and what expired; and corrections by hand.
///
/// They are tracked for every asset, whether or not a ladder names it, so that a ladder may be set at any time. Redeeming
/// does not lower them, so a reversal that gives redeemed points back does not raise them either. Identity alone tells what
/// a merge moves, and its undo moves back: facts of points about a merge count for nothing, so growth moves once.
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
        let mut events = Vec::with_capacity(facts.len());
        for fact in facts {
            events.extend(growth(fact)?.map(|change| Event {
                change,
                time: fact.occur_time,
            }));
        }
        play::play(tx, &self.clock, events).await
    }
}

fn growth(fact: &Envelope) -> Result<Option<Change>, Fault> {
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

fn grown(fact: &Envelope, member_id: &str, asset_code: String, amount: i64) -> Result<Change, Fault> {
    Ok(Change::Growth {
        member: (fact.tenant, lineage::parse_id(member_id)?),
        asset_code,
        amount,
    })
}
