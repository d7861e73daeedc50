use contracts_campaign::v1::{GetJourneyVersionRequest, GetJourneyVersionResponse, JourneyVersion};
use fault::Fault;
use rpc::Call;

use super::versions;
use super::versions::rows::VersionKey;
use super::wire;
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn get_journey_version(
        &self,
        call: Call<GetJourneyVersionRequest>,
    ) -> Result<GetJourneyVersionResponse, Fault> {
        let key = VersionKey {
            tenant: call.tenant(),
            journey_code: call.journey_code.clone(),
            version: call.version,
        };
        let row = versions::rows::find(self.db.read(), &[key])
            .await?
            .pop()
            .ok_or_else(|| {
                Fault::not_found(
                    "journey version",
                    format!("{}/versions/{}", call.journey_code, call.version),
                )
            })?;
        Ok(GetJourneyVersionResponse {
            journey_version: Some(JourneyVersion {
                journey_code: row.key.journey_code,
                version: row.key.version,
                definition: Some(wire::definition(&row.definition)?),
                publish_time: Some(row.publish_time.to_wire()),
            }),
        })
    }
}
