//! Columns of ids that a spreadsheet has rounded and then written out in full.
//!
//! A spreadsheet keeps fifteen digits of a number. In scientific notation that shows in each cell; written out, the number
//! ends in zeros from its sixteenth digit on, and may be an id. A column whose long numbers all end so is no chance.

use std::collections::{BTreeMap, BTreeSet};

use fault::{Fault, Violations};
use kernel::text::{TextError, tidy};

use super::columns::Columns;
use super::source::Source;

/// A spreadsheet keeps so many.
const DIGITS_KEPT: usize = 15;
/// So many rows with two zeros or more are no chance, if they hold the same number, too: ids that follow each other become one.
const LONG_MIN: u64 = 2;
/// So many different numbers with one zero are none: one column of a hundred million has them.
const SHORT_MIN: usize = 8;

/// The long numbers of a column.
#[derive(Debug, Default)]
struct Numbers {
    /// Different ones of sixteen digits; no more of them than tell.
    short: BTreeSet<String>,
    /// How many rows have one of more digits.
    long: u64,
    /// Whether one of sixteen digits, or of more, has another digit than zero from the sixteenth on.
    is_short_exact: bool,
    is_long_exact: bool,
    first: Option<(u64, String)>,
}

impl Numbers {
    fn add(&mut self, line: u64, cell: &str) {
        let number = tidy(cell);
        if number.len() <= DIGITS_KEPT || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return;
        }
        let is_rounded = number.bytes().skip(DIGITS_KEPT).all(|byte| byte == b'0');
        let is_long = number.len() > DIGITS_KEPT.saturating_add(1);
        match (is_long, is_rounded) {
            (true, false) => self.is_long_exact = true,
            (false, false) => self.is_short_exact = true,
            (true, true) => self.long = self.long.saturating_add(1),
            (false, true) if self.short.len() < SHORT_MIN => drop(self.short.insert(number.clone().into_owned())),
            (false, true) => {}
        }
        if is_rounded && self.first.is_none() {
            self.first = Some((line, number.into_owned()));
        }
    }

    /// Where the first number stands of a column that was rounded.
    fn rounded(self) -> Option<(u64, String)> {
        let is_long = !self.is_long_exact && self.long >= LONG_MIN;
        let is_short = !self.is_long_exact && !self.is_short_exact && self.short.len() >= SHORT_MIN;
        self.first.filter(|_| is_long || is_short)
    }
}

/// Reads a file through, and stops where a column of ids was rounded: nobody can tell whose the numbers were. Columns that
/// `trusted` names are taken as they are.
pub(super) fn check(source: &mut Source, columns: &Columns, ids: &[&str], trusted: &[String]) -> Result<(), Fault> {
    let headed = columns
        .headed(ids)
        .filter(|(_, header)| !Columns::is_named(header, trusted));
    let mut numbers: BTreeMap<&str, Numbers> = headed.map(|(field, _)| (field, Numbers::default())).collect();
    while let Some(row) = source.row()? {
        for (field, numbers) in numbers.iter_mut().filter(|_| row.trouble.is_none()) {
            if let Some(cell) = columns.get(&row, field) {
                numbers.add(row.line, cell);
            }
        }
    }
    source.go_to(&source.start())?;
    let mut violations = Violations::new();
    for (field, numbers) in numbers {
        if let Some((line, number)) = numbers.rounded() {
            let message = format!(
                "{}: each of its long numbers ends in zeros from the sixteenth digit on, the first one is {number} on line \
                 {line}: {}; if the numbers are right, say --not-rounded with the column's header",
                columns.called(field),
                TextError::Rounded
            );
            violations.add("file", message);
        }
    }
    violations.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(cells: &[&str]) -> Option<u64> {
        let mut numbers = Numbers::default();
        (2..).zip(cells).for_each(|(line, cell)| numbers.add(line, cell));
        numbers.rounded().map(|(line, _)| line)
    }

    #[test]
    fn a_column_of_which_all_long_numbers_end_in_zeros_was_rounded() {
        let long = ["u1", "622203001234567000", "", "622203009876543000", "17"];
        assert_eq!(rounded(&long), Some(3));
        assert_eq!(rounded(&["12345678901234500", "62220300123456700000"]), Some(2));
        assert_eq!(
            rounded(&["622203123456780000", "622203123456780000"]),
            Some(2),
            "two that follow each other have become one"
        );
        let short: Vec<String> = (0..8).map(|n| format!("62220300123456{n}0")).collect();
        let short: Vec<&str> = short.iter().map(String::as_str).collect();
        assert_eq!(rounded(&short), Some(2), "sixteen digits, eight times");
        assert_eq!(
            rounded(&[" 622203001234567000 ", "６２２２０３００９８７６５４３０００"]),
            Some(2)
        );
    }

    #[test]
    fn numbers_of_which_one_is_exact_and_one_alone_were_not() {
        assert_eq!(rounded(&["622203001234567000"]), None, "one may be an id");
        assert_eq!(
            rounded(&["622203001234567000", "622203009876543000", "622203009876543001"]),
            None
        );
        assert_eq!(rounded(&["A622203001234567000", "A622203009876543000"]), None);
        let mut short: Vec<String> = (0..8).map(|n| format!("62220300123456{n}0")).collect();
        short[7] = "6222030012345671".to_owned();
        assert_eq!(rounded(&short.iter().map(String::as_str).collect::<Vec<_>>()), None);
        assert_eq!(
            rounded(&["6222030012345670", "6222030012345680"]),
            None,
            "two of ten numbers end so"
        );
    }
}
