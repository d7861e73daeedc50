//! What has become of the lines of a file.

use serde::{Deserialize, Serialize};

/// Rows, and the lines on which they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many rows.
    pub rows: u64,
    /// How many lines they have.
    pub lines: u64,
}

/// Every line of a file, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Lines of the header.
    pub header_lines: u64,
    /// Lines without anything on them, or with separators only.
    pub blank_lines: u64,
    /// Imported by this import.
    pub imported: Count,
    /// Imported before, by an earlier import, an earlier run or an earlier row.
    pub repeated: Count,
    /// Not imported.
    pub rejected: Count,
    /// Those of the imported rows of which something was left out.
    pub noted_rows: u64,
}

impl Figures {
    /// How many lines are accounted for.
    pub fn lines(&self) -> u64 {
        [
            self.header_lines,
            self.blank_lines,
            self.imported.lines,
            self.repeated.lines,
            self.rejected.lines,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// How many rows came.
    pub fn rows(&self) -> u64 {
        [self.imported, self.repeated, self.rejected]
            .into_iter()
            .fold(0, |sum, count| sum.saturating_add(count.rows))
    }
}

impl Count {
    /// One more row, on so many lines.
    pub(super) fn add(&mut self, lines: u64) {
        self.rows = self.rows.saturating_add(1);
        self.lines = self.lines.saturating_add(lines);
    }
}
