//! Text that lines up: tables, and numbers as people read them.

use std::fmt::Write;

use kernel::Time;

/// Rows of cells; the first column is words and begins at the left, the others are figures and end at the right.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    /// How many columns from the left are words.
    words: usize,
}

impl Table {
    /// A table with headings, whose first columns are words.
    pub(super) fn new<const N: usize>(words: usize, headings: [&str; N]) -> Self {
        Self {
            rows: vec![headings.map(str::to_owned).to_vec()],
            words,
        }
    }

    /// A table without headings.
    pub(super) fn plain(words: usize) -> Self {
        Self {
            rows: Vec::new(),
            words,
        }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// The table, indented, without blanks at the ends of lines.
    pub(super) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::from("  ");
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column == 0 { "" } else { "  " };
                let _ = if column < self.words {
                    write!(line, "{gap}{cell:<width$}")
                } else {
                    write!(line, "{gap}{cell:>width$}")
                };
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    }
}

/// "1,234,567".
pub(super) fn number(value: impl Into<i128>) -> String {
    let value: i128 = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(place);
        if place > 0 && left.checked_rem(3) == Some(0) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// "+20" or "-1,500".
pub(super) fn signed(value: i64) -> String {
    if value > 0 {
        format!("+{}", number(value))
    } else {
        number(value)
    }
}

/// Cents as "$1,234.56".
pub(super) fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    let (whole, rest) = (cents.checked_div(100).unwrap_or(0), cents.checked_rem(100).unwrap_or(0));
    format!("{sign}${}.{rest:02}", number(whole))
}

/// A share as "12.3 %"; a dash where there is no whole.
pub(super) fn share(part: impl Into<i128>, whole: impl Into<i128>) -> String {
    let per_mille = part.into().saturating_mul(1_000).checked_div(whole.into());
    per_mille.map_or_else(
        || "-".to_owned(),
        |share| {
            format!(
                "{}.{} %",
                share.checked_div(10).unwrap_or(0),
                share.checked_rem(10).unwrap_or(0)
            )
        },
    )
}

/// The day of a moment; a dash where there is none.
pub(super) fn day(time: Option<&prost_types::Timestamp>) -> String {
    let datetime = time.and_then(Time::from_wire).and_then(Time::to_datetime);
    datetime.map_or_else(|| "-".to_owned(), |datetime| datetime.date().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_and_figures_end_in_line() {
        let mut table = Table::new(1, ["shop", "orders"]);
        table.row(["tmall".to_owned(), number(1_234)]);
        table.row(["pos".to_owned(), number(5)]);
        assert_eq!(table.text(), "  shop   orders\n  tmall   1,234\n  pos         5\n");
    }

    #[test]
    fn numbers_are_as_people_read_them() {
        assert_eq!(
            [number(0), number(999), number(-1_000), number(1_234_567)],
            ["0", "999", "-1,000", "1,234,567"]
        );
        assert_eq!([dollars(5), dollars(-250_031_563)], ["$0.05", "-$2,500,315.63"]);
        assert_eq!([share(1, 3), share(1, 0), share(7, 7)], ["33.3 %", "-", "100.0 %"]);
        assert_eq!([signed(5), signed(-5), signed(0)], ["+5", "-5", "0"]);
        assert_eq!(
            day(Some(&prost_types::Timestamp {
                seconds: 852_076_800,
                nanos: 0
            })),
            "1997-01-01"
        );
    }
}
