//! A row: how it is read, and why it cannot be.

use serde::{Deserialize, Serialize};

use super::super::lines::{Lines, ROW_BYTES_MAX};
use super::super::records::{Record, Records, Trouble};
use super::super::survey::Survey;

/// A place between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Position {
    /// How many bytes are before it; of UTF-16, as if it were UTF-8.
    pub(in super::super) byte: u64,
    /// How many lines are before it; a row of CSV may have several.
    pub(in super::super) line: u64,
    /// How many rows are before it, without the header and blank ones.
    pub(in super::super) row: u64,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Row {
    /// Counted from 1, without the header and blank rows.
    pub(in super::super) number: u64,
    /// The number of its first line in the file.
    pub(in super::super) line: u64,
    pub(in super::super) line_count: u64,
    /// How many blank lines are before it.
    pub(in super::super) blank_lines: u64,
    /// The cells, one for each column, or the one line of JSON; of a row in trouble as far as they can be told apart.
    pub(in super::super) cells: Vec<String>,
    /// Why it cannot be read.
    pub(in super::super) trouble: Option<String>,
    /// Whether the next one was found in the same pair of quotes: a stretch does not end between them.
    pub(in super::super) is_bound: bool,
    /// Where the next one begins.
    pub(in super::super) end: Position,
}

impl Row {
    /// How much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.cells.iter().map(String::len).fold(0, usize::saturating_add)
    }
}

pub(super) fn next_record(
    records: &mut Records,
    survey: &Survey,
    headers: &[String],
    rows_in_cells: bool,
) -> std::io::Result<Option<Row>> {
    let Some(record) = records.next()? else { return Ok(None) };
    let row = row_of(&record, survey, headers);
    let Ok(row) = row else {
        // A row that has the wrong cells and several lines is rather an open quote: the lines after it may be right.
        let record = if record.line_count() > 1 && record.trouble.is_none() {
            records.part(record)
        } else {
            Some(record)
        };
        return Ok(record.map(|record| row_of(&record, survey, headers).unwrap_or_else(|wrong| wrong)));
    };
    let cell = record.cell_of_rows(headers.len(), records.separator());
    let Some(cell) = cell.filter(|_| !rows_in_cells) else {
        return Ok(Some(row));
    };
    let first = records.apart(record, cell);
    Ok(first.map(|record| row_of(&record, survey, headers).unwrap_or_else(|wrong| wrong)))
}

/// The row, or the row in trouble because of the number of its cells.
fn row_of(record: &Record, survey: &Survey, headers: &[String]) -> Result<Row, Row> {
    let mut cells: Vec<String> = record.cells.iter().map(|cell| survey.text(cell)).collect();
    let found = cells.len();
    let named = |cell: usize| {
        headers.get(cell).map_or_else(
            || format!("cell {}", cell.saturating_add(1)),
            |header| header.trim().to_owned(),
        )
    };
    let mut trouble = record.trouble.map(|trouble| match trouble {
        Trouble::OpenQuote(cell) | Trouble::StrayQuote(cell) | Trouble::RowsInQuotes { cell, .. } => {
            format!("{}: {}", named(cell), told(trouble))
        }
        Trouble::TooLong(_) => told(trouble),
    });
    let is_empty = cells.iter().all(|cell| is_blank(cell));
    let surplus = cells.iter().skip(headers.len()).any(|cell| !is_blank(cell));
    let is_misfit = trouble.is_none() && !is_empty && (found < headers.len() || surplus);
    if is_misfit {
        trouble = Some(format!(
            "the row has {found} cells, but the header has {}: a separator is missing, or one stands within a cell that \
             is not in quotes",
            headers.len()
        ));
    }
    if !surplus && !is_misfit {
        cells.resize(headers.len(), String::new());
    }
    let row = Row {
        number: 0,
        line: record.line(),
        line_count: record.line_count(),
        blank_lines: 0,
        cells,
        trouble,
        is_bound: record.is_bound,
        end: Position {
            byte: record.end(),
            line: record.line().saturating_add(record.line_count()).saturating_sub(1),
            row: 0,
        },
    };
    if is_misfit { Err(row) } else { Ok(row) }
}

pub(super) fn next_line(lines: &mut Lines, survey: &Survey) -> std::io::Result<Option<Row>> {
    let Some(line) = lines.next()? else { return Ok(None) };
    let text = survey.text(&line.bytes);
    let is_lost = text.contains(char::REPLACEMENT_CHARACTER);
    let trouble = match (line.is_cut(), is_lost) {
        (true, _) => Some(told(Trouble::TooLong(line.length))),
        (false, true) => Some(format!(
            "the line is not in {}: a letter is lost",
            survey.encoding.name()
        )),
        (false, false) => None,
    };
    Ok(Some(Row {
        number: 0,
        line: line.number,
        line_count: 1,
        blank_lines: 0,
        cells: vec![text.trim().to_owned()],
        trouble,
        is_bound: false,
        end: Position {
            byte: line.end,
            line: line.number,
            row: 0,
        },
    }))
}

pub(super) fn told(trouble: Trouble) -> String {
    match trouble {
        Trouble::OpenQuote(_) => "a quote opens and does not close where the cell ends: close it, or write two quotes for one \
                                  within a cell that is in quotes"
            .to_owned(),
        Trouble::StrayQuote(_) => {
            "the cell ends in a quote that does not open: open it, or write the cell in quotes and each quote within it twice"
                .to_owned()
        }
        Trouble::RowsInQuotes { first, last, .. } => format!(
            "lines {first} to {last} stand in one pair of quotes and look like rows: remove the quotes, or, where these lines \
             are the text of one cell, import the file again with --rows-in-cells"
        ),
        Trouble::TooLong(length) => format!("the line has {length} bytes, but a row has at most {ROW_BYTES_MAX}"),
    }
}

pub(super) fn is_blank(cell: &str) -> bool {
    cell.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

#[cfg(test)]
impl Row {
    /// The seventh row of a file.
    pub(in super::super) fn of(cells: &[&str]) -> Self {
        Self {
            number: 7,
            line: 8,
            line_count: 1,
            blank_lines: 0,
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            trouble: None,
            is_bound: false,
            end: Position::default(),
        }
    }
}
