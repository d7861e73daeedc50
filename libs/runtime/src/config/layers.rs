//! Where settings come from, one layer over the other.

use std::fmt;
use std::path::{Path, PathBuf};

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::Serialize;

use super::names::{self, Known};
use super::{PREFIX, Problem, Settings, told};

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

/// The layers that can be read, and what is wrong with the others.
pub(super) struct Read {
    pub(super) layers: Layers,
    pub(super) problems: Vec<Problem>,
    /// Whether a layer is missing of which nobody knows what it sets.
    pub(super) is_partial: bool,
}

impl Layers {
    /// Reads all layers. Names that no setting has are problems, of the file and of the environment.
    pub(super) fn read<S: Settings>(file: Option<&Path>, flags: impl Serialize, known: &Known) -> Read {
        let environment = Environment::read::<S>(known);
        let mut problems = environment.unknown(known);
        let (mut layer_of_file, mut is_partial) = (None, false);
        match file.map(read_file) {
            Some(Ok((path, layer))) => {
                let dict = layer.find_value("").ok().and_then(Value::into_dict).unwrap_or_default();
                problems.extend(names::unknown_of_file(&dict, known, &path));
                layer_of_file = Some((path, layer));
            }
            Some(Err(problem)) => {
                problems.insert(0, problem);
                is_partial = true;
            }
            None => {}
        }
        let layers = Self {
            defaults: Figment::from(Serialized::defaults(S::default())),
            file: layer_of_file,
            environment: Figment::from(environment),
            flags: Figment::from(Serialized::defaults(flags)),
        };
        Read {
            layers,
            problems,
            is_partial,
        }
    }

    /// What the layers come to. A value that cannot be read is a problem, and the setting has its default; each is read by
    /// itself, for the library stops at the first.
    pub(super) fn settings<S: Settings>(&self, known: &Known, problems: &mut Vec<Problem>) -> Option<S> {
        let mut layers = self.defaults.clone();
        if let Some((_, file)) = &self.file {
            layers = layers.merge(file);
        }
        let layers = layers.merge(&self.environment).merge(&self.flags);
        let mut readable = self.defaults.clone();
        for setting in self.set(&layers, known) {
            let Ok(value) = layers.find_value(&setting) else {
                continue;
            };
            match self.defaults.clone().merge((&setting, &value)).extract::<S>() {
                Ok(_) => readable = readable.merge((&setting, &value)),
                Err(error) => problems.push(Problem::new(setting, told::unread(&error))),
            }
        }
        match readable.extract() {
            Ok(settings) => Some(settings),
            Err(error) => {
                problems.push(Problem::new(error.path.join("."), told::unread(&error)));
                None
            }
        }
    }

    /// The settings that some layer sets, and each name of a group of them.
    fn set(&self, layers: &Figment, known: &Known) -> Vec<String> {
        let names = |setting: &str| match layers.find_value(setting) {
            Ok(Value::Dict(_, names)) if known.takes_names(setting) => {
                names.keys().map(|name| format!("{setting}.{name}")).collect()
            }
            Ok(_) | Err(_) => vec![setting.to_owned()],
        };
        let settings = known.settings().flat_map(names);
        settings
            .filter(|setting| self.origin(setting) != Origin::Default)
            .collect()
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
    let wrong = |message: String| Problem::new(file.display().to_string(), message);
    let text = std::fs::read_to_string(file)
        .map_err(|error| wrong(format!("the file that --config names cannot be read: {error}")))?;
    let layer = Figment::from(Toml::string(&text));
    // A file that cannot be read as TOML has no values to look at.
    match layer.find_value("") {
        Ok(_) => Ok((file.to_owned(), layer)),
        Err(error) => Err(wrong(told::no_toml(&error))),
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
