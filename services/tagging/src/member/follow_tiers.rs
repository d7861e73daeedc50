use std::collections::BTreeSet;

use async_trait::async_trait;
use contracts_rights::v1::TierChanged;
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Fact, Time};
use store::Tx;

use super::MemberId;
use super::revision::{Revision, Revisions};
use crate::member::by_tenant;
use crate::tag::catalogs::Hold;

/// Keeps members' tiers as rights tells them. The tier of an absorbed member is passed over: rights tells the
/// survivor's tier itself.
pub(crate) struct FollowTiers {
    pub(crate) revisions: Revisions,
}

#[async_trait]
impl Consumer for FollowTiers {
    fn name(&self) -> &'static str {
        "tagging.follow_tiers"
    }

    fn stream(&self) -> &'static str {
        "rights"
    }

    fn types(&self) -> &'static [&'static str] {
        &[TierChanged::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        for (tenant, facts) in by_tenant(facts) {
            let tiers = facts.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let revision = self.revisions.begin(tx, tenant, Hold::Shared).await?;
            learn(&revision, tiers).await?;
        }
        Ok(())
    }
}

/// A member's tier, as rights tells it.
struct MemberTier {
    member: MemberId,
    tier_code: String,
    change_time: Time,
}

fn read(fact: &Envelope) -> Result<MemberTier, Fault> {
    let changed: TierChanged = fact.decode()?;
    let change_time = changed
        .change_time
        .as_ref()
        .and_then(Time::from_wire)
        .unwrap_or(fact.occur_time);
    Ok(MemberTier {
        member: changed.member_id.parse().map_err(Fault::internal)?,
        tier_code: changed.to_tier_code,
        change_time,
    })
}

async fn learn(revision: &Revision<'_>, tiers: Vec<MemberTier>) -> Result<(), Fault> {
    let members: BTreeSet<MemberId> = tiers.iter().map(|tier| tier.member).collect();
    let redirects = revision.redirects(members.iter().copied()).await?;
    let members = members
        .into_iter()
        .filter(|member| !redirects.is_absorbed(revision.tenant, *member))
        .collect();
    let mut subjects = revision.subjects(&members).await?;
    for tier in tiers {
        if let Some(subject) = subjects.get_mut(&tier.member) {
            subject.member.learn_tier(tier.tier_code, tier.change_time);
        }
    }
    revision.settle(subjects, None, Vec::new()).await
}
