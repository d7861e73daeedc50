//! Refusals of requests that tell where they stand: at which page of a list, at which version of a thing.

use kernel::{PageToken, PageTokenError};

use crate::{Common, Fault};

impl Fault {
    /// Where the page begins that `token` asks for; none for the first page. For a list by rows see [`kernel::Page`].
    pub fn check_page_token(filter: &[u8], token: &str) -> Result<Option<Vec<u8>>, Self> {
        PageToken::decode(filter, token).map_err(Self::from)
    }

    /// Refuses a change that was thought of for another version than the present one. An empty etag asks for no check.
    pub fn check_etag(sent: &str, present: impl ToString) -> Result<(), Self> {
        let present = present.to_string();
        if sent.is_empty() || sent == present {
            Ok(())
        } else {
            Err(Self::etag_mismatch(sent, present))
        }
    }

    /// The refusal of [`Fault::check_etag`], where the domain has decided it.
    pub fn etag_mismatch(sent: &str, present: impl ToString) -> Self {
        let present = present.to_string();
        let message = format!(
            "somebody else changed it: the etag is {present}, not {sent}; read it again, then repeat the change"
        );
        Self::refused(Common::EtagMismatch, message)
            .with("etag", present)
            .with("sent", sent)
    }
}

impl From<PageTokenError> for Fault {
    fn from(error: PageTokenError) -> Self {
        Self::refused(Common::PageTokenInvalid, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_the_present_one_or_none() {
        for (sent, present) in [("", "7"), ("7", "7")] {
            assert!(Fault::check_etag(sent, present).is_ok());
        }
        let Err(Fault::Refused(refusal)) = Fault::check_etag("6", 7_i64) else {
            panic!("another version was taken")
        };
        assert_eq!(refusal.reason, "ETAG_MISMATCH");
        assert_eq!(
            refusal.message,
            "somebody else changed it: the etag is 7, not 6; read it again, then repeat the change"
        );
        let metadata: Vec<_> = refusal.metadata.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(metadata, [("etag", "7"), ("sent", "6")]);
    }
}
