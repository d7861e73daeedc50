use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizer, ComposingNormalizerBorrowed};
use icu_properties::props::DefaultIgnorableCodePoint;
use icu_properties::{CodePointSetData, CodePointSetDataBorrowed};

/// Characters that show nothing: zero-width spaces and joiners, soft hyphens, byte order marks, marks of direction.
const INVISIBLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();
/// Marks around a reading above a line, which show nothing and yet are not in that set.
const ANNOTATION_MARKS: std::ops::RangeInclusive<char> = '\u{fff9}'..='\u{fffb}';
/// The Braille pattern without a dot: it looks like a space and is no blank of Unicode.
const BRAILLE_BLANK: char = '\u{2800}';
const COMPOSED: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();
const OF_USUAL_WIDTH: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfkc();

/// The one form of an identifier: no blanks around it, nothing invisible in it, full and half width made usual, each
/// blank within it a space, letters composed (NFC).
///
/// Letters keep their case, and ligatures, circled and raised digits stay what they are (so not NFKC): the ids of some
/// channels tell them apart, and to join two people is worse than to take one for two.
pub fn tidy(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Cow::Borrowed(trimmed);
    }
    let mut folded = String::with_capacity(trimmed.len());
    let shown = |c: &char| !INVISIBLE.contains(*c) && !ANNOTATION_MARKS.contains(c);
    for character in trimmed.chars().filter(shown) {
        match character {
            '\u{ff00}'..='\u{ffef}' => folded.push_str(&OF_USUAL_WIDTH.normalize(character.encode_utf8(&mut [0; 4]))),
            BRAILLE_BLANK => folded.push(' '),
            blank if blank.is_whitespace() && !blank.is_control() => folded.push(' '),
            other => folded.push(other),
        }
    }
    Cow::Owned(COMPOSED.normalize(folded.trim()).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_looks_the_same_is_the_same() {
        for text in [
            "x1",
            "x1 ",
            "\u{feff}x1",
            "x\u{200b}1",
            "x\u{2060}1",
            "x\u{ad}1",
            "\u{202a}x1\u{202c}",
            "\u{200b} x1\u{3000}",
            "ｘ１",
            "x1\r\n",
            "x\u{fe0f}1",
            "\u{2800}x1\u{2800}",
            "x\u{fff9}1\u{fffb}",
        ] {
            assert_eq!(tidy(text), "x1", "{text:?}");
        }
        assert_eq!(tidy("Zoe\u{308}"), "Zo\u{eb}");
        assert_eq!(tidy("ｶﾞ"), "ガ");
        assert_eq!(tidy("order\u{a0}7"), "order 7");
    }

    #[test]
    fn what_differs_stays_different() {
        for text in ["A/b c", "a/b c", "a/b  c", "x²", "①", "ﬁ", "#1", "张三", "ß", "İ"] {
            assert_eq!(tidy(text), text);
        }
        assert_eq!(
            tidy("a\tb\u{0}"),
            "a\tb\u{0}",
            "control characters are refused, not dropped"
        );
    }

    proptest! {
        #[test]
        fn the_form_is_reached_at_once(text in "(?s:.){0,10}|[\u{ff00}-\u{ffef} \u{300}-\u{36f}\u{2000}-\u{206f}a]{0,8}") {
            let once = tidy(&text).into_owned();
            prop_assert_eq!(tidy(&once), once.clone());
        }
    }
}
