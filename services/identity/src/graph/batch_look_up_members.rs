use contracts_identity::v1::{BatchLookUpMembersRequest, BatchLookUpMembersResponse, ExternalIdKey};
use fault::Fault;
use rpc::Call;

use super::holding::{Held, Keys};
use super::key::{Key, Kind};
use crate::api::IdentityApi;

impl IdentityApi {
    pub(crate) async fn batch_look_up_members(
        &self,
        call: Call<BatchLookUpMembersRequest>,
    ) -> Result<BatchLookUpMembersResponse, Fault> {
        let keys = Keys {
            tenant: call.tenant(),
            keys: call.keys.iter().map(key).collect(),
        };
        let mut answer = BatchLookUpMembersResponse::default();
        for (place, held) in self.holding.ask_when_room(keys).await?.into_iter().enumerate() {
            answer.member_ids.push(match held {
                Held::By(member) => member.to_string(),
                Held::Free | Held::Blocked => String::new(),
            });
            if matches!(held, Held::Blocked) {
                let place = i32::try_from(place).map_err(Fault::internal)?;
                answer.blocked_key_indexes.push(place);
            }
        }
        Ok(answer)
    }
}

fn key(wire: &ExternalIdKey) -> Key {
    Key {
        kind: Kind::ExternalId,
        scope: wire.channel_code.clone(),
        value: wire.external_id.clone(),
    }
}
