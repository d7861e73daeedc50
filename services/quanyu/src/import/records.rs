//! The rows of a CSV file by RFC 4180, and what is wrong with those that are none.
//!
//! The crate `csv` reads whatever it gets: a quote that never closes swallows the rest of the file in silence. Here a quote
//! that does not close properly costs the one line that opens it, and reading goes on with the next line. That such a quote
//! is found soon follows from well-formed cells: the next one that is quoted begins with a quote, which would close the open
//! one, and then text follows where a separator must.

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

    /// Where the next one begins.
    pub(super) fn end(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.end)
    }
}

/// The rows of a file.
pub(super) struct Records {
    lines: Lines,
    separator: u8,
}

impl Records {
    pub(super) fn new(lines: Lines, separator: u8) -> Self {
        Self { lines, separator }
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>> {
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
            lines: vec![line],
        }
    }
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

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use proptest::prelude::*;

    use super::*;

    fn records(bytes: &[u8]) -> Records {
        Records::new(Lines::new(Box::new(std::io::Cursor::new(bytes.to_vec())), 0, 0), b',')
    }

    /// The rows as text, and the troubles by the numbers of their lines.
    fn read(bytes: &[u8]) -> (Vec<Vec<String>>, Vec<(u64, Trouble)>) {
        let (mut records, mut rows, mut troubles) = (records(bytes), Vec::new(), Vec::new());
        while let Some(record) = records.next().unwrap() {
            match record.trouble {
                Some(trouble) => troubles.push((record.line(), trouble)),
                None => rows.push(
                    record
                        .cells
                        .into_iter()
                        .map(|cell| String::from_utf8(cell).unwrap())
                        .collect(),
                ),
            }
        }
        (rows, troubles)
    }

    #[test]
    fn an_open_quote_costs_its_own_line() {
        let mut text = "id,name\n".to_owned();
        for row in 1..=1_000 {
            let name = if row == 4 { "\"Li" } else { "Li" };
            writeln!(text, "{row},{name}").unwrap();
        }
        let (rows, troubles) = read(text.as_bytes());
        assert_eq!((rows.len(), troubles), (1_000, vec![(5, Trouble::OpenQuote(1))]));
    }

    #[test]
    fn quotes_are_taken_where_they_mean_something_and_told_where_they_do_not() {
        for (text, cells) in [
            (r#"a,"b","c""d""#, vec!["a", "b", "c\"d"]),
            (r#"a, "b" ,c"#, vec!["a", "b", "c"]),
            (r#"a,5" disk,c"#, vec!["a", "5\" disk", "c"]),
            (r#"a,Li "Tom" Lei,"""""#, vec!["a", "Li \"Tom\" Lei", "\""]),
            ("a,\"two\r\nlines\",", vec!["a", "two\r\nlines", ""]),
            (r#""","#, vec!["", ""]),
        ] {
            assert_eq!(
                read(text.as_bytes()),
                (vec![cells.iter().map(|cell| (*cell).to_owned()).collect()], vec![]),
                "{text}"
            );
        }
        for (text, trouble) in [
            (r#"a,"b"c"#, Trouble::OpenQuote(1)),
            (r#"a,b",c"#, Trouble::StrayQuote(1)),
            (r#"a,b,c""#, Trouble::StrayQuote(2)),
            (r#"a,""#, Trouble::OpenQuote(1)),
        ] {
            assert_eq!(read(text.as_bytes()), (vec![], vec![(1, trouble)]), "{text}");
        }
    }

    #[test]
    fn a_quote_that_meets_the_next_quoted_cell_is_found_there() {
        let (rows, troubles) = read(b"1,\"Li\n2,Mei\n3,\"Han, M\"\n4,\"x\"\n");
        assert_eq!(troubles, [(1, Trouble::OpenQuote(1))]);
        assert_eq!(rows, [["2", "Mei"], ["3", "Han, M"], ["4", "x"]]);
    }

    #[test]
    fn a_row_of_several_lines_can_be_parted() {
        let mut records = records(b"1,\"Li\n2,Mei\",x\n3,y\n");
        let record = records.next().unwrap().unwrap();
        assert_eq!((record.cells.len(), record.line_count()), (3, 2));
        let first = records.part(record).unwrap();
        assert_eq!((first.trouble, first.line_count()), (Some(Trouble::OpenQuote(1)), 1));
        assert_eq!(first.cells, [&b"1"[..], b"\"Li"]);
        assert_eq!(records.next().unwrap().map(|record| record.line()), Some(2));
    }

    #[test]
    fn neither_a_long_line_nor_a_long_quote_ends_the_file() {
        let long = "x".repeat(ROW_BYTES_MAX + 1);
        let (rows, troubles) = read(format!("{long}\nb\n").as_bytes());
        assert_eq!((rows.len(), troubles), (1, vec![(1, Trouble::TooLong(1_048_577))]));
        let lines = "x\n".repeat(2 * ROW_LINES_MAX);
        let (rows, troubles) = read(format!("\"{lines}\"\n").as_bytes());
        assert_eq!((rows.len(), troubles.len()), (2 * ROW_LINES_MAX - 1, 2));
    }

    proptest! {
        /// What the crate csv writes is read as it reads it.
        #[test]
        fn well_formed_rows_are_read_as_the_crate_csv_reads_them(
            rows in proptest::collection::vec(proptest::collection::vec("[a \",\r\n\u{4e2d}]{0,6}", 1..4), 1..6)
        ) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let expected: Vec<Vec<String>> = csv::ReaderBuilder::new()
                .flexible(true)
                .has_headers(false)
                .from_reader(&*text)
                .into_records()
                .map(|row| row.unwrap().iter().map(str::to_owned).collect())
                .collect();
            prop_assert_eq!(read(&text), (expected, vec![]));
        }

        #[test]
        fn every_line_is_in_one_row(text in "[a\",\n\r]{0,60}") {
            let (mut records, mut lines) = (records(text.as_bytes()), 0);
            while let Some(record) = records.next().unwrap() {
                prop_assert_eq!(record.line(), lines + 1);
                lines += record.line_count();
            }
            prop_assert_eq!(lines, super::super::lines::count(text.as_bytes()).unwrap());
        }
    }
}
