//! What can be set of channels.

use channels::{Network, NoNetwork, Settings};
use documented::DocumentedFields;
use runtime::{Problem, Secret};
use serde::{Deserialize, Serialize};

use super::Config;

/// What a key must have at least.
const KEY_CHARACTERS_MIN: usize = 32;

/// How webhooks are kept and sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelsSettings {
    /// Seals the secrets of webhooks in the database of channels, 32 characters or more; absent: they stand there as they are,
    /// and who reads the database can sign as the platform.
    pub secrets_key: Option<Secret>,
    /// A former key, which opens what it has sealed and seals nothing, while the platform changes over to another one.
    pub secrets_key_honoured: Option<Secret>,
    /// Networks of your own to which webhooks may be sent, by plain http too, separated by commas; absent: webhooks are sent to
    /// the public Internet alone, by https.
    pub allowed_networks: Option<String>,
}

impl ChannelsSettings {
    fn networks(&self) -> impl Iterator<Item = Result<Network, NoNetwork>> {
        let listed = self.allowed_networks.as_deref().unwrap_or_default();
        let listed = listed.split(',').map(str::trim).filter(|text| !text.is_empty());
        listed.map(str::parse)
    }

    /// As the service takes them.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            secrets_key: self.secrets_key.clone(),
            secrets_key_honoured: self.secrets_key_honoured.clone(),
            allowed_networks: self.networks().filter_map(Result::ok).collect(),
            ..Settings::default()
        }
    }
}

impl Config {
    pub(super) fn problems_of_channels(&self) -> Vec<Problem> {
        let keys = [
            ("channels.secrets_key", &self.channels.secrets_key),
            ("channels.secrets_key_honoured", &self.channels.secrets_key_honoured),
        ];
        let is_short = |key: &Secret| key.expose().len() < KEY_CHARACTERS_MIN;
        let short = keys.into_iter().filter(|(_, key)| key.as_ref().is_some_and(is_short));
        let message = "must have at least 32 characters: make one with `openssl rand -hex 32`";
        let short = short.map(|(setting, _)| Problem::new(setting, message));
        let wrong = self.channels.networks().find_map(Result::err);
        let wrong = wrong.map(|wrong| Problem::new("channels.allowed_networks", wrong.to_string()));
        short.chain(wrong).collect()
    }
}
