use std::collections::BTreeMap;

use contracts_points::v1::{self as wire, GetBreakageRequest, GetBreakageResponse};
use fault::Fault;
use ledger::{CalendarMonth, Cohort, View, breakage};
use rpc::Call;

use super::counters::counters;
use crate::api::PointsApi;
use crate::asset::rows::asset;
use crate::wire::sum_to_wire;

impl PointsApi {
    pub(crate) async fn get_breakage(&self, call: Call<GetBreakageRequest>) -> Result<GetBreakageResponse, Fault> {
        let (db, tenant) = (self.db.read(), call.tenant());
        asset(db, tenant, &call.asset_code).await?;
        let mut cohorts: BTreeMap<CalendarMonth, Cohort> = BTreeMap::new();
        for row in counters(db, tenant, &call.asset_code, View::Cohort, CalendarMonth::ALL).await? {
            cohorts.entry(row.month).or_default().add(row.kind, row.count.amount);
        }
        let cohorts: Vec<(CalendarMonth, Cohort)> = cohorts.into_iter().collect();
        let told: Vec<wire::Cohort> = cohorts.iter().map(cohort_to_wire).collect::<Result<_, Fault>>()?;
        let found = breakage(&cohorts);
        Ok(GetBreakageResponse {
            cohorts: told,
            breakage_rate_ppm: sum_to_wire("breakage_rate_ppm", found.rate_ppm)?,
            expected_breakage: sum_to_wire("expected_breakage", found.expected)?,
            outstanding: sum_to_wire("outstanding", found.outstanding)?,
        })
    }
}

fn cohort_to_wire((month, cohort): &(CalendarMonth, Cohort)) -> Result<wire::Cohort, Fault> {
    Ok(wire::Cohort {
        month: month.to_string(),
        issued: sum_to_wire("cohorts.issued", cohort.issued)?,
        redeemed: sum_to_wire("cohorts.redeemed", cohort.redeemed)?,
        expired: sum_to_wire("cohorts.expired", cohort.expired)?,
        outstanding: sum_to_wire("cohorts.outstanding", cohort.outstanding())?,
    })
}
