//! How much two values agree.

use crate::distance::{likeness, slips};
use crate::field::Kind;
use crate::normal::Value;

/// How many levels there are.
pub(crate) const LEVELS: usize = 8;

/// How much two values of a field agree, from nothing known to nothing alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// At least one record says nothing.
    Missing,
    /// The same.
    Same,
    /// The same, written in another way: in pinyin, short, with its words in another order, without an area code.
    Alike,
    /// One slip of the pen apart.
    OneSlip,
    /// Two slips of the pen apart.
    TwoSlips,
    /// More apart, but not by chance alone.
    Similar,
    /// Turned around: day and month, or the values of two fields.
    Turned,
    /// Nothing in common.
    Different,
}

impl Level {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; LEVELS] = [
        Self::Missing,
        Self::Same,
        Self::Alike,
        Self::OneSlip,
        Self::TwoSlips,
        Self::Similar,
        Self::Turned,
        Self::Different,
    ];

    /// Its number.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::Same => 1,
            Self::Alike => 2,
            Self::OneSlip => 3,
            Self::TwoSlips => 4,
            Self::Similar => 5,
            Self::Turned => 6,
            Self::Different => 7,
        }
    }

    /// How explanations call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Same => "same",
            Self::Alike => "alike",
            Self::OneSlip => "one slip",
            Self::TwoSlips => "two slips",
            Self::Similar => "similar",
            Self::Turned => "turned",
            Self::Different => "different",
        }
    }
}

/// Compares two values that are not the same.
pub(crate) fn compare(kind: Kind, one: &Value, other: &Value) -> Level {
    match kind {
        Kind::FullName | Kind::GivenName | Kind::Surname => names(one, other),
        Kind::Date => dates(one, other),
        Kind::Phone => phones(one, other),
        Kind::Street | Kind::Place => addresses(one, other),
        Kind::Email => apart(one, other, Some(0.93)),
        Kind::Identifier | Kind::HouseNumber | Kind::Postcode | Kind::Category => apart(one, other, None),
    }
}

/// Whether a value stands, near enough, in the other field of the other record.
pub(crate) fn is_turned(one: &Value, other: &Value) -> bool {
    matches!(counted(one, other, 1), Some(0 | 1))
}

fn names(one: &Value, other: &Value) -> Level {
    let has_forms = one.has_forms() || other.has_forms();
    if has_forms && is_written_otherwise(one, other) {
        return Level::Alike;
    }
    let level = apart(one, other, Some(0.87));
    match level {
        Level::Different if one.sound == other.sound && one.text.is_ascii() && other.text.is_ascii() => Level::Similar,
        _ => level,
    }
}

/// Whether two names are one: in other letters, turned around, or one of them short for the other.
fn is_written_otherwise(one: &Value, other: &Value) -> bool {
    let is_short = |short: &Value, long: &Value| {
        !short.long().is_empty() && (short.long() == long.latin() || short.long() == long.long())
    };
    let is_turned = |one: &Value, other: &Value| !one.turned().is_empty() && one.turned() == other.latin();
    let has_same_letters = one.letters == other.letters;
    has_same_letters && (one.latin() == other.latin() || is_turned(one, other) || is_turned(other, one))
        || is_short(one, other)
        || is_short(other, one)
}

fn dates(one: &Value, other: &Value) -> Level {
    let parts = |text: &'_ str| -> Option<[u16; 3]> {
        let part = |from: usize, to: usize| text.get(from..to)?.parse().ok();
        (text.len() == 8)
            .then(|| Some([part(0, 4)?, part(4, 6)?, part(6, 8)?]))
            .flatten()
    };
    let level = of_slips(counted(one, other, 2));
    if !matches!(level, Level::Different | Level::TwoSlips) {
        return level;
    }
    match (parts(&one.text), parts(&other.text)) {
        (Some([year, month, day]), Some(other)) if other == [year, day, month] => Level::Turned,
        (Some(one), Some(other)) if level == Level::Different => {
            let shared = one.iter().zip(&other).filter(|(a, b)| a == b).count();
            if shared >= 2 { Level::Similar } else { level }
        }
        _ => level,
    }
}

fn phones(one: &Value, other: &Value) -> Level {
    const TAIL: usize = 8;
    let (a, b) = (&*one.text, &*other.text);
    let tail = |number: &'_ str| number.len().checked_sub(TAIL);
    if a.len() != b.len() {
        let tails = tail(a)
            .and_then(|from| a.get(from..))
            .zip(tail(b).and_then(|from| b.get(from..)));
        if tails.is_some_and(|(a, b)| a == b) {
            return Level::Alike;
        }
    }
    of_slips(counted(one, other, 2))
}

fn addresses(one: &Value, other: &Value) -> Level {
    if one.words() == other.words() {
        return Level::Alike;
    }
    match apart(one, other, Some(0.9)) {
        Level::Different => {}
        level => return level,
    }
    let shared = one
        .words()
        .iter()
        .filter(|word| other.words().binary_search(word).is_ok())
        .count();
    let all = one
        .words()
        .len()
        .saturating_add(other.words().len())
        .saturating_sub(shared);
    let is_part = shared >= 2 && shared.saturating_mul(2) >= all;
    if is_part { Level::Similar } else { Level::Different }
}

/// By slips, and where there are more by how alike they are.
fn apart(one: &Value, other: &Value, similar_from: Option<f64>) -> Level {
    let shortest = one.letters.count().min(other.letters.count());
    // Of a short text two slips are half of it.
    let most = if shortest <= 3 { 1 } else { 2 };
    match (of_slips(counted(one, other, most)), similar_from) {
        (Level::Different, Some(from)) if is_alike(one, other, from) => Level::Similar,
        (level, _) => level,
    }
}

fn of_slips(slips: Option<usize>) -> Level {
    match slips {
        Some(0 | 1) => Level::OneSlip,
        Some(2) => Level::TwoSlips,
        _ => Level::Different,
    }
}

/// The slips between two texts; told apart by their letters first.
fn counted(one: &Value, other: &Value, most: usize) -> Option<usize> {
    if !one.letters.may_be_slips(other.letters, most) {
        return None;
    }
    let (a, b) = (one.latin(), other.latin());
    if a.is_ascii() && b.is_ascii() {
        return slips(a.as_bytes(), b.as_bytes(), most);
    }
    slips(&chars(a), &chars(b), most)
}

fn is_alike(one: &Value, other: &Value, from: f64) -> bool {
    if one.letters.likeness_max(other.letters) < from {
        return false;
    }
    // Likeness may depend on which text comes first.
    let (a, b) = (one.latin().min(other.latin()), one.latin().max(other.latin()));
    let likeness = if a.is_ascii() && b.is_ascii() {
        likeness(a.as_bytes(), b.as_bytes())
    } else {
        likeness(&chars(a), &chars(b))
    };
    likeness >= from
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}
