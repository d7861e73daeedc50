use contracts::identity::v1::{BatchLookUpMembersRequest, BatchLookUpMembersResponse, ExternalIdKey};
use fault::Fault;
use rpc::Call;

use super::identity;
use super::key::{Key, Kind};
use crate::api::IdentityApi;

impl IdentityApi {
    pub(crate) async fn batch_look_up_members(
        &self,
        call: Call<BatchLookUpMembersRequest>,
    ) -> Result<BatchLookUpMembersResponse, Fault> {
        let keys: Vec<Key> = call.keys.iter().map(key).collect();
        let holders = identity::rows::holders(self.db.read(), call.tenant(), &keys).await?;
        let member = |key| holders.get(key).map(ToString::to_string).unwrap_or_default();
        Ok(BatchLookUpMembersResponse {
            member_ids: keys.iter().map(member).collect(),
        })
    }
}

fn key(wire: &ExternalIdKey) -> Key {
    Key {
        kind: Kind::ExternalId,
        scope: wire.channel_code.clone(),
        value: wire.external_id.clone(),
    }
}
