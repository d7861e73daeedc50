use contracts::points::v1::{GetLiabilityRequest, GetLiabilityResponse};
use fault::Fault;
use rpc::Call;

use super::PointsApi;
use crate::domain::EntryKind;
use crate::store::{asset, liability};

impl PointsApi {
    pub(crate) async fn get_liability(&self, call: Call<GetLiabilityRequest>) -> Result<GetLiabilityResponse, Fault> {
        asset(self.db.read(), call.tenant(), &call.asset_code).await?;
        let sums = liability(self.db.read(), call.tenant(), &call.asset_code).await?;
        let of = |kind: EntryKind| {
            let found = sums.iter().find(|(number, _, _)| *number == kind.number());
            found.map_or(0, |(_, amount, _)| amount.saturating_abs())
        };
        Ok(GetLiabilityResponse {
            issued: of(EntryKind::Earn),
            redeemed: of(EntryKind::Redeem),
            returned: of(EntryKind::RedeemReversal),
            taken_back: of(EntryKind::EarnReversal),
            expired: of(EntryKind::Expire),
            outstanding: sums
                .iter()
                .fold(0_i64, |sum, (_, amount, _)| sum.saturating_add(*amount)),
            entry_count: sums.iter().fold(0_i64, |sum, (_, _, count)| sum.saturating_add(*count)),
        })
    }
}
