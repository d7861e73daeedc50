use contracts_campaign::v1::{GetJourneyRunRequest, GetJourneyRunResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::RunId;
use super::wire;
use super::{rows, steps};
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn get_journey_run(
        &self,
        call: Call<GetJourneyRunRequest>,
    ) -> Result<GetJourneyRunResponse, Fault> {
        let mut violations = Violations::new();
        let run_id = violations.parse("run_id", call.run_id.parse::<RunId>());
        violations.finish()?;
        let not_found = || Fault::not_found("journey run", &call.run_id);
        let run_id = run_id.ok_or_else(not_found)?;

        let row = rows::find(self.db.read(), call.tenant(), run_id)
            .await?
            .ok_or_else(not_found)?;
        let mut finished = steps::list(self.db.read(), call.tenant(), run_id).await?;
        // A step that was finished between the two reads is the run's present one in what we have of it.
        finished.retain(|step| !row.is_active() || step.number < row.step_number);
        let parked = rows::parked(self.db.read(), call.tenant(), std::slice::from_ref(&row)).await?;
        Ok(GetJourneyRunResponse {
            run: Some(wire::run(&row, parked.get(&run_id))),
            steps: wire::path(&row, finished),
        })
    }
}
