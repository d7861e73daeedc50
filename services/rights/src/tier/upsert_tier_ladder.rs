use contracts_rights::v1::{UpsertTierLadderRequest, UpsertTierLadderResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::rows;
use super::wire;
use super::{Flaw, TierLadder};
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn upsert_tier_ladder(
        &self,
        call: Call<UpsertTierLadderRequest>,
    ) -> Result<UpsertTierLadderResponse, Fault> {
        let tx = store::begin_or_replay!(self.db, call);
        let present = rows::find_locked(&tx, call.tenant()).await?;
        let etag = present.as_ref().map(wire::etag).unwrap_or_default();
        Fault::check_etag(&call.etag, etag)?;
        let version = present.as_ref().map_or(0, TierLadder::version).saturating_add(1);
        let tiers = call.tiers.iter().map(wire::parse_tier).collect();
        let ladder = TierLadder::new(call.asset_code.clone(), tiers, version, self.clock.now()).map_err(invalid)?;
        // Past this line nothing may refuse.
        let ladder = match present {
            Some(present) if present.says_the_same(&ladder) => present,
            Some(_) | None => {
                rows::put(&tx, call.tenant(), &ladder).await?;
                ladder
            }
        };
        tx.commit(UpsertTierLadderResponse {
            tier_ladder: Some(wire::tier_ladder(&ladder)),
        })
        .await
    }
}

fn invalid(flaws: Vec<Flaw>) -> Fault {
    let mut violations = Violations::new();
    for flaw in flaws {
        violations.add(flaw.path, flaw.message);
    }
    violations
        .finish()
        .err()
        .unwrap_or_else(|| Fault::internal("a ladder was refused without a flaw"))
}
