use std::collections::BTreeMap;

use contracts_points::v1::{Liability, ListLiabilitiesRequest, ListLiabilitiesResponse};
use fault::Fault;
use kernel::Exact;
use ledger::{CalendarMonth, CostCentre, View};
use rpc::Call;

use super::counters::counters;
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::wire::sum_to_wire;

impl PointsApi {
    pub(crate) async fn list_liabilities(
        &self,
        call: Call<ListLiabilitiesRequest>,
    ) -> Result<ListLiabilitiesResponse, Fault> {
        let (db, tenant) = (self.db.read(), call.tenant());
        asset(db, tenant, &call.asset_code).await?;
        let mut owed: BTreeMap<(CalendarMonth, CostCentre), i128> = BTreeMap::new();
        for row in counters(db, tenant, &call.asset_code, View::Expiry, CalendarMonth::ALL).await? {
            let sum = owed.entry((row.month, row.centre)).or_default();
            *sum = sum.exact_add(row.count.amount);
        }
        let liabilities = owed.into_iter().filter(|(_, outstanding)| *outstanding != 0);
        let liabilities = liabilities.map(|((month, centre), outstanding)| {
            Ok(Liability {
                expire_month: month.to_string(),
                cost_centre: centre.to_string(),
                outstanding: sum_to_wire("liabilities.outstanding", outstanding)?,
            })
        });
        Ok(ListLiabilitiesResponse {
            liabilities: liabilities.collect::<Result<_, Fault>>()?,
        })
    }
}
