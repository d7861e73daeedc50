//! Days, in whatever order they are written; also those that no calendar has, which are slips of somebody's pen.

use super::{Value, is_han};

/// A day as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// The year.
    pub year: u16,
    /// The month, which may be none: 0 to 99.
    pub month: u8,
    /// The day of the month, which may be none: 0 to 99.
    pub day: u8,
}

/// Of years with two digits, those from here on were in the last century.
const LAST_CENTURY_FROM: u16 = 30;
/// What systems write where they know no birthday.
const NOBODY_S: [Day; 5] = [
    Day::of(1, 1, 1),
    Day::of(1900, 1, 1),
    Day::of(1970, 1, 1),
    Day::of(9999, 12, 31),
    Day::of(0, 0, 0),
];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

impl Day {
    const fn of(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// Reads a day: with the year first or last, the day before the month or, where only that can be, behind it; with digits
    /// alone; with the month's English name. A time behind it is left out.
    pub fn read(text: &str) -> Option<Self> {
        let folded = super::fold(text);
        let date = without_time(&folded);
        let parts = parts(date);
        match parts.as_slice() {
            [Part::Number(digits)] => Self::of_digits(digits),
            [Part::Number(one), Part::Number(two), Part::Number(three)] => Self::of_numbers(one, two, three),
            [Part::Number(day), Part::Month(month), Part::Number(year)]
            | [Part::Month(month), Part::Number(day), Part::Number(year)] => {
                let (day, year) = if day.len() > 2 { (year, day) } else { (day, year) };
                Some(Self::of(self::year(year)?, *month, small(day)?))
            }
            _ => None,
        }
    }

    /// Whether some calendar has it.
    pub fn is_possible(self) -> bool {
        let is_leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let days = match self.month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        self.year > 0 && (1..=days).contains(&self.day)
    }

    fn of_digits(digits: &str) -> Option<Self> {
        let part = |from: usize, to: usize| digits.get(from..to);
        match digits.len() {
            8 => {
                let year_first = Self::of(year(part(0, 4)?)?, small(part(4, 6)?)?, small(part(6, 8)?)?);
                let year_last = Self::of(year(part(4, 8)?)?, small(part(2, 4)?)?, small(part(0, 2)?)?);
                let turned = Self::of(year_last.year, year_last.day, year_last.month);
                let orders = [year_first, year_last, turned];
                // Of impossible days the year that stands first is the likelier one.
                Some(orders.into_iter().find(|day| day.is_likely()).unwrap_or(year_first))
            }
            6 => Some(Self::of(year(part(0, 2)?)?, small(part(2, 4)?)?, small(part(4, 6)?)?)),
            _ => None,
        }
    }

    fn of_numbers(one: &str, two: &str, three: &str) -> Option<Self> {
        if one.len() > 2 {
            return Some(Self::of(year(one)?, small(two)?, small(three)?));
        }
        let day_first = Self::of(year(three)?, small(two)?, small(one)?);
        let month_first = Self::of(day_first.year, day_first.day, day_first.month);
        Some(if !day_first.is_possible() && month_first.is_possible() {
            month_first
        } else {
            day_first
        })
    }

    /// Whether somebody who lives may have been born then.
    fn is_likely(self) -> bool {
        self.is_possible() && (1850..=2100).contains(&self.year)
    }
}

enum Part {
    Number(String),
    Month(u8),
}

/// Numbers and months; words that are neither end it.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let is_between = |c: char| !c.is_alphanumeric() || is_han(c);
    for word in text.split(is_between).filter(|word| !word.is_empty()) {
        let number = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            parts.push(Part::Number(word.to_owned()));
        } else if let Some(month) = month(word) {
            parts.push(Part::Month(month));
        } else if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            parts.push(Part::Number(number.to_owned()));
        } else {
            return Vec::new();
        }
    }
    parts
}

fn month(word: &str) -> Option<u8> {
    let head = word.get(..3)?;
    let place = MONTHS.iter().position(|month| *month == head && word.is_ascii())?;
    u8::try_from(place).ok()?.checked_add(1)
}

fn without_time(text: &str) -> &str {
    let text = text.trim();
    let is_time = |rest: &str| rest.contains(':');
    match text.split_once(['t', ' ']) {
        Some((date, rest)) if is_time(rest) && date.len() >= 6 => date,
        _ => text,
    }
}

fn year(digits: &str) -> Option<u16> {
    let year: u16 = digits.parse().ok().filter(|_| digits.len() <= 4)?;
    match digits.len() {
        1 | 2 if year >= LAST_CENTURY_FROM => year.checked_add(1_900),
        1 | 2 => year.checked_add(2_000),
        _ => Some(year),
    }
}

fn small(digits: &str) -> Option<u8> {
    digits.parse().ok().filter(|_| digits.len() <= 2)
}

pub(super) fn value(folded: &str) -> Option<Value> {
    let day = Day::read(folded);
    match day {
        Some(day) if NOBODY_S.contains(&day) => None,
        Some(Day { year, month, day }) => Value::plain(format!("{year:04}{month:02}{day:02}")),
        // A date that cannot be read is compared digit by digit.
        None => Value::plain(folded.chars().filter(char::is_ascii_digit).collect()),
    }
}
