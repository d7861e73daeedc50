use std::collections::BTreeMap;

use contracts_points::v1::{GetLiabilityRequest, GetLiabilityResponse};
use fault::Fault;
use kernel::Exact;
use ledger::{CalendarMonth, Count, EntryKind, View};
use rpc::Call;

use super::counters::counters;
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::proof::reconcile::rows::debt_sum;
use crate::wire::sum_to_wire;

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
        let sum = |kind| sums.get(&kind).map_or(0, |sum| sum.amount);
        let taken_back = sum(EntryKind::EarnReversal).exact_add(sum(EntryKind::DebtRepayment));
        Ok(GetLiabilityResponse {
            issued: sum_to_wire("issued", sum(EntryKind::Earn))?,
            redeemed: sum_to_wire("redeemed", sum(EntryKind::Redeem).exact_neg())?,
            returned: sum_to_wire("returned", sum(EntryKind::RedeemReversal))?,
            taken_back: sum_to_wire("taken_back", taken_back.exact_neg())?,
            expired: sum_to_wire("expired", sum(EntryKind::Expire).exact_neg())?,
            outstanding: sum_to_wire("outstanding", all.amount)?,
            entry_count: all.entries,
            debt: sum_to_wire("debt", debt_sum(db, tenant, &call.asset_code).await?)?,
            adjusted: sum_to_wire("adjusted", sum(EntryKind::Adjustment))?,
        })
    }
}
