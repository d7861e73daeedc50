//! What speaks for GBK: that the bytes come in its pairs, and that the pairs are characters which people write.

use std::fmt;
use std::ops::RangeInclusive;

/// The first bytes of the characters that are written every day, the first level of GB 2312.
const COMMON: RangeInclusive<u8> = 0xb0..=0xd7;
/// The first bytes of punctuation and of wide letters and digits.
const SIGNS: RangeInclusive<u8> = 0xa1..=0xa3;
/// The second bytes of all of them.
const SECOND: RangeInclusive<u8> = 0xa1..=0xfe;
/// The first bytes of a pair of GBK, and its second bytes.
const FIRST_OF_ANY: RangeInclusive<u8> = 0x81..=0xfe;
const SECOND_OF_ANY: RangeInclusive<u8> = 0x40..=0xfe;
const NO_SECOND: u8 = 0x7f;
/// The second bytes of the characters of four bytes that GB 18030 has besides: a digit, and then such a pair once more.
const OF_FOUR: RangeInclusive<u8> = b'0'..=b'9';
/// So many pairs are no accident.
const PAIRS_MIN: u64 = 8;
/// Among so many of them one place may be broken, and one may be no common character: behind a broken byte the pairs of its cell
/// are others.
const PAIRS_TO_BROKEN: u64 = 8;
const PAIRS_TO_RARE: u64 = 3;

/// A place that is in none of the encodings that are tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken {
    pub(super) line: u64,
    /// The byte within the line, from 1.
    pub(super) byte: u64,
    pub(super) value: u8,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, byte, value } = self;
        write!(f, "line {line} (byte {byte} of the line, 0x{value:02X})")
    }
}

/// The pairs of bytes that a file is made of.
#[derive(Debug, Default)]
pub(super) struct Hanzi {
    pairs: u64,
    common: u64,
    broken_count: u64,
    /// The first place that is no pair.
    pub(super) broken: Option<Broken>,
    /// The first byte of a pair, with its place.
    first: Option<Broken>,
    /// Whether the byte before was a letter of ASCII, and whether one has ever stood beside a pair.
    after_letter: bool,
    beside_letters: bool,
    after_pair: bool,
    lines: u64,
    line_bytes: u64,
}

impl Hanzi {
    pub(super) fn add(&mut self, part: &[u8]) {
        if part.is_ascii() && self.first.is_none() {
            self.pass_over(part);
            return;
        }
        for &value in part {
            self.line_bytes = self.line_bytes.saturating_add(1);
            self.byte(value);
            if value == b'\n' {
                (self.lines, self.line_bytes) = (self.lines.saturating_add(1), 0);
            }
        }
    }

    /// The same of ASCII, faster.
    fn pass_over(&mut self, part: &[u8]) {
        let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        self.beside_letters |= self.after_pair && is_letter(part.first());
        (self.after_letter, self.after_pair) = (is_letter(part.last()), false);
        let ends = memchr::memchr_iter(b'\n', part).count();
        self.lines = self.lines.saturating_add(u64::try_from(ends).unwrap_or(0));
        let begins = memchr::memrchr(b'\n', part).map(|last| last.saturating_add(1));
        self.line_bytes = if begins.is_some() { 0 } else { self.line_bytes };
        let rest = part.len().saturating_sub(begins.unwrap_or(0));
        self.line_bytes = self.line_bytes.saturating_add(u64::try_from(rest).unwrap_or(0));
    }

    fn byte(&mut self, value: u8) {
        if let Some(first) = self.first.take() {
            if SECOND_OF_ANY.contains(&value) && value != NO_SECOND {
                self.pair(first.value, value);
                return;
            }
            if OF_FOUR.contains(&value) {
                // The second half is a pair of its own that begins alike.
                self.after_pair = true;
                return;
            }
            self.note_broken(first);
        }
        if value.is_ascii() {
            let is_letter = value.is_ascii_alphabetic();
            self.beside_letters |= self.after_pair && is_letter;
            (self.after_letter, self.after_pair) = (is_letter, false);
            return;
        }
        let here = Broken {
            line: self.lines.saturating_add(1),
            byte: self.line_bytes,
            value,
        };
        if FIRST_OF_ANY.contains(&value) {
            self.first = Some(here);
        } else {
            self.note_broken(here);
        }
    }

    fn pair(&mut self, first: u8, second: u8) {
        self.pairs = self.pairs.saturating_add(1);
        let is_common = (COMMON.contains(&first) || SIGNS.contains(&first)) && SECOND.contains(&second);
        self.common = self.common.saturating_add(u64::from(is_common));
        self.beside_letters |= self.after_letter;
        (self.after_letter, self.after_pair) = (false, true);
    }

    fn note_broken(&mut self, place: Broken) {
        self.broken_count = self.broken_count.saturating_add(1);
        self.broken = self.broken.or(Some(place));
        self.after_pair = false;
    }

    /// The file ends.
    pub(super) fn end(&mut self) {
        if let Some(first) = self.first.take() {
            self.note_broken(first);
        }
    }

    /// Whether all that is beyond ASCII is common characters that stand by themselves, as no accents within a word do.
    pub(super) fn are_all(&self) -> bool {
        self.pairs > 0 && self.common == self.pairs && self.broken_count == 0 && !self.beside_letters
    }

    /// The same but for some places that are broken.
    pub(super) fn are_nearly_all(&self) -> bool {
        let rare = self.pairs.saturating_sub(self.common);
        self.pairs >= PAIRS_MIN
            && self.broken_count.saturating_mul(PAIRS_TO_BROKEN) <= self.pairs
            && rare.saturating_mul(PAIRS_TO_RARE) <= self.pairs
    }
}
