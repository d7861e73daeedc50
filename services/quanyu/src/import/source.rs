//! A file as rows, from any place in it.

mod row;
mod separator;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use fault::Fault;

use self::row::{is_blank, next_line, next_record, told};
use self::separator::{of_listing, unread_separator};
use super::columns;
use super::lines::Lines;
use super::listing::Form;
use super::records::{Records, Trouble};
use super::survey::Survey;

pub(super) use self::row::{Position, Row};
pub(super) use self::separator::{SEPARATORS, separator_name};

/// Rows that follow each other, and what is between them.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) rows: Vec<Row>,
    /// How many blank lines are before, between and, where the file ends, after them.
    pub(super) blank_lines: u64,
    pub(super) end: Position,
}

/// How many rows make a stretch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// A file that is read row by row.
pub(super) struct Source {
    path: PathBuf,
    survey: Survey,
    headers: Vec<String>,
    header_lines: u64,
    /// Where the first row begins.
    start: Position,
    format: Format,
    /// Whether a quoted cell that holds what looks like rows is a cell.
    rows_in_cells: bool,
    /// How many rows were read.
    rows: u64,
    /// A row that was read, and is the first of the next stretch.
    ahead: Option<Row>,
    /// Blank lines since the last row.
    blank_lines: u64,
}

enum Format {
    Csv { records: Records, separator: u8 },
    JsonLines(Lines),
}

impl Source {
    /// A CSV file with a header row. Without a separator the one is taken by which the header has the most fields.
    pub(super) fn csv(
        path: &Path,
        survey: Survey,
        separator: Option<u8>,
        known: impl Fn(&[String]) -> usize,
    ) -> Result<Self, Fault> {
        let mut start = Position {
            byte: survey.mark(),
            ..Position::default()
        };
        let mut lines = Lines::new(survey.open(path, start.byte)?, start.byte, 0);
        let first = lines.next().map_err(|error| unreadable(path, &error))?;
        // Excel may say on a line of its own what the separator is.
        let told = first.as_ref().and_then(|line| match line.bytes.as_slice() {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] => Some((*separator, line.end)),
            _ => None,
        });
        if let Some((_, end)) = told {
            (start.byte, start.line) = (end, 1);
        }
        // What an import has written down has separators of its own, whatever the file itself was said to have.
        let own = first.as_ref().and_then(|line| of_listing(&line.bytes));
        let candidates = match own.or(separator).or(told.map(|(separator, _)| separator)) {
            Some(separator) => vec![separator],
            None => SEPARATORS.to_vec(),
        };
        // A header that cannot be read with one separator may be right with another.
        let mut unread = None;
        let mut best: Option<((usize, usize), Self)> = None;
        for separator in candidates {
            match Self::with_separator(path, survey.clone(), separator, start) {
                Ok(source) => {
                    let score = (known(&source.headers), source.headers.len());
                    if best.as_ref().is_none_or(|(best, _)| score > *best) {
                        best = Some((score, source));
                    }
                }
                Err(fault) => unread = unread.or(Some(fault)),
            }
        }
        match (best, unread) {
            (Some(((0, _), _)) | None, Some(fault)) => Err(fault),
            (Some(((read, _), source)), _) => match unread_separator(&source.headers, read, known) {
                Some(message) => Err(Fault::invalid("file", message)),
                None => Ok(source),
            },
            (None, None) => Err(Fault::internal("there is a separator")),
        }
    }

    fn with_separator(path: &Path, survey: Survey, separator: u8, start: Position) -> Result<Self, Fault> {
        let survey = survey.parted_by(separator);
        let lines = Lines::new(survey.open(path, start.byte)?, start.byte, start.line);
        let mut records = Records::new(lines, separator);
        let mut header_lines = start.line;
        let (headers, start) = loop {
            let Some(record) = records.next().map_err(|error| unreadable(path, &error))? else {
                return Err(Fault::invalid("file", format!("{} has no header row", path.display())));
            };
            header_lines = header_lines.saturating_add(record.line_count());
            if let Some(trouble) = record.trouble {
                let message = format!("the header row (line {}): {}", record.line(), told(trouble));
                return Err(Fault::invalid("file", message));
            }
            if let Some(cell) = record.cell_of_rows(record.cells.len(), separator) {
                let message = format!(
                    "the header row (line {}): {}",
                    record.line(),
                    told(Trouble::OpenQuote(cell))
                );
                return Err(Fault::invalid("file", message));
            }
            let mut headers: Vec<String> = record.cells.iter().map(|cell| survey.text(cell)).collect();
            let named = headers
                .iter()
                .rposition(|header| !kernel::text::tidy(header).is_empty());
            if let Some(last) = named {
                // Spreadsheets write separators for columns that were emptied.
                headers.truncate(last.saturating_add(1));
                let start = Position {
                    byte: record.end(),
                    line: header_lines,
                    row: 0,
                };
                break (headers, start);
            }
        };
        Ok(Self {
            path: path.to_owned(),
            survey,
            headers,
            header_lines,
            start,
            format: Format::Csv { records, separator },
            rows_in_cells: false,
            rows: 0,
            ahead: None,
            blank_lines: 0,
        })
    }

    /// A file with one JSON object a line.
    pub(super) fn json_lines(path: &Path, survey: Survey) -> Result<Self, Fault> {
        let start = Position {
            byte: survey.mark(),
            ..Position::default()
        };
        let lines = Lines::new(survey.open(path, start.byte)?, start.byte, 0);
        Ok(Self {
            path: path.to_owned(),
            survey,
            headers: vec!["line".to_owned()],
            header_lines: 0,
            start,
            format: Format::JsonLines(lines),
            rows_in_cells: false,
            rows: 0,
            ahead: None,
            blank_lines: 0,
        })
    }

    /// Takes a quoted cell that holds what looks like rows for a cell.
    #[must_use]
    pub(super) fn with_rows_in_cells(self, rows_in_cells: bool) -> Self {
        Self { rows_in_cells, ..self }
    }

    pub(super) fn survey(&self) -> &Survey {
        &self.survey
    }

    /// The headers of the columns, as the file has them.
    pub(super) fn headers(&self) -> &[String] {
        &self.headers
    }

    /// How many lines the header has, with what is before it.
    pub(super) fn header_lines(&self) -> u64 {
        self.header_lines
    }

    /// What parts the cells; none where each line is one JSON object.
    pub(super) fn separator(&self) -> Option<u8> {
        match &self.format {
            Format::Csv { separator, .. } => Some(*separator),
            Format::JsonLines(_) => None,
        }
    }

    /// How its rows are written down once more.
    pub(super) fn form(&self) -> Form {
        match &self.format {
            Format::Csv { separator, .. } => Form::Csv {
                headers: self.headers.clone(),
                separator: *separator,
            },
            Format::JsonLines(_) => Form::JsonLines,
        }
    }

    /// Where the first row begins.
    pub(super) fn start(&self) -> Position {
        self.start
    }

    /// Goes to a place that was a row's end before, or to the first row.
    pub(super) fn go_to(&mut self, position: &Position) -> Result<(), Fault> {
        let input = self.survey.open(&self.path, position.byte)?;
        let lines = Lines::new(input, position.byte, position.line);
        match &mut self.format {
            Format::Csv { records, separator } => *records = Records::new(lines, *separator),
            Format::JsonLines(present) => *present = lines,
        }
        (self.rows, self.ahead, self.blank_lines) = (position.row, None, 0);
        Ok(())
    }

    /// The next rows, up to the limits, and further ones as long as they belong to the last one; none at the end.
    pub(super) fn stretch(
        &mut self,
        limits: Limits,
        belong: impl Fn(&Row, &Row) -> bool,
    ) -> Result<Option<Stretch>, Fault> {
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        while let Some(row) = self.row()? {
            let is_full = rows.len() >= limits.rows || bytes >= limits.bytes;
            if is_full
                && rows
                    .last()
                    .is_none_or(|last: &Row| !last.is_bound && !belong(last, &row))
            {
                self.ahead = Some(row);
                break;
            }
            bytes = bytes.saturating_add(row.bytes());
            rows.push(row);
        }
        let at_end = self.ahead.is_none();
        let trailing = if at_end {
            std::mem::take(&mut self.blank_lines)
        } else {
            0
        };
        let blank_lines = rows
            .iter()
            .map(|row: &Row| row.blank_lines)
            .fold(trailing, u64::saturating_add);
        let end = rows.last().map(|row| row.end).unwrap_or_default();
        Ok((!rows.is_empty() || blank_lines > 0).then_some(Stretch { rows, blank_lines, end }))
    }

    /// The next row that is not blank.
    pub(super) fn row(&mut self) -> Result<Option<Row>, Fault> {
        if let Some(row) = self.ahead.take() {
            return Ok(Some(row));
        }
        loop {
            let found = match &mut self.format {
                Format::Csv { records, .. } => next_record(records, &self.survey, &self.headers, self.rows_in_cells),
                Format::JsonLines(lines) => next_line(lines, &self.survey),
            };
            let Some(mut row) = found.map_err(|error| unreadable(&self.path, &error))? else {
                return Ok(None);
            };
            if row.trouble.is_none() && row.cells.iter().all(|cell| is_blank(cell)) {
                self.blank_lines = self.blank_lines.saturating_add(row.line_count);
                continue;
            }
            self.rows = self.rows.saturating_add(1);
            row.number = self.rows;
            row.end.row = self.rows;
            row.blank_lines = std::mem::take(&mut self.blank_lines);
            return Ok(Some(row));
        }
    }
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Fault {
    Fault::invalid("file", format!("{} cannot be read: {error}", path.display()))
}

/// How many of the headers are fields.
pub(super) fn known_fields<'a>(fields: &'a [&'a str], maps: &'a [String]) -> impl Fn(&[String]) -> usize + 'a {
    move |headers| columns::known(headers, fields, maps)
}
