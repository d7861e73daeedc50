use contracts_identity::v1::{BatchLookUpMembersRequest, BatchLookUpMembersResponse, ExternalIdKey};
use fault::Fault;
use rpc::Call;

use super::identity;
use super::key::{Key, Kind};
use super::value::Value;
use crate::api::IdentityApi;
use crate::blocked_value;

impl IdentityApi {
    pub(crate) async fn batch_look_up_members(
        &self,
        call: Call<BatchLookUpMembersRequest>,
    ) -> Result<BatchLookUpMembersResponse, Fault> {
        let keys: Vec<Key> = call.keys.iter().map(key).collect();
        let holders = identity::rows::holders(self.db.read(), call.tenant(), &keys).await?;
        let member = |key| holders.get(key).map(ToString::to_string).unwrap_or_default();
        let is_unheld = |(_, key): &(usize, &Key)| !holders.contains_key(*key);
        let unheld: Vec<(usize, &Key)> = keys.iter().enumerate().filter(is_unheld).collect();
        let brought = unheld.iter().map(|(_, key)| *key);
        let blocklist = blocked_value::rows::among(self.db.read(), call.tenant(), brought).await?;
        let blocked = unheld.into_iter().filter(|(_, key)| {
            let value = Value::parse(key.kind, &key.value);
            value.is_ok_and(|value| value.blocked) || blocklist.blocks(key)
        });
        let blocked = blocked.map(|(place, _)| i32::try_from(place).map_err(Fault::internal));
        Ok(BatchLookUpMembersResponse {
            member_ids: keys.iter().map(member).collect(),
            blocked_key_indexes: blocked.collect::<Result<_, Fault>>()?,
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
