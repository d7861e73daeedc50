//! Streets and places.

use super::{Forms, Value, is_han, words};
use crate::sound::{hash, sound};

/// What is written short, in the order of the short forms.
pub(super) const LONG_FORMS: [(&str, &str); 25] = [
    ("apt", "apartment"),
    ("av", "avenue"),
    ("ave", "avenue"),
    ("bldg", "building"),
    ("blvd", "boulevard"),
    ("cct", "circuit"),
    ("cl", "close"),
    ("cres", "crescent"),
    ("crt", "court"),
    ("ct", "court"),
    ("dr", "drive"),
    ("fl", "floor"),
    ("gr", "grove"),
    ("hwy", "highway"),
    ("ln", "lane"),
    ("mt", "mount"),
    ("pde", "parade"),
    ("pl", "place"),
    ("rd", "road"),
    ("rm", "room"),
    ("sq", "square"),
    ("st", "street"),
    ("str", "street"),
    ("tce", "terrace"),
    ("wy", "way"),
];

pub(super) fn value(folded: &str) -> Option<Value> {
    let mut all: Vec<String> = Vec::new();
    for word in words(folded) {
        if word.contains(is_han) {
            // Chinese is written without blanks: each character is a word, and what is between them another one.
            all.extend(apart(&word));
        } else {
            all.push(long_form(&word).map_or(word, str::to_owned));
        }
    }
    let text = all.concat();
    if text.is_empty() {
        return None;
    }
    let mut words: Vec<u64> = all.iter().map(|word| hash(word.as_bytes())).collect();
    words.sort_unstable();
    words.dedup();
    Some(Value {
        sound: sound(&text),
        text: text.into(),
        forms: Some(Box::new(Forms {
            words: words.into(),
            ..Forms::default()
        })),
        ..Value::default()
    })
}

fn long_form(word: &str) -> Option<&'static str> {
    let found = LONG_FORMS.binary_search_by(|(short, _)| (*short).cmp(word)).ok()?;
    LONG_FORMS.get(found).map(|(_, long)| *long)
}

fn apart(word: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut is_open = false;
    for c in word.chars() {
        match parts.last_mut() {
            Some(last) if is_open && !is_han(c) => last.push(c),
            _ => parts.push(c.to_string()),
        }
        is_open = !is_han(c);
    }
    parts
}
