//! What a text may hold, and the one form of an identifier.
//!
//! An identifier is compared, so it has one form: two that look the same are the same. Words for people are kept as they
//! came. Neither holds control characters: databases differ in what they make of them, and nobody can see them.

mod form;
mod placeholder;
mod spreadsheet;

pub use form::tidy;
pub use placeholder::{is_count, is_placeholder};

use std::borrow::Cow;
use std::fmt;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It holds a character that no text of its kind may hold.
    #[error("must not hold {}, which is its character {place}: {}", Named(*.character), cure(*.character))]
    Forbidden {
        /// The character.
        character: char,
        /// How many characters there are up to it, itself counted.
        place: usize,
    },
    /// It is a number in scientific notation: its last digits are lost.
    #[error("a spreadsheet has rounded this number: format the column as text and export it again")]
    Rounded,
    /// It is a long number with decimals.
    #[error(
        "a program has made a decimal fraction of this number: have the column read as text and export it again without \
         the point"
    )]
    Fraction,
    /// It begins with what keeps a spreadsheet from rounding: an apostrophe, a backtick, or `="..."`.
    #[error("the mark that keeps a spreadsheet from rounding stands before this id: send the id without it")]
    Marked,
}

/// An identifier in its one form, or why it is none.
///
/// ```
/// # use kernel::text;
/// assert_eq!(text::identifier(" Ａ-17\u{200b}"), Ok("A-17".into()));
/// assert_eq!(text::identifier("6.22203E+15"), Err(text::TextError::Rounded));
/// ```
pub fn identifier(text: &str) -> Result<Cow<'_, str>, TextError> {
    let tidy = tidy(text);
    check_identifier(&tidy)?;
    Ok(tidy)
}

/// Whether an identifier in its one form is what somebody meant to write.
pub fn check_identifier(tidy: &str) -> Result<(), TextError> {
    forbid(tidy, |c| c.is_control() || c == char::REPLACEMENT_CHARACTER)?;
    spreadsheet::check(tidy)
}

/// Whether words for people are nothing but words: line breaks and tabs are.
pub fn check_words(text: &str) -> Result<(), TextError> {
    forbid(text, |c| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r'))
}

fn forbid(text: &str, forbidden: impl Fn(char) -> bool) -> Result<(), TextError> {
    // Nearly every text is of visible ASCII, or has at least no byte that begins what might be forbidden.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Ok(());
    }
    match text.chars().zip(1..).find(|(c, _)| forbidden(*c)) {
        Some((character, place)) => Err(TextError::Forbidden { character, place }),
        None => Ok(()),
    }
}

/// A character that cannot be seen, for a person.
struct Named(char);

/// Of the control characters of ASCII, by their numbers (ISO 6429).
const CONTROLS: [&str; 32] = [
    "NULL",
    "START OF HEADING",
    "START OF TEXT",
    "END OF TEXT",
    "END OF TRANSMISSION",
    "ENQUIRY",
    "ACKNOWLEDGE",
    "BELL",
    "BACKSPACE",
    "TAB",
    "LINE FEED",
    "LINE TABULATION",
    "FORM FEED",
    "CARRIAGE RETURN",
    "SHIFT OUT",
    "SHIFT IN",
    "DATA LINK ESCAPE",
    "DEVICE CONTROL ONE",
    "DEVICE CONTROL TWO",
    "DEVICE CONTROL THREE",
    "DEVICE CONTROL FOUR",
    "NEGATIVE ACKNOWLEDGE",
    "SYNCHRONOUS IDLE",
    "END OF TRANSMISSION BLOCK",
    "CANCEL",
    "END OF MEDIUM",
    "SUBSTITUTE",
    "ESCAPE",
    "FILE SEPARATOR",
    "GROUP SEPARATOR",
    "RECORD SEPARATOR",
    "UNIT SEPARATOR",
];

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = u32::from(self.0);
        let control = usize::try_from(number).ok().and_then(|number| CONTROLS.get(number));
        let name = match (self.0, control) {
            (_, Some(name)) => name,
            ('\u{7f}', None) => "DELETE",
            (char::REPLACEMENT_CHARACTER, None) => "REPLACEMENT CHARACTER",
            (_, None) => "CONTROL CHARACTER",
        };
        write!(f, "U+{number:04X} ({name})")
    }
}

fn cure(character: char) -> &'static str {
    match character {
        char::REPLACEMENT_CHARACTER => "read the source in its own encoding, for the letter that stood there is lost",
        _ => "remove it",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_control_character_is_named_with_its_place() {
        let error = identifier("张\u{0}三").unwrap_err();
        assert_eq!(
            error.to_string(),
            "must not hold U+0000 (NULL), which is its character 2: remove it"
        );
        for (text, named) in [
            ("a\tb", "U+0009 (TAB)"),
            ("a\u{7f}", "U+007F (DELETE)"),
            ("a\u{86}b", "U+0086 (CONTROL CHARACTER)"),
            ("\u{fffd}\u{fffd}1", "U+FFFD (REPLACEMENT CHARACTER)"),
        ] {
            let told = identifier(text).unwrap_err().to_string();
            assert!(told.contains(named), "{text:?}: {told}");
        }
    }

    #[test]
    fn words_keep_what_people_write() {
        for words in [
            "",
            "  two\r\nlines\tand a tab ",
            "👨‍👩‍👧 ❤️",
            "می‌خواهم",
            "e\u{301}",
            "Ｗｉｄｅ",
            "caf\u{85}",
            "\u{fffd}",
            "6.2E+15",
        ] {
            assert_eq!(check_words(words), Ok(()), "{words:?}");
        }
        for words in ["a\u{0}", "\u{1b}[31m", "a\u{b}b", "\u{7f}"] {
            assert!(check_words(words).is_err(), "{words:?}");
        }
    }

    proptest! {
        #[test]
        fn an_identifier_stays_what_it_is(text in "\\PC{0,12}|[ -~]{0,12}|(?s:.){0,8}") {
            if let Ok(once) = identifier(&text) {
                prop_assert_eq!(identifier(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn whatever_passes_holds_no_nul(text in "(?s:[\u{0}-\u{20}a\u{4e00}]){0,8}") {
            let holds_nul = identifier(&text).is_ok_and(|tidy| tidy.contains('\0'));
            prop_assert!(!holds_nul);
            let holds_control = text.chars().any(|c| c < ' ' && !"\t\n\r".contains(c));
            prop_assert_eq!(check_words(&text).is_err(), holds_control);
        }
    }
}
