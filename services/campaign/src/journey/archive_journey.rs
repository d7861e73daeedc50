use contracts_campaign::v1::{ArchiveJourneyRequest, ArchiveJourneyResponse, JourneyArchived};
use fault::Fault;
use rpc::Call;

use super::rows;
use super::wire;
use crate::api::CampaignApi;
use crate::fact::listeners;

impl CampaignApi {
    pub(crate) async fn archive_journey(
        &self,
        call: Call<ArchiveJourneyRequest>,
    ) -> Result<ArchiveJourneyResponse, Fault> {
        let tenant = call.tenant();
        let tx = store::begin_or_replay!(self.db, call);
        let journey = rows::lock(&**tx, tenant, &call.journey_code).await?;
        let journey = journey.ok_or_else(|| Fault::not_found("journey", &call.journey_code))?;
        let now = self.clock.now();
        let journey = journey.archive(&call.etag, now)?;

        rows::update(&**tx, tenant, &journey).await?;
        listeners::close(&**tx, tenant, &journey.code).await?;
        let fact = JourneyArchived {
            journey_code: journey.code.clone(),
            archive_time: Some(now.to_wire()),
        };
        tx.emit(&self.clock, tenant, &journey.code, &fact).await?;
        tx.commit(ArchiveJourneyResponse {
            journey: Some(wire::journey(&journey)?),
        })
        .await
    }
}
