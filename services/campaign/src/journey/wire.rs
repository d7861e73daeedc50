use contracts_campaign::v1 as api;
use fault::Fault;
use prost::Message;

use super::Journey;

/// The journey as the contract shows it.
pub(crate) fn journey(journey: &Journey) -> Result<api::Journey, Fault> {
    let state = match (journey.archived, journey.published_version) {
        (true, _) => api::JourneyState::Archived,
        (false, 0) => api::JourneyState::Draft,
        (false, _) => api::JourneyState::Published,
    };
    Ok(api::Journey {
        code: journey.code.clone(),
        display_name: journey.display_name.clone(),
        definition: Some(definition(&journey.draft)?),
        state: state.into(),
        published_version: journey.published_version,
        draft_changed: journey.draft_changed,
        etag: journey.etag(),
        create_time: Some(journey.create_time.to_wire()),
        update_time: Some(journey.update_time.to_wire()),
    })
}

/// A definition as it is stored.
pub(crate) fn definition(encoded: &[u8]) -> Result<api::JourneyDefinition, Fault> {
    api::JourneyDefinition::decode(encoded).map_err(Fault::internal)
}
