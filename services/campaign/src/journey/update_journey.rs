use contracts_campaign::v1::{Journey as Wire, UpdateJourneyRequest, UpdateJourneyResponse};
use fault::{Fault, Violations};
use prost::Message;
use rpc::Call;

use super::Edit;
use super::versions;
use super::versions::rows::VersionKey;
use super::{definition, rows, wire};
use crate::api::CampaignApi;

/// The fields of a journey that may change.
#[derive(Clone, Copy)]
enum Field {
    DisplayName,
    Definition,
}

const FIELDS: [(&str, Field); 2] = [("display_name", Field::DisplayName), ("definition", Field::Definition)];

impl CampaignApi {
    pub(crate) async fn update_journey(
        &self,
        call: Call<UpdateJourneyRequest>,
    ) -> Result<UpdateJourneyResponse, Fault> {
        let asked = call.journey.clone().unwrap_or_default();
        let edit = edit(&asked, call.update_mask.as_ref())?;

        let tx = store::begin_or_replay!(self.db, call);
        let journey = rows::lock(&**tx, call.tenant(), &asked.code).await?;
        let journey = journey.ok_or_else(|| Fault::not_found("journey", &asked.code))?;
        let published = VersionKey {
            tenant: call.tenant(),
            journey_code: journey.code.clone(),
            version: journey.published_version,
        };
        let published = versions::rows::find(&**tx, &[published])
            .await?
            .pop()
            .map(|version| version.definition);
        let journey = journey.edit(edit, &asked.etag, published.as_deref(), self.clock.now())?;
        rows::update(&**tx, call.tenant(), &journey).await?;
        tx.commit(UpdateJourneyResponse {
            journey: Some(wire::journey(&journey)?),
        })
        .await
    }
}

/// The fields that the mask names, checked.
fn edit(asked: &Wire, mask: Option<&prost_types::FieldMask>) -> Result<Edit, Fault> {
    let mut violations = Violations::new();
    let mut edit = Edit::default();
    for field in violations.mask_or_all(mask, &FIELDS) {
        match (field, &asked.definition) {
            (Field::DisplayName, _) => edit.display_name = Some(asked.display_name.clone()),
            (Field::Definition, Some(definition)) => {
                definition::wire::parse_new(definition, "journey.definition", &mut violations);
                edit.draft = Some(definition.encode_to_vec());
            }
            (Field::Definition, None) => violations.add("journey.definition", "is needed, for update_mask names it"),
        }
    }
    violations.finish()?;
    Ok(edit)
}
