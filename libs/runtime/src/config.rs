mod layers;
mod names;
mod print;
mod told;

use std::fmt;
use std::path::Path;

use documented::DocumentedFields;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::layers::Origin;
use self::layers::{Layers, Read};
use self::names::Known;
pub use self::names::nearest;

/// What every variable of the environment begins with; `__` stands for the dot: `QUANYU_TELEMETRY__LOG_FILTER`.
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

/// A setting, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its name, with a dot for each group that it lies in: `telemetry.log_filter`.
    pub setting: String,
    /// What it is.
    pub sentence: &'static str,
}

/// The fields of a type of settings with their sentences, in their order; of a group, each after its name and a dot.
pub fn sentences_of<S: DocumentedFields>(group: &str) -> Vec<Sentence> {
    let dot = if group.is_empty() { "" } else { "." };
    let named = S::FIELD_NAMES.iter().zip(S::FIELD_DOCS);
    let sentence = |(name, sentence): (&&str, &&'static str)| Sentence {
        setting: format!("{group}{dot}{name}"),
        sentence,
    };
    named.map(sentence).collect()
}

/// Settings that know what they must be.
pub trait Settings: Default + Serialize + DeserializeOwned {
    /// Variables of the environment that begin alike but are somebody else's.
    const FOREIGN: &'static [&'static str] = &[];

    /// Every setting with its sentence, in the order in which they are shown. A group stands for its own settings.
    fn sentences() -> Vec<Sentence>;

    /// What a setting may be that has no default, as TOML.
    fn example(setting: &str) -> Option<&'static str>;

    /// Everything that is wrong, whatever was asked for.
    fn problems(&self) -> Vec<Problem>;
}

/// Settings, and which layer each of them comes from.
#[derive(Debug)]
pub struct Loaded<S> {
    /// The settings after all layers.
    pub settings: S,
    layers: Layers,
}

/// Reads settings in layers, the later over the earlier: defaults, file, environment, flags. They are checked whole,
/// before anything is opened or bound, and everything that is wrong is told at once, with where it stands: names that no
/// setting has, values that cannot be read, values that are not right, and what `asked` finds missing for what was asked for.
pub fn load<S: Settings>(
    file: Option<&Path>,
    flags: impl Serialize,
    asked: impl FnOnce(&S) -> Vec<Problem>,
) -> Result<Loaded<S>, Vec<Problem>> {
    let known = Known::of::<S>();
    let Read {
        layers,
        mut problems,
        is_partial,
    } = Layers::read::<S>(file, flags, &known);
    let settings: Option<S> = layers.settings(&known, &mut problems);
    if let Some(settings) = &settings {
        let mut more = settings.problems();
        // What a file sets that cannot be read, nobody can call missing.
        if !is_partial {
            let asked = asked(settings);
            // Of a setting that is wrong in general too, what was asked for tells what will do.
            more.retain(|general| asked.iter().all(|problem| problem.setting != general.setting));
            more.extend(asked);
        }
        // In place of what cannot be read stands its default, of which there is nothing to tell.
        let is_told = |setting: &str| problems.iter().any(|told| lies_in(setting, &told.setting));
        more.retain(|problem| !is_told(&problem.setting));
        problems.extend(more);
    }
    match settings {
        Some(settings) if problems.is_empty() => Ok(Loaded { settings, layers }),
        Some(_) | None => {
            let placed = |problem: Problem| {
                let origin = layers.origin(&problem.setting);
                told::placed::<S>(problem, &known, &origin)
            };
            Err(problems.into_iter().map(placed).collect())
        }
    }
}

/// Whether a setting is the other one, or one of its group.
fn lies_in(setting: &str, other: &str) -> bool {
    let rest = setting.strip_prefix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl<S: Settings> Loaded<S> {
    /// Every setting as a file that [`load`] reads, with its sentence, its other names and where it comes from. `flags` are
    /// the settings that have a flag, `notes` what there is to say about some of them.
    ///
    /// A secret is not shown: its line is a comment, so that the file never sets it.
    pub fn print(&self, flags: &[&str], notes: &[(&str, String)]) -> Result<String, toml::ser::Error> {
        print::print(self, flags, notes)
    }

    /// Where a setting comes from.
    pub fn origin(&self, setting: &str) -> Origin {
        self.layers.origin(setting)
    }
}

/// A setting that nobody sees: printed, logged or serialized it is stars.
#[derive(Clone, Default, PartialEq, Eq)]
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

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let secret = String::deserialize(deserializer)?;
        if secret == STARS {
            let message = "stars stand where a secret is not shown: write the secret itself, or take the line away";
            return Err(D::Error::custom(message));
        }
        Ok(Self(secret))
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

    #[derive(Debug, Default, Serialize, Deserialize, DocumentedFields)]
    #[serde(default, deny_unknown_fields)]
    struct Example {
        /// How many rows there may be.
        rows_max: u32,
        /// Opens the door.
        key: Option<Secret>,
        /// Where to go.
        address: Option<String>,
        /// The others.
        peers: BTreeMap<String, String>,
        /// What is told.
        group: Group,
        /// How they are.
        mood: Mood,
    }

    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mood {
        #[default]
        Calm,
        Merry,
        Sad,
    }

    #[derive(Debug, Default, Serialize, Deserialize, DocumentedFields)]
    #[serde(default, deny_unknown_fields)]
    struct Group {
        /// Whether in JSON.
        json: bool,
    }

    impl Settings for Example {
        const FOREIGN: &'static [&'static str] = &["test_database_url"];

        fn sentences() -> Vec<Sentence> {
            let own = sentences_of::<Self>("").into_iter();
            let own = own.filter(|sentence| sentence.setting != "group");
            own.chain(sentences_of::<Group>("group")).collect()
        }

        fn example(setting: &str) -> Option<&'static str> {
            match setting {
                "address" => Some("\"here\""),
                "peers" => Some("points = \"http://there\""),
                _ => None,
            }
        }

        fn problems(&self) -> Vec<Problem> {
            let too_many = (self.rows_max > 10).then(|| Problem::new("rows_max", "must be at most 10"));
            too_many.into_iter().collect()
        }
    }

    fn flags(rows_max: u32) -> BTreeMap<&'static str, u32> {
        BTreeMap::from([("rows_max", rows_max)])
    }

    fn none() -> BTreeMap<&'static str, u32> {
        BTreeMap::new()
    }

    fn nothing(_: &Example) -> Vec<Problem> {
        Vec::new()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn flags_are_over_the_file_and_the_file_over_defaults() {
        let file = file("rows_max = 3\nkey = \"sesame\"");
        let loaded = load::<Example>(Some(file.path()), none(), nothing).unwrap();
        assert_eq!(loaded.settings.rows_max, 3);
        assert_eq!(loaded.origin("rows_max"), Origin::File(file.path().to_owned()));
        let loaded = load::<Example>(Some(file.path()), flags(4), nothing).unwrap();
        let settings = &loaded.settings;
        assert_eq!(
            (settings.rows_max, settings.key.as_ref().unwrap().expose()),
            (4, "sesame")
        );
        assert_eq!(
            (loaded.origin("rows_max"), loaded.origin("group.json")),
            (Origin::Flag, Origin::Default)
        );
        assert!(!format!("{settings:?}").contains("sesame"));
    }

    #[test]
    fn a_print_shows_every_setting_and_loads_as_it_is_without_its_secrets() {
        let file = file("rows_max = 3\nkey = \"sesame\"\n[peers]\npoints = \"http://there\"\n[group]\njson = true");
        let loaded = load::<Example>(Some(file.path()), none(), nothing).unwrap();
        let printed = loaded
            .print(&["rows_max"], &[("group.json", "It is so.".to_owned())])
            .unwrap();
        for what in [
            "# How many rows there may be.",
            "--rows-max",
            "QUANYU_ROWS_MAX",
            "# key = \"***\"",
            "# address = \"here\"",
            "QUANYU_PEERS__POINTS",
            "QUANYU_GROUP__JSON",
            "# It is so.",
        ] {
            assert!(printed.contains(what), "{what}: {printed}");
        }
        assert!(!printed.contains("sesame"));
        std::fs::write(file.path(), &printed).unwrap();
        let again = load::<Example>(Some(file.path()), none(), nothing).unwrap().settings;
        assert_eq!(
            (again.rows_max, again.group.json, again.key, again.address),
            (3, true, None, None)
        );
        assert_eq!(again.peers, loaded.settings.peers);
        let stars = printed.replace("# key =", "key =");
        std::fs::write(file.path(), stars).unwrap();
        let problems = load::<Example>(Some(file.path()), none(), nothing).unwrap_err();
        assert!(problems[0].message.contains("write the secret itself"), "{problems:?}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(
            load::<Example>(None, flags(11), nothing).unwrap_err(),
            [Problem::new(
                "rows_max",
                "must be at most 10 (set by --rows-max; write it like --rows-max 0)"
            )]
        );
        let file = file("rows_maximum = 3\n[group]\njason = true\n[nonsense]\nx = 1");
        let problems = load::<Example>(Some(file.path()), none(), nothing).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(
            told[0].starts_with("group.jason: is no setting: did you mean group.json?"),
            "{told:?}"
        );
        assert!(told[1].starts_with("nonsense.x: is no setting: "), "{told:?}");
        assert!(told[2].contains("did you mean rows_max?"), "{told:?}");
    }

    #[test]
    fn all_that_cannot_be_read_is_told_at_once_with_its_place_and_an_example() {
        let file = file("rows_max = \"many\"\nkey = 12345\ncolour = 1\n[peers]\npoints = 3\n[group]\njson = \"yes\"");
        let asked = |settings: &Example| {
            assert_eq!(
                (settings.rows_max, settings.group.json),
                (0, false),
                "what cannot be read is not there"
            );
            vec![
                Problem::new("key", "must be set"),
                Problem::new("address", "must be set"),
                Problem::new("peers.points", "must be set"),
            ]
        };
        let problems = load::<Example>(Some(file.path()), none(), asked).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let path = file.path().display().to_string();
        for (line, expected) in told.iter().zip([
            format!("colour: is no setting: --print-config shows all of them (in {path})"),
            format!("group.json: is a text, and must be true or false (set in {path}; write it like group.json = false)"),
            format!("key: is a whole number, and must be a text (set in {path})"),
            format!("peers.points: is a whole number, and must be a text (set in {path}; write it like peers.points = \"http://there\")"),
            format!("rows_max: is a text, and must be a whole number (set in {path}; write it like rows_max = 0)"),
            "address: must be set (not set; write address = \"here\" into the file, or QUANYU_ADDRESS=here)".to_owned(),
        ]) {
            assert_eq!(*line, expected);
        }
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(!told.join("").contains("12345"), "it may be a secret");
    }

    #[test]
    fn a_setting_that_is_wrong_in_two_ways_is_told_once_with_what_will_do() {
        let asked = |_: &Example| vec![Problem::new("rows_max", "must be at most 7 here")];
        let problems = load::<Example>(None, flags(11), asked).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("rows_max: must be at most 7 here"), "{told:?}");
    }

    #[test]
    fn a_word_that_is_none_of_the_known_ones_is_told_which_there_are() {
        let file = file("mood = \"sulky\"");
        let problems = load::<Example>(Some(file.path()), none(), nothing).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("mood: is \"sulky\", and must be calm, merry or sad (set in "),
            "{told:?}"
        );
    }

    #[test]
    fn a_file_that_is_no_toml_hides_nothing_else_and_nothing_is_called_missing() {
        let file = file("rows_max = 3\naddress = here\n");
        let asked = |_: &Example| vec![Problem::new("address", "must be set")];
        let problems = load::<Example>(Some(file.path()), flags(11), asked).unwrap_err();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].contains("cannot be read as TOML at line 2, column 11: ") && !told[0].contains('\n'),
            "{told:?}"
        );
        assert!(told[1].starts_with("rows_max: must be at most 10"), "{told:?}");
        let gone = load::<Example>(Some(Path::new("/nowhere/quanyu.toml")), none(), nothing).unwrap_err();
        assert!(
            gone[0]
                .message
                .starts_with("the file that --config names cannot be read"),
            "{gone:?}"
        );
    }
}
