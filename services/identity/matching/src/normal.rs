//! Values as people write them, brought into one form by which they are compared.
//!
//! A cell that says nothing (blank, a placeholder, a phone of zeros) is no value: nobody is recognised by it.

mod address;
mod date;
mod identifier;
mod letters;
mod name;
mod nickname;
mod phone;

use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::field::Kind;

pub(crate) use self::letters::Letters;

pub use self::date::Day;

/// No more of a cell is compared.
pub const VALUE_CHARS_MAX: usize = 120;

/// A value in its forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// What is compared first: values of one text are the same.
    pub(crate) text: Box<str>,
    /// Which letters its Latin form has, by which most that is different is told without a look at it.
    pub(crate) letters: Letters,
    /// How it sounds; 0 where that is nothing.
    pub(crate) sound: u64,
    /// Its other forms, where it has some.
    forms: Option<Box<Forms>>,
}

/// Other forms of a value; each is empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Forms {
    /// Latin letters and digits without blanks: of Chinese characters their pinyin.
    latin: Box<str>,
    /// The Latin form with the last word first, where a name may be turned around.
    turned: Box<str>,
    /// What the first name is short for, of a name.
    long: Box<str>,
    /// The words of an address as numbers, in order, each once.
    words: Box<[u64]>,
}

impl Value {
    /// Reads a cell; none where it says nothing.
    pub fn read(kind: Kind, cell: &str) -> Option<Self> {
        let folded = fold(cell);
        if is_placeholder(folded.trim()) {
            return None;
        }
        let value = match kind {
            Kind::GivenName | Kind::Surname => name::part(&folded),
            Kind::FullName => name::full(&folded),
            Kind::Date => date::value(&folded),
            Kind::Phone => phone::value(&folded),
            Kind::Email => identifier::email(&folded),
            Kind::Identifier | Kind::HouseNumber | Kind::Postcode | Kind::Category => identifier::code(&folded),
            Kind::Street | Kind::Place => address::value(&folded),
        }?;
        Some(value.with_letters())
    }

    /// The text by which it is known.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it has a Latin form turned around, or a long form.
    pub(crate) fn has_forms(&self) -> bool {
        self.forms.is_some()
    }

    /// Latin letters and digits without blanks: of Chinese characters their pinyin.
    pub(crate) fn latin(&self) -> &str {
        let latin = self.forms.as_ref().map(|forms| &*forms.latin);
        latin.filter(|latin| !latin.is_empty()).unwrap_or(&self.text)
    }

    /// The Latin form with the last word first; empty where it is not turned.
    pub(crate) fn turned(&self) -> &str {
        self.forms.as_ref().map_or("", |forms| &forms.turned)
    }

    /// What the first name is short for; empty where it is long.
    pub(crate) fn long(&self) -> &str {
        self.forms.as_ref().map_or("", |forms| &forms.long)
    }

    /// The words of an address as numbers, in order, each once.
    pub(crate) fn words(&self) -> &[u64] {
        self.forms.as_ref().map_or(&[], |forms| &forms.words)
    }

    /// A value of nothing but its text.
    fn plain(text: String) -> Option<Self> {
        (!text.is_empty()).then(|| Self {
            text: text.into(),
            ..Self::default()
        })
    }

    fn with_letters(self) -> Self {
        let letters = Letters::of(self.latin());
        Self { letters, ..self }
    }
}

/// Small letters without accents, in their usual width; no longer than a value may be.
fn fold(cell: &str) -> String {
    let cell = cell.trim();
    if cell.is_ascii() {
        return cell
            .chars()
            .take(VALUE_CHARS_MAX)
            .map(|c| c.to_ascii_lowercase())
            .collect();
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(cell);
    let mut folded = String::with_capacity(decomposed.len());
    for c in decomposed.chars().take(VALUE_CHARS_MAX).flat_map(char::to_lowercase) {
        match c {
            '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{feff}' => {}
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            other => folded.push(other),
        }
    }
    folded
}

/// What stands for nobody knows, in the words of many systems.
fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 17] = [
        "n/a",
        "none",
        "null",
        "nil",
        "unknown",
        "undefined",
        "not known",
        "not given",
        "test",
        "未知",
        "无",
        "不详",
        "匿名",
        "测试",
        "空",
        "暂无",
        "保密",
    ];
    !text.chars().any(char::is_alphanumeric) || WORDS.contains(&text)
}

/// Whether a character is Chinese.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// The words of a text: parted by all that is neither letter nor digit, apostrophes aside.
fn words(text: &str) -> impl Iterator<Item = String> {
    let is_between = |c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '`');
    let parts = text.split(is_between);
    parts
        .map(|part| part.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests;
