//! What is wrong with a value, in words for who wrote it, with the place where it stands and an example.

use figment::error::{Actual, Kind};

use super::layers::Origin;
use super::names::{self, Known};
use super::{Problem, Settings};

/// What a value is that cannot be read, and what it must be.
pub(super) fn unread(error: &figment::Error) -> String {
    match &error.kind {
        Kind::InvalidType(Actual::Str(text), wanted) if text.is_empty() => {
            format!("is empty, and must be {}", plain(wanted))
        }
        Kind::InvalidType(actual, wanted) => format!("is {}, and must be {}", kind(actual), plain(wanted)),
        Kind::InvalidValue(Actual::Unsigned(_) | Actual::Signed(_), wanted) if plain(wanted) == WHOLE => {
            "is a whole number that is too small or too large".to_owned()
        }
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
            "is a whole number that is too small or too large".to_owned()
        }
        Kind::UnknownVariant(written, words) => format!("is {written:?}, and must be {}", one_of(words)),
        Kind::Message(message) if message.contains("socket address") => {
            "must be an address and a port, with a colon between them".to_owned()
        }
        Kind::Message(message) => message.clone(),
        other => other.to_string(),
    }
}

/// Why a text is no TOML: the library draws the line below its number; the list of problems has one line for each.
pub(super) fn no_toml(error: &figment::Error) -> String {
    let told = error.kind.to_string();
    let mut lines = told.lines();
    let place = lines.next().unwrap_or_default();
    let place = place.strip_prefix("TOML parse error at ").unwrap_or(place);
    let drawn = |line: &&str| line.contains('|') || line.trim().is_empty();
    let why: Vec<&str> = lines.filter(|line| !drawn(line)).map(str::trim).collect();
    format!(
        "cannot be read as TOML at {place}: {}; a setting is written as name = value, with texts in quotes",
        why.join(", ")
    )
}

/// Some words, of which one is taken: "static, dns or etcd".
fn one_of(words: &[&str]) -> String {
    match words {
        [] => "something else".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

const WHOLE: &str = "a whole number";

/// What a value is. The value itself may be a secret.
fn kind(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) => WHOLE,
        Actual::Float(_) => "a number with a point",
        Actual::Char(_) | Actual::Str(_) => "a text",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "something else",
    }
}

/// What must be there, without the words of the language that this is written in.
fn plain(wanted: &str) -> &str {
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => WHOLE,
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "path string" => "a text",
        "a map" => "a table of names with a value each",
        other => other,
    }
}

/// The problem with where its setting stands, and how it is written there.
pub(super) fn placed<S: Settings>(problem: Problem, known: &Known, origin: &Origin) -> Problem {
    let Problem { setting, message } = problem;
    if !known.has(&setting) {
        return Problem { setting, message };
    }
    let (variable, flag) = (names::variable(&setting), format!("--{}", setting.replace('_', "-")));
    let (place, before) = match origin {
        Origin::Default => ("not set".to_owned(), format!("{setting} = ")),
        Origin::File(file) => (format!("set in {}", file.display()), format!("{setting} = ")),
        Origin::Environment => (format!("set by {variable}"), format!("{variable}=")),
        Origin::Flag => (format!("set by {flag}"), format!("{flag} ")),
    };
    let place = match (example::<S>(&setting, known), origin) {
        (None, _) => place,
        (Some(example), Origin::Default) => {
            let bare = example.trim_matches('"');
            format!("{place}; write {before}{example} into the file, or {variable}={bare}")
        }
        (Some(example), Origin::File(_)) => format!("{place}; write it like {before}{example}"),
        // A variable sets one name of a group.
        (Some(example), Origin::Environment) if known.takes_names(&setting) => {
            let (name, value) = example.split_once(" = ").unwrap_or((&example, ""));
            let variable = names::variable(&format!("{setting}.{name}"));
            format!("{place}; write it like {variable}={}", value.trim_matches('"'))
        }
        (Some(example), Origin::Environment | Origin::Flag) => {
            format!("{place}; write it like {before}{}", example.trim_matches('"'))
        }
    };
    let message = format!("{message} ({place})");
    Problem { setting, message }
}

/// What a setting may be, as TOML.
fn example<S: Settings>(setting: &str, known: &Known) -> Option<String> {
    if let Some((group, _)) = setting.split_once('.')
        && known.takes_names(group)
    {
        let line = S::example(group)?;
        return line.split_once(" = ").map(|(_, value)| value.to_owned());
    }
    if let Some(example) = S::example(setting) {
        return Some(example.to_owned());
    }
    let defaults = toml::Value::try_from(S::default()).ok()?;
    let value = setting.split('.').try_fold(&defaults, |value, name| value.get(name))?;
    Some(value.to_string())
}
