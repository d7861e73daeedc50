use documented::DocumentedFields;
use http::Uri;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// What the platform tells about itself, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, DocumentedFields)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// The `service.namespace` of every span and metric, and the beginning of its `service.name`: a process of one role adds
    /// the role, as in "quanyu-gateway".
    pub service_name: String,
    /// The collector that takes OTLP over gRPC, such as `http://127.0.0.1:4317`. Absent: nothing is exported.
    pub otlp_endpoint: Option<String>,
    /// Which log lines are written, in the syntax of `tracing_subscriber::EnvFilter`, such as `info,sqlx=warn`.
    pub log_filter: String,
    /// Which spans are exported to the collector, and which events within them, in the same syntax and whatever `log_filter`
    /// says.
    pub span_filter: String,
    /// One JSON object a line instead of text for people.
    pub log_json: bool,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            service_name: "quanyu".to_owned(),
            otlp_endpoint: None,
            log_filter: "info".to_owned(),
            span_filter: "info".to_owned(),
            log_json: false,
        }
    }
}

impl TelemetryConfig {
    /// The settings that cannot be, each with what it must be.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let checks = [
            ("service_name", check_name(&self.service_name)),
            (
                "otlp_endpoint",
                self.otlp_endpoint.as_deref().map_or(Ok(()), check_endpoint),
            ),
            ("log_filter", check_filter(&self.log_filter)),
            ("span_filter", check_filter(&self.span_filter)),
        ];
        let wrong = checks
            .into_iter()
            .filter_map(|(setting, check)| Some((setting, check.err()?)));
        wrong.collect()
    }
}

fn check_name(name: &str) -> Result<(), String> {
    match name.trim().is_empty() {
        true => Err("must not be empty: collectors show a service without a name as unknown_service".to_owned()),
        false => Ok(()),
    }
}

/// The way to the collector has no TLS.
fn check_endpoint(endpoint: &str) -> Result<(), String> {
    let uri = endpoint.parse::<Uri>().ok();
    match uri.is_some_and(|uri| uri.scheme_str() == Some("http") && uri.authority().is_some()) {
        true => Ok(()),
        false => Err("must be an address such as http://127.0.0.1:4317".to_owned()),
    }
}

/// The levels by which a filter may name itself alone.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::try_new(filter).map_err(|error| format!("is no filter such as info,sqlx=warn: {error}"))?;
    // A slip of the pen in a level is the name of a crate to the library: it would write all of that and nothing else.
    let is_level =
        |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word)) || word.parse::<u8>().is_ok();
    let words = filter.split(',').map(str::trim);
    let bare = |word: &&str| !word.is_empty() && !word.contains(['=', '[', ']', '{', '}']) && !is_level(word);
    match words.clone().find(bare) {
        Some(word) => Err(format!(
            "has {word}, which is no level ({}); a crate has one behind it: {word}=info",
            LEVELS.join(", ")
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(config: &TelemetryConfig) -> Vec<&'static str> {
        config.problems().into_iter().map(|(setting, _)| setting).collect()
    }

    #[test]
    fn all_that_telemetry_could_not_start_with_is_told_before_it_starts() {
        assert_eq!(wrong(&TelemetryConfig::default()), [""; 0]);
        let config = TelemetryConfig {
            service_name: " ".to_owned(),
            otlp_endpoint: Some("collector:4317".to_owned()),
            log_filter: "info,=".to_owned(),
            span_filter: "info,sqlx=loud".to_owned(),
            log_json: true,
        };
        let all = ["service_name", "otlp_endpoint", "log_filter", "span_filter"];
        assert_eq!(wrong(&config), all);
    }

    #[test]
    fn a_collector_has_an_address_without_tls() {
        let of = |endpoint: &str| TelemetryConfig {
            otlp_endpoint: Some(endpoint.to_owned()),
            ..TelemetryConfig::default()
        };
        for right in ["http://127.0.0.1:4317", "http://collector", "http://[::1]:4317/"] {
            assert_eq!(wrong(&of(right)), [""; 0], "{right}");
        }
        for no_address in [
            "",
            "collector:4317",
            "127.0.0.1:4317",
            "http://",
            "https://collector:4317",
            "http://a b",
        ] {
            assert_eq!(wrong(&of(no_address)), ["otlp_endpoint"], "{no_address}");
        }
    }

    #[test]
    fn a_word_that_is_no_level_is_no_filter() {
        let of = |filter: &str| TelemetryConfig {
            log_filter: filter.to_owned(),
            ..TelemetryConfig::default()
        };
        for right in [
            "",
            "info",
            "WARN",
            "off",
            "info,sqlx=warn",
            "points=debug, info",
            "info,[call{tenant=a}]=trace",
            "3",
        ] {
            assert_eq!(wrong(&of(right)), [""; 0], "{right}");
        }
        for no_filter in ["warning", "inof,sqlx=warn", "info,points", "points=loud"] {
            assert_eq!(wrong(&of(no_filter)), ["log_filter"], "{no_filter}");
        }
        let told = of("warning").problems().remove(0).1;
        assert!(told.contains("warning=info"), "{told}");
    }
}
