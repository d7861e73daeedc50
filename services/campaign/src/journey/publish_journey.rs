use contracts_campaign::v1::{JourneyPublished, PublishJourneyRequest, PublishJourneyResponse};
use fault::{Fault, Violations};
use rpc::Call;

use super::versions::compile;
use super::versions::rows::{VersionKey, VersionRow};
use super::{currencies, versions};
use super::{rows, wire};
use crate::api::CampaignApi;
use crate::fact::listeners;
use crate::fact::listeners::Entrance;

impl CampaignApi {
    pub(crate) async fn publish_journey(
        &self,
        call: Call<PublishJourneyRequest>,
    ) -> Result<PublishJourneyResponse, Fault> {
        let tenant = call.tenant();
        let tx = store::begin_or_replay!(self.db, call);
        let journey = rows::lock(&**tx, tenant, &call.journey_code).await?;
        let journey = journey.ok_or_else(|| Fault::not_found("journey", &call.journey_code))?;
        let now = self.clock.now();
        let journey = journey.publish(&call.etag, now)?;
        let definition = compile(&journey.draft)?;
        // Again, for the draft may have been saved before that was asked.
        let mut violations = Violations::new();
        currencies::check(&definition, "journey.definition", &mut violations);
        violations.finish()?;

        rows::update(&**tx, tenant, &journey).await?;
        let key = VersionKey {
            tenant,
            journey_code: journey.code.clone(),
            version: journey.published_version,
        };
        let row = VersionRow {
            key: key.clone(),
            definition: journey.draft.clone(),
            publish_time: now,
        };
        versions::rows::insert(&**tx, &row).await?;
        listeners::await_facts(&**tx, &key, &definition.awaited_keys()).await?;
        listeners::open(
            &**tx,
            &Entrance {
                fact: definition.trigger.key.clone(),
                version: key,
            },
        )
        .await?;
        let fact = JourneyPublished {
            journey_code: journey.code.clone(),
            version: journey.published_version,
            publish_time: Some(now.to_wire()),
        };
        tx.emit(&self.clock, tenant, &journey.code, &fact).await?;
        tx.commit(PublishJourneyResponse {
            journey: Some(wire::journey(&journey)?),
        })
        .await
    }
}
