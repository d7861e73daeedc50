use contracts_campaign::v1::{GetJourneyRequest, GetJourneyResponse};
use fault::Fault;
use rpc::Call;

use super::{rows, wire};
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn get_journey(&self, call: Call<GetJourneyRequest>) -> Result<GetJourneyResponse, Fault> {
        let journey = rows::find(self.db.read(), call.tenant(), &call.journey_code).await?;
        let journey = journey.ok_or_else(|| Fault::not_found("journey", &call.journey_code))?;
        Ok(GetJourneyResponse {
            journey: Some(wire::journey(&journey)?),
        })
    }
}
