use contracts_points::v1::{Asset, UpdateAssetRequest, UpdateAssetResponse};
use fault::{Fault, Violations};
use kernel::Time;
use ledger::ExpiryPolicy;
use rpc::Call;

use super::rows;
use super::rows::AssetRow;
use super::wire::{asset_to_wire, check_days, clawback_from_wire, expiry_from_wire};
use crate::api::PointsApi;

/// The fields of an asset that may change.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    ExpiryPolicy,
    ReversalGraceDays,
    ClawbackPolicy,
    TransferForbidden,
    AdjustmentAloneMax,
}

const FIELDS: [(&str, Field); 6] = [
    ("display_name", Field::DisplayName),
    ("expiry_policy", Field::ExpiryPolicy),
    ("reversal_grace_days", Field::ReversalGraceDays),
    ("clawback_policy", Field::ClawbackPolicy),
    ("transfer_forbidden", Field::TransferForbidden),
    ("adjustment_alone_max", Field::AdjustmentAloneMax),
];

impl PointsApi {
    pub(crate) async fn update_asset(&self, call: Call<UpdateAssetRequest>) -> Result<UpdateAssetResponse, Fault> {
        let patch = Patch::parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let mut row = rows::asset_for_update(&tx, call.tenant(), &call.code).await?;
        Fault::check_etag(&call.etag, row.version)?;
        patch.apply(&mut row, self.clock.now())?;
        row.version = row.version.saturating_add(1);
        row.update_time = self.clock.now();
        rows::update_asset(&tx, call.tenant(), &row).await?;
        tx.commit(UpdateAssetResponse {
            asset: Some(asset_to_wire(&row)),
        })
        .await
    }
}

/// The fields that the mask names, with their new values.
struct Patch<'r> {
    sent: &'r Asset,
    expiry: ExpiryPolicy,
    fields: Vec<Field>,
}

impl<'r> Patch<'r> {
    fn parse(request: &'r UpdateAssetRequest) -> Result<Self, Fault> {
        let sent = request
            .asset
            .as_ref()
            .ok_or_else(|| Fault::invalid("asset", "is required"))?;
        let mut violations = Violations::new();
        let fields = violations.mask(request.update_mask.as_ref(), &FIELDS);
        violations.finish()?;
        Ok(Self {
            sent,
            expiry: expiry_from_wire(sent.expiry_policy.as_ref())?,
            fields,
        })
    }

    fn apply(self, row: &mut AssetRow, now: Time) -> Result<(), Fault> {
        for field in self.fields {
            match field {
                Field::DisplayName => row.display_name.clone_from(&self.sent.display_name),
                Field::ExpiryPolicy => {
                    check_days(&self.expiry, row.asset.utc_offset_minutes, now)?;
                    row.asset.expiry = self.expiry.clone();
                }
                Field::ReversalGraceDays => row.asset.reversal_grace_days = self.sent.reversal_grace_days,
                Field::ClawbackPolicy => row.asset.clawback = clawback_from_wire(self.sent.clawback_policy()),
                Field::TransferForbidden => row.asset.transfer_forbidden = self.sent.transfer_forbidden,
                Field::AdjustmentAloneMax => row.asset.adjustment_alone_max = self.sent.adjustment_alone_max,
            }
        }
        Ok(())
    }
}
