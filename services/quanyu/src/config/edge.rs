//! What can be set of the gateway.

use std::time::Duration;

use documented::DocumentedFields;
use gateway::{ConnectionLimits, Exposure, GatewayConfig, Issuer, IssuerSettings, RequestLimits, check_origin};
use runtime::Problem;
use serde::{Deserialize, Serialize};

use super::Config;

/// Who may call the gateway, and how much.
#[derive(Debug, Clone, Serialize, Deserialize, DocumentedFields)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySettings {
    /// Whose tokens (JWT) open the gateway beside API keys: a list of tables, each with `name`, `issuer`, `audiences`,
    /// `jwks_url` or `jwks_file`, and `tenant` or `tenant_claim`; docs/operating.md has the others, which have defaults.
    pub issuers: Vec<IssuerSettings>,
    /// How many requests a second each caller may make in the long run, over all gateways, who has no limit of its own; 0 for
    /// any number.
    pub requests_per_second: u32,
    /// How many of them at once after a pause; 0 for one second's worth.
    pub burst: u32,
    /// How many requests a day, which begins at midnight in the tenant's time zone; 0 for any number.
    pub requests_per_day: u64,
    /// The longest body of a REST request in bytes, and the longest line of one that has a message on each line.
    pub body_bytes_max: usize,
    /// How many seconds a REST request may take whose caller names no deadline.
    pub timeout_seconds: u64,
    /// How many connections may be open at once; the next one waits.
    pub connections_max: usize,
    /// How many requests one connection may have under way.
    pub streams_max: u32,
    /// How many bytes the headers of a request may have together.
    pub header_bytes_max: u32,
    /// How many seconds a client may take to send them.
    pub header_seconds: u64,
    /// How many requests a connection may take back before they were looked at (HTTP/2 rapid reset); with more it is closed.
    pub resets_max: usize,
    /// After how many seconds, give or take a tenth, a connection is asked to make way for a new one, so that load spreads to
    /// new gateways; 0 for never.
    pub connection_age_seconds: u64,
    /// How many seconds its requests under way may take to end then; what takes longer is cut off.
    pub connection_grace_seconds: u64,
    /// Who may reflect on the contracts by gRPC: "on" for everybody, "key" for those with a valid key or token, "off".
    pub reflection: Exposure,
    /// Who may read /openapi.json and /docs: "on", "key" or "off".
    pub documents: Exposure,
    /// Whose pages may call from a browser (CORS), by their origins, such as `https://shop.example`; "*" for any page. Empty: none
    /// but the gateway's own.
    pub cors_origins: Vec<String>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        let config = GatewayConfig::default();
        let (limits, connections) = (config.default_limits, config.connections);
        Self {
            issuers: Vec::new(),
            requests_per_second: limits.per_second,
            burst: limits.burst,
            requests_per_day: limits.per_day,
            body_bytes_max: config.body_bytes_max,
            timeout_seconds: config.timeout.as_secs(),
            connections_max: connections.open_max,
            streams_max: connections.streams_max,
            header_bytes_max: connections.header_bytes_max,
            header_seconds: connections.header_timeout.as_secs(),
            resets_max: connections.resets_max,
            connection_age_seconds: connections.age_max.map_or(0, |age| age.as_secs()),
            connection_grace_seconds: connections.age_grace.as_secs(),
            reflection: config.reflection,
            documents: config.documents,
            cors_origins: config.cors_origins,
        }
    }
}

/// A client may send so much before hyper looks at it.
const HEADER_BYTES_MIN: u32 = 8 * 1024;
const HEADER_BYTES_MAX: u32 = 1024 * 1024;
/// A body is held in memory while it is read.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

impl GatewaySettings {
    fn issuers(&self) -> Result<Vec<Issuer>, Vec<Problem>> {
        let (mut issuers, mut problems) = (Vec::new(), Vec::new());
        for (at, settings) in self.issuers.iter().enumerate() {
            let place = place(at, settings);
            let mut before = self.issuers.iter().take(at);
            let is_same = |one: &str, other: &str| !one.is_empty() && one == other;
            if before.any(|other| is_same(&other.name, &settings.name) || is_same(&other.issuer, &settings.issuer)) {
                problems.push(Problem::new(
                    &place,
                    "has the name or the issuer of another: each has its own",
                ));
            }
            match settings.read() {
                Ok(issuer) => issuers.push(issuer),
                Err(wrong) => problems.extend(wrong.into_iter().map(|problem| placed(&place, problem))),
            }
        }
        if problems.is_empty() {
            Ok(issuers)
        } else {
            Err(problems)
        }
    }
}

/// Where an issuer's table is found: by its name, or by its number from 0.
fn place(at: usize, settings: &IssuerSettings) -> String {
    match settings.has_name() {
        true => format!("gateway.issuers.{}", settings.name),
        false => format!("gateway.issuers[{at}]"),
    }
}

fn placed(place: &str, problem: Problem) -> Problem {
    Problem::new(format!("{place}.{}", problem.setting), problem.message)
}

impl Config {
    /// What is wrong with the files that issuers name, for a process that opens the gateway.
    pub(super) fn problems_of_issuers(&self) -> Vec<Problem> {
        let of_files = self.gateway.issuers.iter().enumerate().filter_map(|(at, settings)| {
            let problems = settings.read().ok()?.problems_of_files().into_iter();
            Some(problems.map(move |problem| placed(&place(at, settings), problem)))
        });
        of_files.flatten().collect()
    }

    /// What is wrong with the settings of the gateway.
    pub(super) fn problems_of_gateway(&self) -> Vec<Problem> {
        let gateway = &self.gateway;
        let mut problems = gateway.issuers().err().unwrap_or_default();
        let headers = HEADER_BYTES_MIN..=HEADER_BYTES_MAX;
        for (right, setting, message) in [
            (
                (1..=BODY_BYTES_MAX).contains(&gateway.body_bytes_max),
                "body_bytes_max",
                "must be from 1 to 67108864",
            ),
            (gateway.timeout_seconds >= 1, "timeout_seconds", "must be at least 1"),
            (gateway.connections_max >= 1, "connections_max", "must be at least 1"),
            (gateway.streams_max >= 1, "streams_max", "must be at least 1"),
            (
                headers.contains(&gateway.header_bytes_max),
                "header_bytes_max",
                "must be from 8192 to 1048576",
            ),
            (gateway.header_seconds >= 1, "header_seconds", "must be at least 1"),
            (gateway.resets_max >= 1, "resets_max", "must be at least 1"),
            (
                gateway.burst == 0 || gateway.requests_per_second > 0,
                "burst",
                "is of use only with requests_per_second: set that too",
            ),
        ] {
            if !right {
                problems.push(Problem::new(format!("gateway.{setting}"), message));
            }
        }
        for origin in &gateway.cors_origins {
            if let Err(message) = check_origin(origin) {
                problems.push(Problem::new("gateway.cors_origins", format!("{origin:?} {message}")));
            }
        }
        problems
    }

    /// How the gateway works. What is wrong was told by [`runtime::Settings::problems`].
    pub(crate) fn gateway(&self) -> GatewayConfig {
        let gateway = &self.gateway;
        let age = gateway.connection_age_seconds;
        GatewayConfig {
            drain: self.drain(),
            issuers: gateway.issuers().unwrap_or_default(),
            body_bytes_max: gateway.body_bytes_max,
            timeout: Duration::from_secs(gateway.timeout_seconds),
            default_limits: RequestLimits {
                per_second: gateway.requests_per_second,
                burst: gateway.burst,
                per_day: gateway.requests_per_day,
            },
            connections: ConnectionLimits {
                open_max: gateway.connections_max,
                streams_max: gateway.streams_max,
                header_bytes_max: gateway.header_bytes_max,
                header_timeout: Duration::from_secs(gateway.header_seconds),
                resets_max: gateway.resets_max,
                age_max: (age > 0).then(|| Duration::from_secs(age)),
                age_grace: Duration::from_secs(gateway.connection_grace_seconds),
            },
            reflection: gateway.reflection,
            documents: gateway.documents,
            cors_origins: gateway.cors_origins.clone(),
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
        assert!(wrong[0].starts_with("gateway.issuers.corp.jwks_url: must"), "{wrong:?}");
        let twice = told(&CORP.repeat(2));
        assert_eq!(
            twice,
            ["gateway.issuers.corp: has the name or the issuer of another: each has its own"]
        );
        let unnamed = told("[[issuers]]\nname = \"Corp\"\n[[issuers]]\n");
        let places = |at: usize| {
            unnamed
                .iter()
                .filter(|told| told.starts_with(&format!("gateway.issuers[{at}].")))
                .count()
        };
        assert_eq!((places(0), places(1), unnamed.len()), (5, 5, 10), "{unnamed:?}");
    }

    #[test]
    fn a_file_of_an_issuer_is_one_that_has_what_it_is_for() {
        let told = |issuers: &str| {
            let config = Config {
                gateway: toml::from_str(issuers).unwrap(),
                ..Config::default()
            };
            let problems = config.problems().into_iter().chain(config.problems_of_opener());
            problems.map(|problem| problem.to_string()).collect::<Vec<_>>()
        };
        let with_ca = told(&format!("{CORP}\nca_file = '/nowhere/ca.pem'"));
        let expected = "gateway.issuers.corp.ca_file: /nowhere/ca.pem cannot be read: ";
        assert!(with_ca.len() == 1 && with_ca[0].starts_with(expected), "{with_ca:?}");
        let file = tempfile::NamedTempFile::new().unwrap();
        let of_file = CORP.replace(
            "jwks_url = \"https://id.example.com/keys\"",
            &format!("jwks_file = '{}'", file.path().display()),
        );
        for (text, wrong) in [
            ("", "it is no set of keys"),
            (r#"{"keys": []}"#, "no key of it is for signatures"),
        ] {
            std::fs::write(file.path(), text).unwrap();
            let told = told(&of_file);
            assert!(told.len() == 1 && told[0].contains(wrong), "{told:?}");
            assert!(told[0].contains("put the issuer's JWK Set there"), "{told:?}");
        }
        let key = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        std::fs::write(file.path(), key).unwrap();
        assert_eq!(told(&of_file), Vec::<String>::new());
    }

    #[test]
    fn a_limit_that_would_stop_everything_is_told() {
        for (setting, value) in [
            ("body_bytes_max", "0"),
            ("body_bytes_max", "100000000"),
            ("timeout_seconds", "0"),
            ("connections_max", "0"),
            ("streams_max", "0"),
            ("header_bytes_max", "8191"),
            ("header_bytes_max", "1048577"),
            ("header_seconds", "0"),
            ("resets_max", "0"),
            ("burst", "5"),
            ("cors_origins", "['https://shop.example/']"),
        ] {
            let told = told(&format!("{setting} = {value}"));
            assert_eq!(told.len(), 1, "{setting}: {told:?}");
            assert!(told[0].starts_with(&format!("gateway.{setting}: ")), "{told:?}");
        }
        assert_eq!(told("burst = 5\nrequests_per_second = 1"), Vec::<String>::new());
    }

    #[test]
    fn every_setting_reaches_the_gateway() {
        let config = Config {
            gateway: toml::from_str(
                "requests_per_second = 1\nburst = 2\nrequests_per_day = 3\nbody_bytes_max = 4\ntimeout_seconds = 5\n\
                 connections_max = 6\nstreams_max = 7\nheader_bytes_max = 8193\nheader_seconds = 9\nresets_max = 10\n\
                 connection_age_seconds = 11\nconnection_grace_seconds = 12\nreflection = 'off'\ndocuments = 'key'\n\
                 cors_origins = ['https://shop.example']",
            )
            .unwrap(),
            ..Config::default()
        };
        let config = config.gateway();
        let limits = config.default_limits;
        assert_eq!((limits.per_second, limits.burst, limits.per_day), (1, 2, 3));
        assert_eq!((config.body_bytes_max, config.timeout), (4, Duration::from_secs(5)));
        let expected = ConnectionLimits {
            open_max: 6,
            streams_max: 7,
            header_bytes_max: 8_193,
            header_timeout: Duration::from_secs(9),
            resets_max: 10,
            age_max: Some(Duration::from_secs(11)),
            age_grace: Duration::from_secs(12),
        };
        assert_eq!(config.cors_origins, ["https://shop.example"]);
        assert_eq!(config.connections, expected);
        assert_eq!((config.reflection, config.documents), (Exposure::Off, Exposure::Key));
        assert_eq!(Config::default().gateway().connections, ConnectionLimits::default());
    }

    #[test]
    fn the_example_that_is_printed_is_right() {
        let example = Config::example("gateway.issuers").unwrap();
        assert_eq!(told(&format!("issuers = {example}")), Vec::<String>::new());
    }
}
