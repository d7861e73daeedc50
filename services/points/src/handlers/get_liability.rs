use contracts::points::v1::{GetLiabilityRequest, GetLiabilityResponse};
use fault::Fault;
use rpc::Call;

use super::PointsApi;
use crate::domain::EntryKind;
use crate::store::{KindSum, asset, liability};

impl PointsApi {
    pub(crate) async fn get_liability(&self, call: Call<GetLiabilityRequest>) -> Result<GetLiabilityResponse, Fault> {
        asset(self.db.read(), call.tenant(), &call.asset_code).await?;
        let sums = liability(self.db.read(), call.tenant(), &call.asset_code).await?;
        let of = |kind: EntryKind| {
            let found = sums.iter().find(|sum| sum.kind == kind.number());
            found.map_or(0, |sum| sum.amount.saturating_abs())
        };
        let total = |figure: fn(&KindSum) -> i64| sums.iter().map(figure).fold(0, i64::saturating_add);
        Ok(GetLiabilityResponse {
            issued: of(EntryKind::Earn),
            redeemed: of(EntryKind::Redeem),
            returned: of(EntryKind::RedeemReversal),
            taken_back: of(EntryKind::EarnReversal).saturating_add(of(EntryKind::DebtRepayment)),
            expired: of(EntryKind::Expire),
            outstanding: total(|sum| sum.amount),
            entry_count: total(|sum| sum.entry_count),
            debt: total(|sum| sum.debt),
            adjusted: total(|sum| {
                if sum.kind == EntryKind::Adjustment.number() {
                    sum.amount
                } else {
                    0
                }
            }),
        })
    }
}
