//! The rows of a CSV file by RFC 4180, and what is wrong with those that are none.
//!
//! The crate `csv` reads whatever it gets: a quote that never closes swallows the rest of the file in silence. Here a quote
//! that does not close properly costs the one line that opens it, and reading goes on with the next line. That such a quote
//! is found soon follows from well-formed cells: the next one that is quoted begins with a quote, which would close the open
//! one, and then text follows where a separator must.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::Result;

use memchr::memchr;

use super::lines::{Line, Lines, ROW_BYTES_MAX};

/// No cell has more lines.
const ROW_LINES_MAX: usize = 1_000;

/// A row of a file.
#[derive(Debug)]
pub(super) struct Record {
    /// As they stand in the file, without the quotes around them; of a row in trouble as far as they can be told apart.
    pub(super) cells: Vec<Vec<u8>>,
    pub(super) trouble: Option<Trouble>,
    /// Whether the next one was found in the same pair of quotes.
    pub(super) is_bound: bool,
    /// Never empty.
    lines: Vec<Line>,
}

/// Why lines are no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A quote opens in a cell (counted from 0) and does not close where a cell may end.
    OpenQuote(usize),
    /// A cell ends in a quote that nothing has opened.
    StrayQuote(usize),
    /// A quoted cell holds what looks like whole rows, on these lines.
    RowsInQuotes { cell: usize, first: u64, last: u64 },
    /// It has so many bytes.
    TooLong(u64),
}

impl Record {
    /// The number of its first line.
    pub(super) fn line(&self) -> u64 {
        self.lines.first().map_or(0, |line| line.number)
    }

    /// How many lines it has.
    pub(super) fn line_count(&self) -> u64 {
        u64::try_from(self.lines.len()).unwrap_or(u64::MAX)
    }

    /// The cell that holds what looks like whole rows of a table with so many columns: a pair of stray quotes, some rows
    /// apart, makes one cell of all that is between them.
    ///
    /// Of a row that was swallowed each line has the cells of a row. So the cell's first line must have them, together with
    /// what stands before it, and at least half of its other lines, blank ones aside. Text that merely has a separator
    /// here and there does not; where a table has two columns and each line of a text one comma, nobody can tell.
    pub(super) fn cell_of_rows(&self, columns: usize, separator: u8) -> Option<usize> {
        if self.lines.len() < 2 || columns < 2 {
            return None;
        }
        let is_row = |before: usize, text: &[u8], after: &[Vec<u8>]| {
            let parts = text
                .split(|byte| *byte == separator)
                .chain(after.iter().map(Vec::as_slice));
            let parts: Vec<&[u8]> = parts.collect();
            let surplus = columns.saturating_sub(before);
            before.saturating_add(parts.len()) >= columns && parts.iter().skip(surplus).all(|part| is_blank(part))
        };
        (0..self.cells.len()).find(|at| {
            let (Some(cell), Some(after)) = (self.cells.get(*at), self.cells.get(at.saturating_add(1)..)) else {
                return false;
            };
            let lines: Vec<&[u8]> = cell.split(|byte| matches!(byte, b'\n' | b'\r')).collect();
            let [first, middle @ .., last] = lines.as_slice() else {
                return false;
            };
            let middle: Vec<&[u8]> = middle.iter().copied().filter(|line| !is_blank(line)).collect();
            let others = middle.len().saturating_add(1);
            let rows = middle.iter().filter(|line| is_row(0, line, &[])).count();
            let rows = rows.saturating_add(usize::from(is_row(0, last, after)));
            is_row(*at, first, &[]) && rows.saturating_mul(2) >= others
        })
    }

    /// Where the next one begins.
    pub(super) fn end(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.end)
    }
}

/// The rows of a file.
pub(super) struct Records {
    lines: Lines,
    separator: u8,
    /// Lines that were found in one pair of quotes.
    apart: VecDeque<Record>,
}

impl Records {
    pub(super) fn new(lines: Lines, separator: u8) -> Self {
        Self {
            lines,
            separator,
            apart: VecDeque::new(),
        }
    }

    /// What parts the cells.
    pub(super) fn separator(&self) -> u8 {
        self.separator
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>> {
        if let Some(record) = self.apart.pop_front() {
            return Ok(Some(record));
        }
        let Some(first) = self.lines.next()? else {
            return Ok(None);
        };
        if first.is_cut() {
            let trouble = Trouble::TooLong(first.length);
            return Ok(Some(self.alone(first, trouble)));
        }
        let mut cells = Cells::default();
        let mut end = cells.feed(&first, self.separator);
        let (mut bytes, mut lines) = (first.bytes.len(), vec![first]);
        while end == End::Open {
            let next = self.lines.next()?;
            let fits = bytes <= ROW_BYTES_MAX && lines.len() < ROW_LINES_MAX;
            match next {
                Some(line) if fits && !line.is_cut() => {
                    end = cells.feed(&line, self.separator);
                    bytes = bytes.saturating_add(line.bytes.len());
                    lines.push(line);
                }
                other => {
                    lines.extend(other);
                    end = End::Trouble(Trouble::OpenQuote(cells.done.len()));
                }
            }
        }
        match end {
            End::Trouble(trouble) => Ok(self.first_alone(lines, trouble)),
            End::Row | End::Open => Ok(Some(Record {
                cells: cells.done,
                trouble: None,
                is_bound: false,
                lines,
            })),
        }
    }

    /// Takes a row of several lines back, because its cells are not those of a row: a quote that opens in its first line
    /// has met another one by accident. The first line is answered by itself; the others come next.
    pub(super) fn part(&mut self, record: Record) -> Option<Record> {
        let open = record.lines.first().map(|line| {
            let mut cells = Cells::default();
            cells.feed(line, self.separator);
            cells.done.len()
        });
        self.first_alone(record.lines, Trouble::OpenQuote(open.unwrap_or(0)))
    }

    /// Answers each line of a row by itself, as it stands in the file, because one of its cells holds what looks like whole
    /// rows. None of them is taken: whether they are rows, or the text of a cell, is for people to say.
    pub(super) fn apart(&mut self, record: Record, cell: usize) -> Option<Record> {
        let trouble = Trouble::RowsInQuotes {
            cell,
            first: record.line(),
            last: record.line().saturating_add(record.line_count()).saturating_sub(1),
        };
        let count = record.lines.len();
        for (place, line) in (1..).zip(record.lines) {
            let is_blank = is_blank(&line.bytes);
            let alone = self.alone(line, trouble);
            self.apart.push_back(Record {
                trouble: alone.trouble.filter(|_| !is_blank),
                is_bound: place < count,
                ..alone
            });
        }
        self.apart.pop_front()
    }

    fn first_alone(&mut self, lines: Vec<Line>, trouble: Trouble) -> Option<Record> {
        let mut lines = lines.into_iter();
        let first = lines.next()?;
        self.lines.give_back(lines);
        Some(self.alone(first, trouble))
    }

    fn alone(&self, line: Line, trouble: Trouble) -> Record {
        Record {
            cells: line
                .bytes
                .split(|byte| *byte == self.separator)
                .map(<[u8]>::to_vec)
                .collect(),
            trouble: Some(trouble),
            is_bound: false,
            lines: vec![line],
        }
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The line ends a row.
    Row,
    /// The line ends within a quoted cell.
    Open,
    Trouble(Trouble),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing of the cell has come, or blanks.
    #[default]
    Begin,
    Bare,
    Quoted,
    /// A quote has come that closes the cell, or is the first half of a quote within it.
    Closed,
    /// Blanks have come after the quote that closes.
    Past,
}

/// The cells of the row that is being read.
#[derive(Debug, Default)]
struct Cells {
    done: Vec<Vec<u8>>,
    cell: Vec<u8>,
    state: State,
}

impl Cells {
    fn feed(&mut self, line: &Line, separator: u8) -> End {
        if self.state == State::Begin && memchr(b'"', &line.bytes).is_none() {
            self.done
                .extend(line.bytes.split(|byte| *byte == separator).map(<[u8]>::to_vec));
            return End::Row;
        }
        for byte in &line.bytes {
            let outcome = self.byte(*byte, separator);
            if let Err(trouble) = outcome {
                return End::Trouble(trouble);
            }
        }
        match self.state {
            State::Quoted => {
                self.cell.extend_from_slice(line.ending);
                End::Open
            }
            State::Begin | State::Bare | State::Closed | State::Past => match self.finish() {
                Ok(()) => End::Row,
                Err(trouble) => End::Trouble(trouble),
            },
        }
    }

    fn byte(&mut self, byte: u8, separator: u8) -> std::result::Result<(), Trouble> {
        match (self.state, byte) {
            (State::Quoted, b'"') => self.state = State::Closed,
            (State::Quoted, byte) => self.cell.push(byte),
            (_, byte) if byte == separator => return self.finish(),
            (State::Begin, b'"') => {
                self.cell.clear();
                self.state = State::Quoted;
            }
            (State::Begin, b' ' | b'\t') | (State::Bare, _) => self.cell.push(byte),
            (State::Begin, byte) => {
                self.cell.push(byte);
                self.state = State::Bare;
            }
            (State::Closed, b'"') => {
                self.cell.push(byte);
                self.state = State::Quoted;
            }
            (State::Closed | State::Past, b' ' | b'\t') => self.state = State::Past,
            (State::Closed | State::Past, _) => return Err(Trouble::OpenQuote(self.done.len())),
        }
        Ok(())
    }

    fn finish(&mut self) -> std::result::Result<(), Trouble> {
        let cell = std::mem::take(&mut self.cell);
        let state = std::mem::take(&mut self.state);
        if state == State::Bare && cell.ends_with(b"\"") && memchr(b'"', &cell) == cell.len().checked_sub(1) {
            return Err(Trouble::StrayQuote(self.done.len()));
        }
        self.done.push(cell);
        Ok(())
    }
}
