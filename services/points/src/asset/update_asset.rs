use contracts::points::v1::{Asset, UpdateAssetRequest, UpdateAssetResponse};
use fault::{Fault, Violations};
use kernel::Time;
use rpc::Call;

use super::rows;
use super::rows::AssetRow;
use super::wire::{asset_to_wire, check_reachable, clawback_from_wire, expiry_from_wire};
use crate::api::PointsApi;
use crate::domain::ExpiryPolicy;
use crate::wire::check_etag;

const MUTABLE: [&str; 6] = [
    "display_name",
    "expiry_policy",
    "reversal_grace_days",
    "clawback_policy",
    "transfer_forbidden",
    "adjustment_alone_max",
];

impl PointsApi {
    pub(crate) async fn update_asset(&self, call: Call<UpdateAssetRequest>) -> Result<UpdateAssetResponse, Fault> {
        let patch = Patch::parse(&call)?;
        let tx = store::begin_or_replay!(self.db, call);
        let mut row = rows::asset_for_update(&tx, call.tenant(), &call.code).await?;
        check_etag(&call.etag, &row.version.to_string())?;
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
    paths: &'r [String],
}

impl<'r> Patch<'r> {
    fn parse(request: &'r UpdateAssetRequest) -> Result<Self, Fault> {
        let sent = request
            .asset
            .as_ref()
            .ok_or_else(|| Fault::invalid("asset", "is required"))?;
        let paths = request
            .update_mask
            .as_ref()
            .map_or(&[][..], |mask| mask.paths.as_slice());
        let mut violations = Violations::new();
        violations.check(!paths.is_empty(), "update_mask", "must name at least one field");
        for path in paths {
            let known = MUTABLE.contains(&path.as_str());
            violations.check(known, "update_mask", format!("{path} is no field that can be changed"));
        }
        violations.finish()?;
        Ok(Self {
            sent,
            expiry: expiry_from_wire(sent.expiry_policy.as_ref())?,
            paths,
        })
    }

    fn apply(self, row: &mut AssetRow, now: Time) -> Result<(), Fault> {
        let names = |field: &str| self.paths.iter().any(|path| path == field);
        if names("display_name") {
            row.display_name.clone_from(&self.sent.display_name);
        }
        if names("reversal_grace_days") {
            row.asset.reversal_grace_days = self.sent.reversal_grace_days;
        }
        if names("adjustment_alone_max") {
            row.asset.adjustment_alone_max = self.sent.adjustment_alone_max;
        }
        if names("transfer_forbidden") {
            row.asset.transfer_forbidden = self.sent.transfer_forbidden;
        }
        if names("clawback_policy") {
            row.asset.clawback = clawback_from_wire(self.sent.clawback_policy());
        }
        if names("expiry_policy") {
            check_reachable(&self.expiry, row.asset.utc_offset_minutes, now)?;
            row.asset.expiry = self.expiry;
        }
        Ok(())
    }
}
