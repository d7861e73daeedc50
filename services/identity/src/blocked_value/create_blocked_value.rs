use contracts_identity::v1::{CreateBlockedValueRequest, CreateBlockedValueResponse, ErrorReason};
use fault::Fault;
use kernel::Id;
use rpc::Call;

use super::{BLOCKED_VALUES_MAX, BlockedValue};
use super::{rows, wire};
use crate::api::IdentityApi;

impl IdentityApi {
    pub(crate) async fn create_blocked_value(
        &self,
        call: Call<CreateBlockedValueRequest>,
    ) -> Result<CreateBlockedValueResponse, Fault> {
        let asked = call.blocked_value.clone().unwrap_or_default();
        let entry = wire::blocked_entry(&asked)?;
        let tx = store::begin_or_replay!(self.db, call);
        let present = rows::of_entry(&**tx, call.tenant(), &entry).await?;
        let value = if let Some(present) = present {
            present
        } else {
            if rows::count(&**tx, call.tenant()).await? >= BLOCKED_VALUES_MAX {
                let message = format!("a brand blocks at most {BLOCKED_VALUES_MAX} values: delete some first");
                let refusal = Fault::refused(ErrorReason::BlockedValueLimitReached, message);
                return Err(refusal.with("limit", BLOCKED_VALUES_MAX));
            }
            let value = BlockedValue {
                id: Id::generate(&self.clock),
                entry,
                note: asked.note,
                create_time: self.clock.now(),
            };
            rows::insert(&**tx, call.tenant(), &value).await?;
            value
        };
        tx.commit(CreateBlockedValueResponse {
            blocked_value: Some(wire::blocked_value(&value)),
        })
        .await
    }
}
