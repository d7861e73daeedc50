use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use fault::{Fault, Violation};
use prost_reflect::FieldDescriptor;

use super::sentence;

/// How a caller of REST spells the names of fields, so that errors name a field as the caller wrote it: in lowerCamelCase,
/// unless the caller used the contract's spelling.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// Names that the caller wrote as they stand here.
    kept: BTreeSet<String>,
    /// Words of the caller's own that are called as fields are: a sentence may be about them.
    said: BTreeSet<String>,
    /// What the masks of the caller name, as they were written, by the contract's spelling.
    masked: BTreeMap<String, String>,
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

    /// Notes what a mask names, which JSON writes in lowerCamelCase alone, whatever spelling its writer has elsewhere.
    pub(in crate::rest) fn mask(&mut self, written: &str) {
        let names = written.split([',', '.', '"']);
        for name in names.filter(|name| name.contains(|letter: char| letter.is_ascii_uppercase())) {
            self.masked.insert(snake(name), name.to_owned());
        }
    }

    /// Notes the names of a query parameter.
    pub(in crate::rest) fn note_path(&mut self, written: &str, path: &[FieldDescriptor]) {
        for (name, field) in written.split('.').zip(path) {
            self.note(field, name == field.json_name());
        }
    }

    /// A path of the contract as the caller would write it. What stands in brackets is a place or a key, and stays.
    pub fn path(&self, path: &str) -> String {
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
        push_camel(name, out);
    }

    /// Whether a name stays as it is: the caller wrote it so, or it is none of the contracts.
    fn is_kept(&self, name: &str) -> bool {
        (self.uses_contract && !self.uses_camel) || self.kept.contains(name) || !sentence::is_name(name)
    }

    /// A sentence that names fields as the caller would.
    pub fn sentence(&self, text: &str) -> String {
        sentence::respelled(text, sentence::is_name, |name, out| match self.said.contains(name) {
            true => out.push_str(name),
            false => self.push_name(name, out),
        })
    }

    /// A sentence about a mask: it names fields as masks do.
    fn sentence_of_mask(&self, text: &str) -> String {
        let is_name = |word: &str| self.masked.contains_key(word) || sentence::is_name(word);
        sentence::respelled(text, is_name, |name, out| match self.masked.get(name) {
            Some(written) => out.push_str(written),
            None => push_camel(name, out),
        })
    }

    /// The violations as the caller would write them.
    fn violations(&self, violations: &[Violation]) -> Vec<Violation> {
        let respelled = violations.iter().map(|violation| Violation {
            path: self.path(&violation.path),
            message: match is_of_mask(&violation.path) {
                true => self.sentence_of_mask(&violation.message),
                false => self.sentence(&violation.message),
            },
        });
        respelled.collect()
    }

    /// The violations of a refusal and its message as the caller would write them.
    pub(in crate::rest) fn refusal(&self, message: &str, violations: &[Violation]) -> (String, Vec<Violation>) {
        let respelled = self.violations(violations);
        // Where the message says what the violations say, it says it in their words.
        let message = match message == Fault::invalid_fields(violations.to_vec()).to_string() {
            true => Fault::invalid_fields(respelled.clone()).to_string(),
            false => self.sentence(message),
        };
        (message, respelled)
    }

    /// A refusal that names fields as the caller would write them.
    pub(in crate::rest) fn fault(&self, mut fault: Fault) -> Fault {
        if let Fault::Refused(refusal) = &mut fault {
            (refusal.message, refusal.violations) = self.refusal(&refusal.message, &refusal.violations);
        }
        fault
    }

    /// Whether two callers with these would be told alike, but for words of their own.
    fn is_like(&self, other: &Self) -> bool {
        let kept = |spelling: &Self| match spelling.uses_contract && !spelling.uses_camel {
            true => None,
            false => Some(spelling.kept.clone()),
        };
        kept(self) == kept(other)
    }
}

/// How the items of a request that are judged by themselves are spelt, each by itself, and the request as a whole.
#[derive(Debug, Default, Clone)]
pub(crate) struct Spellings {
    whole: Spelling,
    /// The items that name fields in another spelling than the whole does.
    items: BTreeMap<usize, Spelling>,
}

impl Spellings {
    pub(super) fn new(whole: Spelling, mut items: BTreeMap<usize, Spelling>) -> Self {
        items.retain(|_, item| !item.is_like(&whole));
        Self { whole, items }
    }

    /// That of the whole.
    pub(crate) fn whole(&self) -> &Spelling {
        &self.whole
    }

    /// The same, for what is said beside the items.
    pub(in crate::rest) fn whole_mut(&mut self) -> &mut Spelling {
        &mut self.whole
    }

    /// Whether all items are spelt as the whole is.
    pub(super) fn is_one(&self) -> bool {
        self.items.is_empty()
    }

    /// That of an item.
    pub(super) fn of_item(&self, index: usize) -> Cow<'_, Spelling> {
        match self.items.get(&index) {
            None => Cow::Borrowed(&self.whole),
            Some(item) => Cow::Owned(Spelling {
                said: self.whole.said.clone(),
                ..item.clone()
            }),
        }
    }
}

/// What every request calls the mask of the fields that it changes.
const MASK: &str = "update_mask";

fn is_of_mask(path: &str) -> bool {
    path.rsplit('.').next() == Some(MASK)
}

/// A name of the contract's spelling in lowerCamelCase.
fn push_camel(name: &str, out: &mut String) {
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

/// A name in lowerCamelCase as the contract would spell it.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
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
    fn a_mask_is_told_as_it_was_written_whatever_the_spelling_elsewhere() {
        for uses_contract in [false, true] {
            let mut spelling = Spelling {
                uses_contract,
                ..Spelling::default()
            };
            spelling.mask("\"nickName,account.holderName\"");
            let told = "names nick_name, but only display_name and account.holder_name may change";
            let fault = spelling.fault(Fault::invalid("update_mask", told));
            let Fault::Refused(refusal) = &fault else {
                panic!("{fault}")
            };
            let expected = "names nickName, but only displayName and account.holderName may change";
            assert_eq!(refusal.violations[0].message, expected);
            assert!(refusal.message.ends_with(expected), "{}", refusal.message);
        }
    }

    #[test]
    fn what_the_caller_wrote_stays_as_it_was_written() {
        let mut spelling = Spelling::default();
        spelling.heed(br#"{"tagCode": "asset_code"}"#);
        let told = spelling.sentence("there is no tag asset_code: give another tag_code");
        assert_eq!(told, "there is no tag asset_code: give another tagCode");
    }
}
