//! Where facts are sent.

use fault::Fault;
use thiserror::Error;
use url::Url;

use crate::api::ChannelsApi;

/// Why a text is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum TargetError {
    #[error("must be a URL such as https://example.com/quanyu")]
    NoUrl,
    #[error("must begin with https://, or with http:// where the platform's operator has allowed the target's network")]
    Scheme,
    #[error("must not name a user or a password: deliveries are signed instead")]
    Credentials,
    #[error("must not end in a fragment (#...), which is never sent")]
    Fragment,
}

/// The target that a text names, in its one form.
pub(crate) fn parse(text: &str) -> Result<Url, TargetError> {
    let url = Url::parse(text).map_err(|_| TargetError::NoUrl)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(TargetError::Scheme);
    }
    if url.host().is_none() {
        return Err(TargetError::NoUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    if url.fragment().is_some() {
        return Err(TargetError::Fragment);
    }
    Ok(url)
}

impl ChannelsApi {
    /// Refuses a target that leads to what must not be reached, as names are resolved now.
    pub(super) async fn check_target(&self, target_url: &str) -> Result<(), Fault> {
        let target = parse(target_url).map_err(Fault::internal)?;
        let checked = self.sender.check(&target).await;
        checked.map_err(|message| Fault::invalid("subscription.target_url", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_url_by_http_without_credentials() {
        for (text, expected) in [
            ("https://example.com/quanyu", Ok("https://example.com/quanyu")),
            ("https://EXAMPLE.com:443", Ok("https://example.com/")),
            ("http://2130706433/", Ok("http://127.0.0.1/")),
            ("example.com", Err(TargetError::NoUrl)),
            ("https://", Err(TargetError::NoUrl)),
            ("ftp://example.com/", Err(TargetError::Scheme)),
            ("https://me:secret@example.com/", Err(TargetError::Credentials)),
            ("https://example.com/#here", Err(TargetError::Fragment)),
        ] {
            assert_eq!(
                parse(text).map(|url| url.to_string()),
                expected.map(str::to_owned),
                "{text}"
            );
        }
    }
}
