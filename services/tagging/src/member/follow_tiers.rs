use std::collections::BTreeSet;

use async_trait::async_trait;
use contracts::rights::v1::TierChanged;
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Fact, Time};
use store::Tx;

use super::MemberId;
use super::revision::{Revision, Revisions};
use crate::consumers::by_tenant;
use crate::tag::catalogs::Hold;

/// Keeps members' tiers as rights tells them. What is told of an absorbed member is passed over: rights tells the
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
            let told = facts.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let revision = self.revisions.begin(tx, tenant, Hold::Shared).await?;
            learn(&revision, told).await?;
        }
        Ok(())
    }
}

/// A tier and since when.
struct Told {
    member: MemberId,
    tier_code: String,
    change_time: Time,
}

fn read(fact: &Envelope) -> Result<Told, Fault> {
    let told: TierChanged = fact.decode()?;
    let change_time = told
        .change_time
        .as_ref()
        .and_then(Time::from_wire)
        .unwrap_or(fact.occur_time);
    Ok(Told {
        member: told.member_id.parse().map_err(Fault::internal)?,
        tier_code: told.to_tier_code,
        change_time,
    })
}

async fn learn(revision: &Revision<'_>, told: Vec<Told>) -> Result<(), Fault> {
    let members: BTreeSet<MemberId> = told.iter().map(|told| told.member).collect();
    let absorbed = revision.redirects(members.iter().copied()).await?;
    let members = members
        .into_iter()
        .filter(|member| !absorbed.contains_key(member))
        .collect();
    let mut subjects = revision.subjects(&members).await?;
    for told in told {
        if let Some(subject) = subjects.get_mut(&told.member) {
            subject.member.learn_tier(told.tier_code, told.change_time);
        }
    }
    revision.settle(subjects, None, Vec::new()).await
}
