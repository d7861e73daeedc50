use std::collections::BTreeMap;

use contracts::points::v1::{self as wire, GetBreakageRequest, GetBreakageResponse};
use fault::Fault;
use rpc::Call;

use super::PointsApi;
use crate::domain::{CalendarMonth, Cohort, View, breakage};
use crate::store::{asset, counters};
use crate::wire::amount_to_wire;

impl PointsApi {
    pub(crate) async fn get_breakage(&self, call: Call<GetBreakageRequest>) -> Result<GetBreakageResponse, Fault> {
        let (db, tenant) = (self.db.read(), call.tenant());
        asset(db, tenant, &call.asset_code).await?;
        let mut cohorts: BTreeMap<CalendarMonth, Cohort> = BTreeMap::new();
        for row in counters(db, tenant, &call.asset_code, View::Cohort, CalendarMonth::ALL).await? {
            cohorts.entry(row.month).or_default().add(row.kind, row.count.amount);
        }
        let cohorts: Vec<(CalendarMonth, Cohort)> = cohorts.into_iter().collect();
        let found = breakage(&cohorts);
        Ok(GetBreakageResponse {
            cohorts: cohorts.iter().map(cohort_to_wire).collect(),
            breakage_rate_ppm: amount_to_wire(found.rate_ppm),
            expected_breakage: amount_to_wire(found.expected),
            outstanding: amount_to_wire(found.outstanding),
        })
    }
}

fn cohort_to_wire((month, cohort): &(CalendarMonth, Cohort)) -> wire::Cohort {
    wire::Cohort {
        month: month.to_string(),
        issued: amount_to_wire(cohort.issued),
        redeemed: amount_to_wire(cohort.redeemed),
        expired: amount_to_wire(cohort.expired),
        outstanding: amount_to_wire(cohort.outstanding()),
    }
}
