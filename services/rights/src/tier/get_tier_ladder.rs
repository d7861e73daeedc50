use contracts_rights::v1::{GetTierLadderRequest, GetTierLadderResponse};
use fault::Fault;
use kernel::Tenant;
use rpc::Call;

use super::TierLadder;
use super::rows;
use super::wire;
use crate::api::RightsApi;

impl RightsApi {
    pub(crate) async fn get_tier_ladder(
        &self,
        call: Call<GetTierLadderRequest>,
    ) -> Result<GetTierLadderResponse, Fault> {
        let ladder = self.tier_ladder(call.tenant()).await?;
        Ok(GetTierLadderResponse {
            tier_ladder: Some(wire::tier_ladder(&ladder)),
        })
    }

    /// The tenant's ladder, which must be there.
    pub(crate) async fn tier_ladder(&self, tenant: Tenant) -> Result<TierLadder, Fault> {
        let ladder = rows::find(self.db.read(), tenant).await?;
        ladder.ok_or_else(|| Fault::not_found("tier ladder", "of the brand"))
    }
}
