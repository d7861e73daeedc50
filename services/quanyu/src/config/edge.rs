//! What can be set of the gateway.

use documented::DocumentedFields;
use gateway::{GatewayConfig, Issuer, IssuerSettings};
use runtime::Problem;
use serde::{Deserialize, Serialize};

use super::Config;

/// Who may call the gateway, and how much.
#[derive(Debug, Clone, Default, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySettings {
    /// Whose tokens (JWT) open the gateway beside API keys: a list of tables, each with `name`, `issuer`, `audiences`,
    /// `jwks_url` or `jwks_file`, and `tenant` or `tenant_claim`; docs/operating.md has the others, which have defaults.
    pub issuers: Vec<IssuerSettings>,
}

impl GatewaySettings {
    fn issuers(&self) -> Result<Vec<Issuer>, Vec<Problem>> {
        let (mut issuers, mut problems) = (Vec::new(), Vec::new());
        let mut told = |message: String| problems.push(Problem::new("gateway.issuers", message));
        for (at, settings) in self.issuers.iter().enumerate() {
            let before = self.issuers.iter().take(at);
            let mut before = before.filter(|other| other.name == settings.name || other.issuer == settings.issuer);
            if let Some(other) = before.next() {
                told(format!("{}: {} has its name or its issuer", settings.name, other.name));
            }
            match settings.read() {
                Ok(issuer) => issuers.push(issuer),
                Err(wrong) => wrong.into_iter().for_each(&mut told),
            }
        }
        if problems.is_empty() {
            Ok(issuers)
        } else {
            Err(problems)
        }
    }
}

impl Config {
    /// What is wrong with the settings of the gateway.
    pub(super) fn problems_of_gateway(&self) -> Vec<Problem> {
        self.gateway.issuers().err().unwrap_or_default()
    }

    /// How the gateway works. What is wrong was told by [`runtime::Settings::problems`].
    pub(crate) fn gateway(&self) -> GatewayConfig {
        GatewayConfig {
            drain: self.drain(),
            issuers: self.gateway.issuers().unwrap_or_default(),
            ..GatewayConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::Settings;

    use super::*;

    fn told(issuers: &str) -> Vec<String> {
        let config = Config {
            gateway: toml::from_str(issuers).unwrap(),
            ..Config::default()
        };
        config.problems().iter().map(ToString::to_string).collect()
    }

    const CORP: &str = r#"
        [[issuers]]
        name = "corp"
        issuer = "https://id.example.com"
        audiences = ["quanyu"]
        jwks_url = "https://id.example.com/keys"
        tenant = "default"
    "#;

    #[test]
    fn an_issuer_is_right_or_it_is_told_what_is_wrong_with_it() {
        assert_eq!(told(CORP), Vec::<String>::new());
        assert_eq!(told(""), Vec::<String>::new());
        let wrong = told(&CORP.replace("https://id.example.com/keys", "http://id.example.com/keys"));
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(
            wrong[0].starts_with("gateway.issuers: corp: jwks_url must"),
            "{wrong:?}"
        );
        let twice = told(&CORP.repeat(2));
        assert_eq!(twice, ["gateway.issuers: corp: corp has its name or its issuer"]);
    }

    #[test]
    fn the_example_that_is_printed_is_right() {
        let example = Config::example("gateway.issuers").unwrap();
        assert_eq!(told(&format!("issuers = {example}")), Vec::<String>::new());
    }
}
