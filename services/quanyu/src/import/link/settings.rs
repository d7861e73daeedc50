//! What a file of settings may say.

use std::collections::BTreeMap;
use std::path::Path;

use matching::{Field, Join, Kind, Settings};
use serde::Deserialize;

use super::fields::{FIELDS, GENDER, ID};

/// Fewer rows of a key are no block; more would be compared for days.
const BLOCK: std::ops::RangeInclusive<usize> = 2..=10_000;
/// A file of settings is short.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Further fields, and the thresholds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LinkSettings {
    join: Option<f64>,
    review: Option<f64>,
    block_max: Option<usize>,
    fields: BTreeMap<String, String>,
}

impl LinkSettings {
    /// Reads a file of settings, or takes none; answers everything that is wrong with it.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, String> {
        let Some(file) = file else { return Ok(Self::default()) };
        let unreadable = |error| format!("{} cannot be read: {error}", file.display());
        let length = std::fs::metadata(file).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            return Err(format!(
                "{} has {length} bytes, but at most {FILE_BYTES_MAX} are read",
                file.display()
            ));
        }
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Self::of_text(&text).map_err(|wrong| format!("{}: {wrong}", file.display()))
    }

    pub(super) fn of_text(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let wrong = settings.wrong();
        if wrong.is_empty() {
            Ok(settings)
        } else {
            Err(wrong.join("; "))
        }
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, value) in [("join", self.join), ("review", self.review)] {
            if value.is_some_and(|value| !(value > 0.0 && value < 1.0)) {
                wrong.push(format!("{name} must be a probability between 0 and 1"));
            }
        }
        if self.join.zip(self.review).is_some_and(|(join, review)| review > join) {
            wrong.push("review must not be above join".to_owned());
        }
        if self.block_max.is_some_and(|most| !BLOCK.contains(&most)) {
            wrong.push(format!(
                "block_max must be a number from {} to {}",
                BLOCK.start(),
                BLOCK.end()
            ));
        }
        for (name, kind) in &self.fields {
            if Kind::named(kind).is_none() {
                let kinds: Vec<&str> = Kind::ALL.iter().map(|(name, _)| *name).collect();
                wrong.push(format!(
                    "fields.{name}: {kind} is no kind of field: {}",
                    kinds.join(", ")
                ));
            }
            if name == ID || name.to_lowercase() != *name || name.contains([' ', '-', '.']) {
                wrong.push(format!(
                    "fields.{name}: a field is named in small letters with underscores, and not {ID}"
                ));
            }
        }
        wrong
    }

    /// All fields that a column may be.
    pub(super) fn known(&self) -> Vec<Field> {
        let usual = FIELDS.into_iter().chain([GENDER]);
        let usual = usual.filter(|(name, _)| !self.fields.contains_key(*name));
        let mut known: Vec<Field> = usual.map(|(name, kind)| Field::new(name, kind)).collect();
        let further = self
            .fields
            .iter()
            .filter_map(|(name, kind)| Some(Field::new(name, Kind::named(kind)?)));
        known.extend(further);
        known
    }

    /// The settings for the fields of a file.
    pub(super) fn of(&self, fields: &[Field], threads: usize) -> Settings {
        let usual = Settings::of(fields);
        Settings {
            join: self.join.map_or(usual.join, Join::From),
            review: self.review.unwrap_or(usual.review),
            block_max: self.block_max.unwrap_or(usual.block_max),
            threads,
            ..usual
        }
    }
}
