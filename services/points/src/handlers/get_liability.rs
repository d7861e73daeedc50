use std::collections::BTreeMap;

use contracts::points::v1::{GetLiabilityRequest, GetLiabilityResponse};
use fault::Fault;
use rpc::Call;

use super::PointsApi;
use crate::domain::{CalendarMonth, Count, EntryKind, View};
use crate::store::{asset, counters, debt_sum};
use crate::wire::amount_to_wire;

impl PointsApi {
    pub(crate) async fn get_liability(&self, call: Call<GetLiabilityRequest>) -> Result<GetLiabilityResponse, Fault> {
        let (db, tenant) = (self.db.read(), call.tenant());
        asset(db, tenant, &call.asset_code).await?;
        let mut sums: BTreeMap<EntryKind, Count> = BTreeMap::new();
        let mut all = Count::default();
        for row in counters(db, tenant, &call.asset_code, View::Expiry, CalendarMonth::ALL).await? {
            sums.entry(row.kind).or_default().add(row.count);
            all.add(row.count);
        }
        let of = |kind| {
            sums.get(&kind)
                .map_or(0, |sum| amount_to_wire(sum.amount.saturating_abs()))
        };
        let adjusted = sums.get(&EntryKind::Adjustment);
        Ok(GetLiabilityResponse {
            issued: of(EntryKind::Earn),
            redeemed: of(EntryKind::Redeem),
            returned: of(EntryKind::RedeemReversal),
            taken_back: of(EntryKind::EarnReversal).saturating_add(of(EntryKind::DebtRepayment)),
            expired: of(EntryKind::Expire),
            outstanding: amount_to_wire(all.amount),
            entry_count: all.entries,
            debt: debt_sum(db, tenant, &call.asset_code).await?,
            adjusted: adjusted.map_or(0, |sum| amount_to_wire(sum.amount)),
        })
    }
}
