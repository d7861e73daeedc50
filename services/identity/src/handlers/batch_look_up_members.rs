use contracts::identity::v1::{BatchLookUpMembersRequest, BatchLookUpMembersResponse, ExternalIdKey};
use fault::Fault;
use rpc::Call;

use crate::api::IdentityApi;
use crate::domain::{Key, Kind};
use crate::store;

impl IdentityApi {
    pub(crate) async fn batch_look_up_members(
        &self,
        call: Call<BatchLookUpMembersRequest>,
    ) -> Result<BatchLookUpMembersResponse, Fault> {
        let keys: Vec<Key> = call.keys.iter().map(key).collect();
        let holders = store::identities::holders(self.db.read(), call.tenant(), &keys).await?;
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
