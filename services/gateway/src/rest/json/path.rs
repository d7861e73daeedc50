use std::collections::BTreeSet;
use std::fmt::{self, Write};

use fault::{Fault, Violation};
use prost_reflect::FieldDescriptor;

use super::sentence;

/// Where in a message something is, in the contract's spelling: `items[0].tag_code`, `attributes["colour"]`.
pub(super) enum Path<'p> {
    Root,
    Name(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
    Key(&'p Path<'p>, &'p str),
}

impl Path<'_> {
    pub(super) fn is_root(&self) -> bool {
        matches!(self, Self::Root)
    }

    /// Whether it is a field of the whole message.
    pub(super) fn is_top(&self) -> bool {
        matches!(self, Self::Name(Path::Root, _))
    }

    /// The same path from the item that it lies in: without the item's own field and place.
    pub(super) fn within_item(&self) -> String {
        let mut path = String::new();
        // Writing to a text does not fail.
        let _ = self.write(&mut path, true);
        path
    }

    fn write(&self, out: &mut impl Write, from_item: bool) -> Result<bool, fmt::Error> {
        let written = match self {
            Self::Root => return Ok(false),
            Self::Name(parent, _) | Self::Index(parent, _) | Self::Key(parent, _) => parent.write(out, from_item)?,
        };
        match self {
            Self::Name(Path::Root, _) if from_item => return Ok(false),
            Self::Index(parent, _) if from_item && parent.is_top() => return Ok(false),
            Self::Root => {}
            Self::Name(_, name) if written => write!(out, ".{name}")?,
            Self::Name(_, name) => out.write_str(name)?,
            Self::Index(_, index) => write!(out, "[{index}]")?,
            Self::Key(_, key) => write!(out, "[{key:?}]")?,
        }
        Ok(true)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false).map(drop)
    }
}

/// How a caller of REST spells the names of fields, so that errors name a field as the caller wrote it: in lowerCamelCase,
/// unless the caller used the contract's spelling.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// Names that the caller wrote as they stand here.
    kept: BTreeSet<String>,
    /// Words of the caller's own that are called as fields are: a sentence may be about them.
    said: BTreeSet<String>,
    uses_contract: bool,
    uses_camel: bool,
}

impl Spelling {
    /// Notes a field that was named, by its name in lowerCamelCase or by the contract's.
    pub(super) fn note(&mut self, field: &FieldDescriptor, by_json_name: bool) {
        if field.name() == field.json_name() {
            return;
        }
        if by_json_name {
            self.uses_camel = true;
        } else {
            self.uses_contract = true;
            if !self.kept.contains(field.name()) {
                self.kept.insert(field.name().to_owned());
            }
        }
    }

    /// Notes a name that is to stay as the caller wrote it.
    pub(in crate::rest) fn keep(&mut self, name: &str) {
        self.kept.insert(name.to_owned());
    }

    /// Notes what the caller sent, where it has words of the caller's own that are called as fields are.
    pub(in crate::rest) fn heed(&mut self, json: &[u8]) {
        for name in sentence::names_in_quotes(json) {
            self.say(name);
        }
    }

    /// Notes a text that the caller sent.
    pub(in crate::rest) fn say(&mut self, text: &str) {
        if sentence::is_name(text) && !self.said.contains(text) {
            self.said.insert(text.to_owned());
        }
    }

    /// Notes the names of a query parameter.
    pub(in crate::rest) fn note_path(&mut self, written: &str, path: &[FieldDescriptor]) {
        for (name, field) in written.split('.').zip(path) {
            self.note(field, name == field.json_name());
        }
    }

    /// A path of the contract as the caller would write it. What stands in brackets is a place or a key, and stays.
    pub(crate) fn path(&self, path: &str) -> String {
        let mut out = String::with_capacity(path.len());
        let mut rest = path;
        while !rest.is_empty() {
            if rest.starts_with('[') {
                let end = bracket_end(rest);
                let (inside, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                out.push_str(inside);
                rest = after;
                continue;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.push_name(name, &mut out);
            rest = match after.strip_prefix('.') {
                Some(after) => {
                    out.push('.');
                    after
                }
                None => after,
            };
        }
        out
    }

    /// A name by which the caller knows the field, behind what is written already.
    fn push_name(&self, name: &str, out: &mut String) {
        if self.is_kept(name) {
            out.push_str(name);
            return;
        }
        let mut capital = false;
        for letter in name.chars() {
            match letter {
                '_' => capital = true,
                letter if capital => {
                    out.push(letter.to_ascii_uppercase());
                    capital = false;
                }
                letter => out.push(letter),
            }
        }
    }

    /// Whether a name stays as it is: the caller wrote it so, or it is none of the contracts.
    fn is_kept(&self, name: &str) -> bool {
        (self.uses_contract && !self.uses_camel) || self.kept.contains(name) || !sentence::is_name(name)
    }

    /// A sentence that names fields as the caller would.
    pub(in crate::rest) fn sentence(&self, text: &str) -> String {
        sentence::respelled(text, |name, out| match self.said.contains(name) {
            true => out.push_str(name),
            false => self.push_name(name, out),
        })
    }

    /// The violations as the caller would write them.
    pub(in crate::rest) fn violations(&self, mut violations: Vec<Violation>) -> Vec<Violation> {
        for violation in &mut violations {
            violation.path = self.path(&violation.path);
            violation.message = self.sentence(&violation.message);
        }
        violations
    }

    /// A refusal that names fields as the caller would write them.
    pub(in crate::rest) fn fault(&self, mut fault: Fault) -> Fault {
        if let Fault::Refused(refusal) = &mut fault {
            refusal.violations = self.violations(std::mem::take(&mut refusal.violations));
            refusal.message = self.sentence(&refusal.message);
        }
        fault
    }
}

/// Where the bracket ends that a text begins with; a key in it may have brackets of its own, in quotes.
fn bracket_end(text: &str) -> usize {
    let (mut in_quotes, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_quotes = !in_quotes,
            b']' if !in_quotes => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_caller_s_spelling() {
        let camel = Spelling::default();
        for (path, written) in [
            ("", ""),
            ("request_id", "requestId"),
            ("activities[1].items[0].tag_code", "activities[1].items[0].tagCode"),
            (
                r#"attributes["my_key.a]b"].tag_code"#,
                r#"attributes["my_key.a]b"].tagCode"#,
            ),
            // What a key says is the caller's, brackets and quotes too.
            (
                r#"attributes["a].asset_code.b"].tag_code"#,
                r#"attributes["a].asset_code.b"].tagCode"#,
            ),
            (
                r#"attributes["a\"].asset_code.b"].tag_code"#,
                r#"attributes["a\"].asset_code.b"].tagCode"#,
            ),
            ("earn.available_time", "earn.availableTime"),
            // A key of the caller's.
            ("attributes.my_key", "attributes.my_key"),
        ] {
            assert_eq!(camel.path(path), written);
        }
        let contract = Spelling {
            uses_contract: true,
            ..Spelling::default()
        };
        assert_eq!(contract.path("activities[1].occur_time"), "activities[1].occur_time");
        let mut mixed = Spelling {
            uses_camel: true,
            ..contract
        };
        mixed.keep("occur_time");
        assert_eq!(mixed.path("request_id.occur_time"), "requestId.occur_time");
    }

    #[test]
    fn the_sentence_names_the_fields_alike() {
        let mut violations = fault::Violations::new();
        violations.add("request_id", "must be given");
        violations.add("amount", "must be positive");
        let fault = Spelling::default().fault(violations.finish().unwrap_err());
        assert_eq!(fault.to_string(), "requestId: must be given; amount: must be positive");
    }

    #[test]
    fn what_the_caller_wrote_stays_as_it_was_written() {
        let mut spelling = Spelling::default();
        spelling.heed(br#"{"tagCode": "asset_code"}"#);
        let told = spelling.sentence("there is no tag asset_code: give another tag_code");
        assert_eq!(told, "there is no tag asset_code: give another tagCode");
    }
}
