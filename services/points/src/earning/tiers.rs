pub(crate) mod rows;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use contracts_rights::v1::TierChanged;
use events::{Consumer, Envelope};
use fault::Fault;
use kernel::{Fact, Tenant};
use ledger::MemberId;
use lineage::Redirects;
use store::Tx;

use crate::wire::parse_id;
use rows::{TierRow, save_tiers};

/// Keeps each member's tier, so that rules can speak of it without a call.
pub(crate) struct KeepTiers;

#[async_trait]
impl Consumer for KeepTiers {
    fn name(&self) -> &'static str {
        "points.keep_tiers"
    }

    fn stream(&self) -> &'static str {
        "rights"
    }

    fn types(&self) -> &'static [&'static str] {
        &[TierChanged::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let mut changes: Vec<(Tenant, MemberId, String)> = Vec::with_capacity(facts.len());
        for fact in facts {
            let told: TierChanged = fact.decode()?;
            changes.push((fact.tenant, parse_id("member_id", &told.member_id)?, told.to_tier_code));
        }
        let members: BTreeSet<(Tenant, MemberId)> =
            changes.iter().map(|(tenant, member, _)| (*tenant, *member)).collect();
        let redirects = Redirects::of(&**tx, members).await?;
        // The last change of each member is the one that counts.
        let latest: BTreeMap<(Tenant, MemberId), String> = changes
            .into_iter()
            .map(|(tenant, member, tier)| ((tenant, redirects.follow(tenant, member)), tier))
            .collect();
        let rows = latest.into_iter().map(|((tenant, member), tier_code)| TierRow {
            tenant,
            member,
            tier_code,
        });
        save_tiers(tx, rows.collect()).await
    }
}
