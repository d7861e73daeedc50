//! Where settings come from, one layer over the other.

use std::fmt;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::Serialize;

use super::names::{self, Known};
use super::{PREFIX, Problem, Settings};

/// Which layer a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody has set it.
    Default,
    /// The file.
    File(PathBuf),
    /// The environment.
    Environment,
    /// A flag of the command.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File(file) => write!(f, "set by {}", file.display()),
            Self::Environment => f.write_str("set by the environment"),
            Self::Flag => f.write_str("set by a flag"),
        }
    }
}

/// The layers, each by itself.
#[derive(Debug)]
pub(super) struct Layers {
    defaults: Figment,
    file: Option<(PathBuf, Figment)>,
    environment: Figment,
    flags: Figment,
}

impl Layers {
    /// Reads all layers. Names that no setting has are told at once, of the file and of the environment.
    pub(super) fn read<S: Settings>(file: Option<&Path>, flags: impl Serialize) -> Result<Self, Vec<Problem>> {
        let known = Known::of::<S>();
        let file = file.map(read_file).transpose().map_err(|problem| vec![problem])?;
        let environment = Environment::read::<S>(&known);
        let mut problems = environment.unknown(&known);
        if let Some((path, layer)) = &file {
            let dict = layer.find_value("").ok().and_then(Value::into_dict).unwrap_or_default();
            problems.extend(names::unknown_of_file(&dict, &known, path));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            defaults: Figment::from(Serialized::defaults(S::default())),
            file,
            environment: Figment::from(environment),
            flags: Figment::from(Serialized::defaults(flags)),
        })
    }

    /// What the layers come to.
    pub(super) fn settings<S: Settings>(&self) -> Result<S, Vec<Problem>> {
        let mut layers = self.defaults.clone();
        if let Some((_, file)) = &self.file {
            layers = layers.merge(file);
        }
        let layers = layers.merge(&self.environment).merge(&self.flags);
        layers.extract().map_err(told)
    }

    pub(super) fn origin(&self, setting: &str) -> Origin {
        if self.flags.contains(setting) {
            return Origin::Flag;
        }
        if self.environment.contains(setting) {
            return Origin::Environment;
        }
        match &self.file {
            Some((file, layer)) if layer.contains(setting) => Origin::File(file.clone()),
            Some(_) | None => Origin::Default,
        }
    }
}

fn read_file(file: &Path) -> Result<(PathBuf, Figment), Problem> {
    if !file.is_file() {
        return Err(Problem::new(file.display().to_string(), "there is no such file"));
    }
    let layer = Figment::from(Toml::file(file));
    // A file that cannot be read as TOML has no values to look at.
    match layer.find_value("") {
        Ok(_) => Ok((file.to_owned(), layer)),
        Err(error) => Err(Problem::new(file.display().to_string(), error.kind.to_string())),
    }
}

/// The variables of the environment that begin with the prefix.
struct Environment {
    dict: Dict,
    /// Their names without the prefix, in small letters, with a dot for two underscores.
    names: Vec<String>,
}

impl Environment {
    fn read<S: Settings>(known: &Known) -> Self {
        let (mut dict, mut names) = (Dict::new(), Vec::new());
        for (name, value) in Env::prefixed(PREFIX).ignore(S::FOREIGN).iter() {
            let name = name.as_str().to_lowercase();
            if names::is_of_kubernetes(&name, &value) {
                continue;
            }
            let name = name.replace("__", ".");
            // A text stays one: a folder called 2024, or a secret of nothing but digits.
            let value = if known.is_text(&name) {
                Value::from(value)
            } else {
                value
                    .parse()
                    .unwrap_or_else(|_: std::convert::Infallible| Value::from(""))
            };
            let path: Vec<&str> = name.split('.').collect();
            put(&mut dict, &path, value);
            names.push(name);
        }
        Self { dict, names }
    }

    fn unknown(&self, known: &Known) -> Vec<Problem> {
        let unknown = self.names.iter().filter(|name| !known.has(name));
        unknown.map(|name| known.problem_of_variable(name)).collect()
    }
}

fn put(dict: &mut Dict, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => {
            dict.insert((*name).to_owned(), value);
        }
        [name, rest @ ..] => {
            let inner = dict.remove(*name).and_then(Value::into_dict);
            let mut inner = inner.unwrap_or_default();
            put(&mut inner, rest, value);
            dict.insert((*name).to_owned(), Value::from(inner));
        }
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

fn told(errors: figment::Error) -> Vec<Problem> {
    let tell = |error: figment::Error| {
        let source = error
            .metadata
            .as_ref()
            .map(|layer| format!(" (in {})", layer.name))
            .unwrap_or_default();
        Problem::new(error.path.join("."), format!("{}{source}", error.kind))
    };
    errors.into_iter().map(tell).collect()
}
