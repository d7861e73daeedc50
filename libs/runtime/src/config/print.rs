//! Settings as a file that says what they are.

use std::fmt::Write;

use super::names::{self, Known};
use super::{Loaded, STARS, Sentence, Settings};

/// How long a line of a comment may be.
const WIDTH: usize = 100;

const HEAD: &str = "\
Every setting, as it is after all layers, each over the one before: defaults, the file of --config, the environment, \
flags. Two underscores stand for the dot in a variable's name: [telemetry] log_filter is QUANYU_TELEMETRY__LOG_FILTER. \
This text is itself such a file. What is not set, and what is secret, stands in a comment.";

pub(super) fn print<S: Settings>(
    loaded: &Loaded<S>,
    flags: &[&str],
    notes: &[(&str, String)],
) -> Result<String, toml::ser::Error> {
    let values = toml::Value::try_from(&loaded.settings)?;
    let known = Known::of::<S>();
    let mut text = String::new();
    comment(&mut text, HEAD);
    let (tables, plain): (Vec<Sentence>, Vec<Sentence>) = S::sentences()
        .into_iter()
        .partition(|known_| known_.setting.contains('.') || known.takes_names(&known_.setting));
    let mut group = String::new();
    for Sentence { setting, sentence } in plain.into_iter().chain(tables) {
        text.push('\n');
        let table = table(&setting, &known);
        if table != group {
            let _ = writeln!(text, "[{table}]");
            group = table;
        }
        comment(&mut text, sentence);
        for (_, note) in notes.iter().filter(|(of, _)| *of == setting) {
            comment(&mut text, note);
        }
        let flag = if flags.contains(&setting.as_str()) {
            format!(", --{}", setting.replace('_', "-"))
        } else {
            String::new()
        };
        let value = setting.split('.').try_fold(&values, |value, name| value.get(name));
        let origin = match value {
            None => "not set".to_owned(),
            Some(_) => loaded.origin(&setting).to_string(),
        };
        let name = setting.rsplit('.').next().unwrap_or_default();
        match value {
            Some(toml::Value::Table(entries)) => {
                comment(
                    &mut text,
                    &format!("{}; {origin}", names::variable(&format!("{setting}.points"))),
                );
                if entries.is_empty() {
                    let _ = writeln!(text, "# {}", S::example(&setting).unwrap_or_default());
                }
                for (name, value) in entries {
                    let _ = writeln!(text, "{} = {value}", toml::Value::from(name.as_str()));
                }
            }
            Some(toml::Value::String(stars)) if stars == STARS => {
                comment(
                    &mut text,
                    &format!(
                        "{}{flag}; {origin}; a secret, so it is not shown",
                        names::variable(&setting)
                    ),
                );
                let _ = writeln!(text, "# {name} = \"{STARS}\"");
            }
            Some(value) => {
                comment(&mut text, &format!("{}{flag}; {origin}", names::variable(&setting)));
                let _ = writeln!(text, "{name} = {value}");
            }
            None => {
                comment(&mut text, &format!("{}{flag}; {origin}", names::variable(&setting)));
                let _ = writeln!(text, "# {name} = {}", S::example(&setting).unwrap_or("\"...\""));
            }
        }
    }
    Ok(text.trim_end().to_owned())
}

/// The table that a setting stands in; nothing for the first ones.
fn table(setting: &str, known: &Known) -> String {
    if known.takes_names(setting) {
        return setting.to_owned();
    }
    setting
        .rsplit_once('.')
        .map_or_else(String::new, |(group, _)| group.to_owned())
}

/// Words as lines of a comment.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.len().saturating_add(word.len()) >= WIDTH && line.len() > 1 {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}
