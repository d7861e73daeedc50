use contracts_identity::v1::{DeleteBlockedValueRequest, DeleteBlockedValueResponse};
use fault::Fault;
use rpc::Call;

use super::BlockedValueNoun;
use super::{rows, wire};
use crate::api::{IdentityApi, parse_id};

impl IdentityApi {
    pub(crate) async fn delete_blocked_value(
        &self,
        call: Call<DeleteBlockedValueRequest>,
    ) -> Result<DeleteBlockedValueResponse, Fault> {
        let id = parse_id::<BlockedValueNoun>("blocked_value_id", &call.blocked_value_id)?;
        let tx = store::begin_or_replay!(self.db, call);
        let value = rows::delete(&**tx, call.tenant(), id).await?;
        let value = value.ok_or_else(|| Fault::not_found("blocked_value", id))?;
        tx.commit(DeleteBlockedValueResponse {
            blocked_value: Some(wire::blocked_value(&value)),
        })
        .await
    }
}
