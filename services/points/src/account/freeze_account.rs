use contracts_points::v1::{FreezeAccountRequest, FreezeAccountResponse};
use fault::Fault;
use ledger::{AccountKey, Refusal};
use rpc::Call;

use super::freezes::{FreezeRow, freeze};
use super::rows::lock_one;
use crate::api::PointsApi;
use crate::pool::wire::parse_holder;
use crate::posting::refusals::refused;
use crate::proof::wire::freeze_to_wire;

impl PointsApi {
    pub(crate) async fn freeze_account(
        &self,
        call: Call<FreezeAccountRequest>,
    ) -> Result<FreezeAccountResponse, Fault> {
        let key = AccountKey {
            tenant: call.tenant(),
            member: parse_holder("member_id", &call.member_id)?,
            asset: call.asset_code.as_str().into(),
        };
        let tx = store::begin_or_replay!(self.db, call);
        let account = lock_one(&tx, &key).await?;
        let account = account.ok_or_else(|| Fault::not_found("account", format!("{} of {}", key.asset, key.member)))?;
        if let Some(frozen) = account.frozen {
            let asset = key.asset;
            return Err(refused(Refusal::Frozen { asset, frozen }));
        }
        let row = FreezeRow {
            key,
            reason: call.reason.clone(),
            discrepancy: None,
            freeze_time: self.clock.now(),
            frozen_by: call.principal().subject.clone(),
        };
        freeze(&tx, self.clock.uuid(), &row).await?;
        tracing::warn!(member = %row.key.member, asset = %row.key.asset, by = row.frozen_by, "an account was frozen");
        tx.commit(FreezeAccountResponse {
            frozen_account: Some(freeze_to_wire(&row)),
        })
        .await
    }
}
