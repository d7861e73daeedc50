use contracts_points::v1::{CreateAssetRequest, CreateAssetResponse, ErrorReason};
use fault::Fault;
use kernel::Time;
use ledger::{Asset, AssetKind};
use rpc::Call;

use super::rows;
use super::rows::AssetRow;
use super::wire::{asset_to_wire, check_days, clawback_from_wire, expiry_from_wire};
use crate::api::PointsApi;

impl PointsApi {
    pub(crate) async fn create_asset(&self, call: Call<CreateAssetRequest>) -> Result<CreateAssetResponse, Fault> {
        let row = parse(&call, self.clock.now())?;
        let tx = store::begin_or_replay!(self.db, call);
        if !rows::create_asset(&tx, call.tenant(), &row).await? {
            let message = format!(
                "there is an asset {} already: choose another code, or update it",
                call.code
            );
            return Err(Fault::refused(ErrorReason::AssetExists, message).with("code", &call.code));
        }
        tx.commit(CreateAssetResponse {
            asset: Some(asset_to_wire(&row)),
        })
        .await
    }
}

fn parse(request: &CreateAssetRequest, now: Time) -> Result<AssetRow, Fault> {
    let sent = request
        .asset
        .as_ref()
        .ok_or_else(|| Fault::invalid("asset", "is required"))?;
    let kind = AssetKind::from_number(sent.kind);
    let asset = Asset {
        code: request.code.as_str().into(),
        kind: kind.ok_or_else(|| Fault::invalid("asset.kind", "must be named"))?,
        expiry: expiry_from_wire(sent.expiry_policy.as_ref())?,
        utc_offset_minutes: sent.utc_offset_minutes,
        reversal_grace_days: sent.reversal_grace_days,
        clawback: clawback_from_wire(sent.clawback_policy()),
        transfer_forbidden: sent.transfer_forbidden,
        adjustment_alone_max: sent.adjustment_alone_max,
    };
    check_days(&asset.expiry, asset.utc_offset_minutes, now)?;
    let display_name = sent.display_name.clone();
    Ok(AssetRow {
        asset,
        display_name,
        version: 1,
        create_time: now,
        update_time: now,
    })
}
