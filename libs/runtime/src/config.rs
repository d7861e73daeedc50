use std::fmt;
use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

/// What every variable of the environment begins with; `__` stands for the dot: `QUANYU_DATABASE__URL`.
const PREFIX: &str = "QUANYU_";

/// Something that is wrong with a configuration, where, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting: "database.url".
    pub setting: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl Problem {
    /// A problem of one setting.
    pub fn new(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            setting: setting.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.message)
    }
}

/// Settings that know what they must be.
pub trait Settings: Default + Serialize + DeserializeOwned {
    /// Variables of the environment that begin alike but are somebody else's.
    const FOREIGN: &'static [&'static str] = &[];

    /// Everything that is wrong, whatever was asked for.
    fn problems(&self) -> Vec<Problem>;
}

/// Reads settings in layers, the later over the earlier: defaults, file, environment, flags. They are checked whole,
/// before anything is opened or bound, and everything that is wrong is told at once.
pub fn load<S: Settings>(file: Option<&Path>, flags: impl Serialize) -> Result<S, Vec<Problem>> {
    let mut layers = Figment::from(Serialized::defaults(S::default()));
    if let Some(file) = file {
        if !file.is_file() {
            return Err(vec![Problem::new(file.display().to_string(), "there is no such file")]);
        }
        layers = layers.merge(Toml::file(file));
    }
    let environment = Env::prefixed(PREFIX).ignore(S::FOREIGN).split("__");
    let settings: S = layers
        .merge(environment)
        .merge(Serialized::defaults(flags))
        .extract()
        .map_err(told)?;
    let problems = settings.problems();
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(problems)
    }
}

/// The settings as a file that [`load`] reads, without secrets.
pub fn print(settings: &impl Serialize) -> Result<String, toml::ser::Error> {
    toml::to_string_pretty(settings)
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

/// A setting that nobody sees: printed, logged or serialized it is stars.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The text, for the one who needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

const STARS: &str = "***";

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STARS)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(STARS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Example {
        rows_max: u32,
        key: Secret,
    }

    impl Settings for Example {
        const FOREIGN: &'static [&'static str] = &["test_database_url"];

        fn problems(&self) -> Vec<Problem> {
            let too_many = (self.rows_max > 10).then(|| Problem::new("rows_max", "must be at most 10"));
            too_many.into_iter().collect()
        }
    }

    fn flags(rows_max: u32) -> BTreeMap<&'static str, u32> {
        BTreeMap::from([("rows_max", rows_max)])
    }

    #[test]
    fn flags_are_over_the_file_and_the_file_over_defaults() {
        let folder = std::env::temp_dir().join(format!("quanyu-config-{}", std::process::id()));
        std::fs::write(&folder, "rows_max = 3\nkey = \"sesame\"").unwrap();
        let none: BTreeMap<&str, u32> = BTreeMap::new();
        assert_eq!(load::<Example>(Some(&folder), none).unwrap().rows_max, 3);
        let settings = load::<Example>(Some(&folder), flags(4)).unwrap();
        std::fs::remove_file(&folder).unwrap();
        assert_eq!((settings.rows_max, settings.key.expose()), (4, "sesame"));
        let printed = print(&settings).unwrap();
        assert!(
            !printed.contains("sesame") && !format!("{settings:?}").contains("sesame"),
            "{printed}"
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(
            load::<Example>(None, flags(11)).unwrap_err(),
            [Problem::new("rows_max", "must be at most 10")]
        );
        let unknown = BTreeMap::from([("rows_maximum", 1)]);
        assert!(
            load::<Example>(None, unknown).unwrap_err()[0]
                .message
                .contains("rows_maximum")
        );
    }
}
