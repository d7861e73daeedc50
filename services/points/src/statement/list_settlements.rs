use std::collections::BTreeMap;

use contracts_points::v1::{ListSettlementsRequest, ListSettlementsResponse, Settlement};
use fault::Fault;
use kernel::Exact;
use ledger::{CalendarMonth, CostCentre, EntryKind, View};
use rpc::Call;

use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::liability::counters::counters;
use crate::wire::sum_to_wire;

impl PointsApi {
    pub(crate) async fn list_settlements(
        &self,
        call: Call<ListSettlementsRequest>,
    ) -> Result<ListSettlementsResponse, Fault> {
        let first = parse_month("start_month", &call.start_month)?;
        let last = match &*call.end_month {
            "" => first,
            end => parse_month("end_month", end)?,
        };
        if last < first {
            return Err(Fault::invalid("end_month", "must not lie before start_month"));
        }
        let (db, tenant) = (self.db.read(), call.tenant());
        asset(db, tenant, &call.asset_code).await?;
        // What was spent and what was given back, by month, who granted it and where it was spent.
        let mut settled: BTreeMap<(CalendarMonth, CostCentre, CostCentre), (i128, i128)> = BTreeMap::new();
        for row in counters(db, tenant, &call.asset_code, View::Settlement, (first, last)).await? {
            let (redeemed, returned) = settled.entry((row.month, row.centre, row.spent_at)).or_default();
            match row.kind {
                EntryKind::Redeem => *redeemed = redeemed.exact_sub(row.count.amount),
                EntryKind::RedeemReversal => *returned = returned.exact_add(row.count.amount),
                // Nothing else is settled.
                EntryKind::Earn
                | EntryKind::EarnReversal
                | EntryKind::Expire
                | EntryKind::MoveOut
                | EntryKind::MoveIn
                | EntryKind::DebtRepayment
                | EntryKind::TransferOut
                | EntryKind::TransferIn
                | EntryKind::Adjustment => {}
            }
        }
        let settlements = settled
            .into_iter()
            .map(|((month, issued_by, redeemed_at), (redeemed, returned))| {
                Ok(Settlement {
                    month: month.to_string(),
                    issued_by: issued_by.to_string(),
                    redeemed_at: redeemed_at.to_string(),
                    redeemed: sum_to_wire("settlements.redeemed", redeemed)?,
                    returned: sum_to_wire("settlements.returned", returned)?,
                    net: sum_to_wire("settlements.net", redeemed.exact_sub(returned))?,
                })
            });
        Ok(ListSettlementsResponse {
            settlements: settlements.collect::<Result<_, Fault>>()?,
        })
    }
}

fn parse_month(path: &'static str, text: &str) -> Result<CalendarMonth, Fault> {
    CalendarMonth::parse(text).ok_or_else(|| Fault::invalid(path, "must be a month as \"YYYY-MM\""))
}
