use std::collections::BTreeSet;

use contracts_rights::v1::{GetMemberTierRequest, GetMemberTierResponse};
use fault::Fault;
use rpc::Call;

use super::wire;
use crate::api::RightsApi;
use crate::member;

impl RightsApi {
    pub(crate) async fn get_member_tier(
        &self,
        call: Call<GetMemberTierRequest>,
    ) -> Result<GetMemberTierResponse, Fault> {
        let member = self.member(&call, &call.member_id).await?;
        let ladder = self.tier_ladder(call.tenant()).await?;
        let key = (call.tenant(), member);
        let standing = member::rows::standings(self.db.read(), &BTreeSet::from([key]))
            .await?
            .remove(&key)
            .unwrap_or_default();
        Ok(GetMemberTierResponse {
            member_tier: Some(wire::member_tier(member, &standing, &ladder)),
        })
    }
}
