//! What the contracts declare about texts, done to every message that arrives: identifiers are brought into their one
//! form, and what no text may hold is refused with its path. The rules themselves are [`kernel::text`].

use std::collections::BTreeMap;
use std::fmt;

use fault::Violations;
use kernel::text::{self, TextError};

/// A message that may arrive, or a part of one. The build implements it.
pub trait Texts {
    /// Brings every identifier into its one form, those of items that are judged by themselves as well.
    fn tidy(&mut self) {}

    /// Notes every text that may not be, but for those of items that are judged by themselves.
    fn judge(&self, _at: &Place<'_>, _violations: &mut Violations) {}
}

/// The place of a text within a message. Written out only where something is wrong there.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a>(Option<Step<'a>>);

#[derive(Clone, Copy, Debug)]
struct Step<'a> {
    above: &'a Place<'a>,
    field: &'static str,
    index: Index<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Index<'a> {
    None,
    Item(usize),
    Key(&'a str),
}

impl Place<'_> {
    /// The message itself.
    pub const TOP: Self = Self(None);

    /// One of its fields.
    pub fn field(&self, field: &'static str) -> Place<'_> {
        self.step(field, Index::None)
    }

    /// An item of a list.
    pub fn item(&self, field: &'static str, index: usize) -> Place<'_> {
        self.step(field, Index::Item(index))
    }

    /// A pair of a map.
    pub fn pair<'a>(&'a self, field: &'static str, key: &'a str) -> Place<'a> {
        self.step(field, Index::Key(key))
    }

    fn step<'a>(&'a self, field: &'static str, index: Index<'a>) -> Place<'a> {
        Place(Some(Step {
            above: self,
            field,
            index,
        }))
    }

    /// Judges an identifier.
    pub fn identifier(&self, text: &str, violations: &mut Violations) {
        self.note(text::check_identifier(text), violations);
    }

    /// Judges the number that a caller gives a request, or an item of one: what stands for nothing would make one of two, and
    /// the second would be lost in silence.
    pub fn own_number(&self, text: &str, violations: &mut Violations) {
        self.identifier(text, violations);
        // Callers count from 0.
        if !text.is_empty() && !text::is_count(text) && text::is_placeholder(text) {
            violations.add(
                self.to_string(),
                format!("{text} can stand for any request: send an id that is this one's alone, and the same when you repeat it"),
            );
        }
    }

    /// Judges words.
    pub fn words(&self, text: &str, violations: &mut Violations) {
        self.note(text::check_words(text), violations);
    }

    fn note(&self, judged: Result<(), TextError>, violations: &mut Violations) {
        if let Err(error) = judged {
            violations.add(self.to_string(), error.to_string());
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Step { above, field, index }) = &self.0 else {
            return Ok(());
        };
        if above.0.is_some() {
            write!(f, "{above}.")?;
        }
        match index {
            Index::None => f.write_str(field),
            Index::Item(index) => write!(f, "{field}[{index}]"),
            Index::Key(key) => write!(f, "{field}[{key:?}]"),
        }
    }
}

/// Brings one identifier into its form, in place.
pub fn tidy(identifier: &mut String) {
    let tidy = text::tidy(identifier);
    if tidy != *identifier {
        *identifier = tidy.into_owned();
    }
}

/// The paths of a mask are compared with names of fields, and named where there is no such field.
impl Texts for prost_types::FieldMask {
    fn tidy(&mut self) {
        self.paths.iter_mut().for_each(tidy);
    }

    fn judge(&self, at: &Place<'_>, violations: &mut Violations) {
        for (index, path) in self.paths.iter().enumerate() {
            at.item("paths", index).identifier(path, violations);
        }
    }
}

/// A map is judged by its keys, which are words, and its values.
pub fn judge_map<V>(
    map: &BTreeMap<String, V>,
    field: &'static str,
    at: &Place<'_>,
    violations: &mut Violations,
    judge: impl Fn(&V, &Place<'_>, &mut Violations),
) {
    for (key, value) in map {
        let at = at.pair(field, key);
        at.words(key, violations);
        judge(value, &at, violations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_stands_for_nothing_is_no_request_s() {
        let told = |text| {
            let mut violations = Violations::new();
            Place::TOP.field("request_id").own_number(text, &mut violations);
            violations.finish().err().map(|fault| fault.to_string())
        };
        let nil = "00000000-0000-0000-0000-000000000000";
        for text in ["[object Object]", "#N/A", "null", "${requestId}", "-", nil] {
            let told = told(text).unwrap();
            assert!(told.contains("request_id") && told.contains("any request"), "{told}");
        }
        for text in ["", "order-1", "1", "0190", "0", "0-0", "00.1"] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_is_written_as_a_path() {
        let item = Place::TOP.item("items", 2);
        let field = item.field("sku");
        assert_eq!(field.to_string(), "items[2].sku");
        assert_eq!(field.pair("names", "a\0").to_string(), r#"items[2].sku.names["a\0"]"#);
    }
}
