use contracts_campaign::v1::{CreateJourneyRequest, CreateJourneyResponse, ErrorReason};
use fault::{Fault, Violations};
use prost::Message;
use rpc::Call;

use super::Journey;
use super::{definition, rows, wire};
use crate::JOURNEYS_MAX;
use crate::api::CampaignApi;

impl CampaignApi {
    pub(crate) async fn create_journey(
        &self,
        call: Call<CreateJourneyRequest>,
    ) -> Result<CreateJourneyResponse, Fault> {
        let mut violations = Violations::new();
        let asked = call.journey.clone().unwrap_or_default();
        match &asked.definition {
            Some(definition) => {
                definition::wire::parse_new(definition, "journey.definition", &mut violations);
            }
            None => violations.add("journey.definition", "is needed"),
        }
        violations.finish()?;
        let draft = asked.definition.unwrap_or_default().encode_to_vec();
        let journey = Journey::create(asked.code, asked.display_name, draft, self.clock.now());

        let tx = store::begin_or_replay!(self.db, call);
        if rows::lock(&**tx, call.tenant(), &journey.code).await?.is_some() {
            return Err(already_exists(&journey.code));
        }
        if rows::count_open(&**tx, call.tenant()).await? >= JOURNEYS_MAX {
            return Err(exhausted());
        }
        rows::insert(&**tx, call.tenant(), &journey).await?;
        tx.commit(CreateJourneyResponse {
            journey: Some(wire::journey(&journey)?),
        })
        .await
    }
}

fn already_exists(code: &str) -> Fault {
    let message = format!("there is a journey {code} already: choose another code, or update it");
    Fault::refused(ErrorReason::JourneyAlreadyExists, message).with("journey_code", code)
}

fn exhausted() -> Fault {
    let message = format!("there are {JOURNEYS_MAX} journeys, and there can be no more: archive those that are over");
    Fault::refused(ErrorReason::JourneysExhausted, message).with("journeys_max", JOURNEYS_MAX)
}
