use contracts_campaign::v1::ErrorReason;
use fault::Fault;

use super::JourneyError;

impl From<JourneyError> for Fault {
    fn from(error: JourneyError) -> Self {
        let message = error.to_string();
        match error {
            JourneyError::Archived { code } => {
                Self::refused(ErrorReason::JourneyArchived, message).with("journey_code", code)
            }
            JourneyError::Unchanged { code, version } => Self::refused(ErrorReason::JourneyUnchanged, message)
                .with("journey_code", code)
                .with("published_version", version),
            JourneyError::EtagMismatch { etag, sent } => Self::etag_mismatch(&sent, etag),
        }
    }
}
