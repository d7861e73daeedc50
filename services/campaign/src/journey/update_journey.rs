use contracts::campaign::v1::{Journey as Wire, UpdateJourneyRequest, UpdateJourneyResponse};
use fault::{Fault, Violations};
use prost::Message;
use rpc::Call;
use store::Begun;

use super::Edit;
use super::version_rows;
use super::version_rows::VersionKey;
use super::{definition_wire, rows, wire};
use crate::api::CampaignApi;

/// What `update_mask` may name.
const DISPLAY_NAME: &str = "display_name";
const DEFINITION: &str = "definition";

impl CampaignApi {
    pub(crate) async fn update_journey(
        &self,
        call: Call<UpdateJourneyRequest>,
    ) -> Result<UpdateJourneyResponse, Fault> {
        let asked = call.journey.clone().unwrap_or_default();
        let edit = edit(&asked, call.update_mask.as_ref())?;

        let tx = match self.db.begin_once(&call.key(&call.request_id)).await? {
            Begun::Replay(answer) => return Ok(answer),
            Begun::Fresh(tx) => tx,
        };
        let journey = rows::lock(&**tx, call.tenant(), &asked.code).await?;
        let journey = journey.ok_or_else(|| Fault::not_found("journey", &asked.code))?;
        let published = VersionKey {
            tenant: call.tenant(),
            journey_code: journey.code.clone(),
            version: journey.published_version,
        };
        let published = version_rows::find(&**tx, &[published])
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
    let both = [DISPLAY_NAME.to_owned(), DEFINITION.to_owned()];
    let paths = mask
        .map(|mask| mask.paths.as_slice())
        .filter(|paths| !paths.is_empty())
        .unwrap_or(&both);
    let mut edit = Edit::default();
    for (number, path) in paths.iter().enumerate() {
        match (path.as_str(), &asked.definition) {
            (DISPLAY_NAME, _) => edit.display_name = Some(asked.display_name.clone()),
            (DEFINITION, Some(definition)) => {
                definition_wire::parse_new(definition, "journey.definition", &mut violations);
                edit.draft = Some(definition.encode_to_vec());
            }
            (DEFINITION, None) => violations.add("journey.definition", "is needed, for update_mask names it"),
            _ => violations.add(
                format!("update_mask.paths[{number}]"),
                format!("must be \"{DISPLAY_NAME}\" or \"{DEFINITION}\""),
            ),
        }
    }
    violations.finish()?;
    Ok(edit)
}
