//! The names that settings have, and what somebody meant who wrote another one.

use std::collections::BTreeMap;
use std::path::Path;

use figment::value::{Dict, Value};

use super::{PREFIX, Problem, Settings};

/// How alike two names must be for the one to be meant by the other.
const LIKENESS_MIN: f64 = 0.6;

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Text,
    /// A number or a truth value.
    Other,
    /// Names with a value each.
    Names,
}

/// The names of all settings.
#[derive(Debug)]
pub(super) struct Known(BTreeMap<String, Takes>);

impl Known {
    /// By their sentences, and by what their defaults are; one without a default takes what its example is.
    pub(super) fn of<S: Settings>() -> Self {
        let defaults = figment::Figment::from(figment::providers::Serialized::defaults(S::default()));
        let takes = |setting: &str| {
            let example = || S::example(setting).is_none_or(|example| example.starts_with('"'));
            match defaults.find_value(setting) {
                Ok(Value::Dict(..)) => Takes::Names,
                Ok(Value::String(..) | Value::Char(..)) => Takes::Text,
                Ok(Value::Empty(..)) | Err(_) if example() => Takes::Text,
                Ok(Value::Num(..) | Value::Bool(..) | Value::Array(..) | Value::Empty(..)) | Err(_) => Takes::Other,
            }
        };
        let sentences = S::sentences().into_iter();
        Self(
            sentences
                .map(|known| (known.setting.clone(), takes(&known.setting)))
                .collect(),
        )
    }

    /// All of them.
    pub(super) fn settings(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a setting has the name, or is a group of names that this one may be among.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name) || self.names(name)
    }

    pub(super) fn is_text(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Takes::Text) || self.names(name)
    }

    pub(super) fn takes_names(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Takes::Names)
    }

    fn names(&self, name: &str) -> bool {
        name.split_once('.').is_some_and(|(group, _)| self.takes_names(group))
    }

    fn is_group(&self, name: &str) -> bool {
        self.0
            .keys()
            .any(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
    }

    /// That no setting has the name of a variable.
    pub(super) fn problem_of_variable(&self, name: &str) -> Problem {
        let written = variable(name);
        let mut candidates: Vec<String> = self.0.keys().cloned().collect();
        // One underscore where two are needed: QUANYU_PEERS_POINTS.
        for (group, _) in self.0.iter().filter(|(_, takes)| **takes == Takes::Names) {
            if let Some(rest) = name.strip_prefix(&format!("{group}_")) {
                candidates.push(format!("{group}.{rest}"));
            }
        }
        Problem::new(written.clone(), unknown(name, &candidates, variable))
    }
}

/// The variable that sets a setting.
pub(super) fn variable(setting: &str) -> String {
    format!("{PREFIX}{}", setting.replace('.', "__").to_uppercase())
}

fn unknown(written: &str, candidates: &[String], shown: impl Fn(&str) -> String) -> String {
    match nearest(written, candidates.iter().map(String::as_str)) {
        Some(meant) => format!("is no setting: did you mean {}?", shown(meant)),
        None => "is no setting: --print-config shows all of them".to_owned(),
    }
}

/// The name among these that somebody meant who wrote another one, where one is alike enough.
pub fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let alike = names.map(|name| (likeness(written, name), name));
    let (likeness, best) = alike.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness >= LIKENESS_MIN).then_some(best)
}

/// How alike two names are, from 0 to 1. A group that they share says nothing; one that was left out is no other name.
fn likeness(written: &str, name: &str) -> f64 {
    let parted = |name| str::rsplit_once(name, '.').unwrap_or(("", name));
    let ((group_written, last_written), (group, last)) = (parted(written), parted(name));
    if last_written == last {
        return 1.0;
    }
    match group_written == group {
        true => strsim::normalized_damerau_levenshtein(last_written, last),
        false => strsim::normalized_damerau_levenshtein(written, name),
    }
}

/// The names in a file that no setting has.
pub(super) fn unknown_of_file(dict: &Dict, known: &Known, file: &Path) -> Vec<Problem> {
    let candidates: Vec<String> = known.0.keys().cloned().collect();
    let mut written = Vec::new();
    collect(dict, "", known, &mut written);
    let problem = |name: String| {
        let message = unknown(&name, &candidates, str::to_owned);
        Problem::new(name, format!("{message} (in {})", file.display()))
    };
    written.into_iter().map(problem).collect()
}

fn collect(dict: &Dict, group: &str, known: &Known, unknown: &mut Vec<String>) {
    for (name, value) in dict {
        let name = format!("{group}{name}");
        match value {
            _ if known.has(&name) => {}
            Value::Dict(_, inner) if known.is_group(&name) || !inner.is_empty() => {
                collect(inner, &format!("{name}."), known, unknown);
            }
            _ => unknown.push(name),
        }
    }
}

/// Whether Kubernetes made the variable, for a service that is called "quanyu" or begins so: every pod gets
/// `QUANYU_SERVICE_HOST`, `QUANYU_PORT=tcp://10.0.0.1:7400` and the like, and nobody who runs the platform set them.
/// <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>
pub(super) fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let is_address = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    let name = format!("_{name}");
    if name.ends_with("_service_host") || name.ends_with("_port") && is_address {
        return true;
    }
    if let Some((_, rest)) = name.split_once("_service_port") {
        return (rest.is_empty() || rest.starts_with('_')) && is_number(value);
    }
    // _PORT_7400_TCP, and that with _PROTO, _PORT or _ADDR behind it.
    let Some((_, rest)) = name.split_once("_port_") else {
        return false;
    };
    let mut words = rest.split('_');
    let is_port =
        words.next().is_some_and(is_number) && words.next().is_some_and(|word| matches!(word, "tcp" | "udp" | "sctp"));
    is_port
        && words
            .next()
            .is_none_or(|word| matches!(word, "proto" | "port" | "addr"))
        && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_tells_every_pod_is_nobody_s_slip_of_the_pen() {
        for (name, value) in [
            ("service_host", "10.0.0.1"),
            ("service_port", "7400"),
            ("gateway_service_port_http", "7400"),
            ("port", "tcp://10.0.0.1:7400"),
            ("gateway_port_7400_tcp", "tcp://10.0.0.1:7400"),
            ("port_7400_tcp_proto", "tcp"),
            ("port_7400_tcp_port", "7400"),
            ("port_7400_tcp_addr", "10.0.0.1"),
        ] {
            assert!(is_of_kubernetes(name, value), "{name}");
        }
        for (name, value) in [
            ("port", "7400"),
            ("listen_port", "7400"),
            ("service", "points"),
            ("port_7400", "x"),
            ("database_url", "postgres://a"),
        ] {
            assert!(!is_of_kubernetes(name, value), "{name}");
        }
    }

    #[test]
    fn what_was_meant_is_told() {
        let known =
            |names: &[(&str, Takes)]| Known(names.iter().map(|&(name, takes)| (name.to_owned(), takes)).collect());
        let known = known(&[
            ("database_url", Takes::Text),
            ("telemetry.log_filter", Takes::Text),
            ("peers", Takes::Names),
            ("zone", Takes::Text),
        ]);
        for (name, meant) in [
            ("databse_url", "did you mean QUANYU_DATABASE_URL?"),
            ("database.url", "did you mean QUANYU_DATABASE_URL?"),
            ("telemetry_log_filter", "did you mean QUANYU_TELEMETRY__LOG_FILTER?"),
            ("peers_points", "did you mean QUANYU_PEERS__POINTS?"),
            ("log_filter", "did you mean QUANYU_TELEMETRY__LOG_FILTER?"),
            ("telemetry.log_filer", "did you mean QUANYU_TELEMETRY__LOG_FILTER?"),
            // What they share is the group alone, or the prefix of all variables.
            ("telemetry.colour", "--print-config shows all"),
            ("colour", "--print-config shows all"),
            ("foo", "--print-config shows all"),
            ("user", "--print-config shows all"),
        ] {
            assert!(!known.has(name));
            let problem = known.problem_of_variable(name);
            assert!(problem.message.contains(meant), "{name}: {problem}");
        }
        assert!(known.has("peers.points") && known.is_text("peers.points") && !known.is_text("peers"));
    }
}
