//! A file as rows, from any place in it.

use std::path::{Path, PathBuf};

use fault::Fault;
use serde::{Deserialize, Serialize};

use super::columns;
use super::lines::{Lines, ROW_BYTES_MAX};
use super::records::{Record, Records, Trouble};
use super::survey::Survey;

/// What may stand between two cells, the usual one first.
pub(super) const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A place between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// How many bytes are before it; of UTF-16, as if it were UTF-8.
    pub(super) byte: u64,
    /// How many lines are before it; a row of CSV may have several.
    pub(super) line: u64,
    /// How many rows are before it, without the header and blank ones.
    pub(super) row: u64,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Counted from 1, without the header and blank rows.
    pub(super) number: u64,
    /// The number of its first line in the file.
    pub(super) line: u64,
    pub(super) line_count: u64,
    /// How many blank lines are before it.
    pub(super) blank_lines: u64,
    /// The cells, one for each column, or the one line of JSON; of a row in trouble as far as they can be told apart.
    pub(super) cells: Vec<String>,
    /// Why it cannot be read.
    pub(super) trouble: Option<String>,
    /// Where the next one begins.
    pub(super) end: Position,
}

impl Row {
    /// How much memory it takes.
    fn bytes(&self) -> usize {
        self.cells.iter().map(String::len).fold(0, usize::saturating_add)
    }
}

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
        let candidates = match separator.or(told.map(|(separator, _)| separator)) {
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
            (Some((_, source)), _) => Ok(source),
            (None, None) => Err(Fault::internal("there is a separator")),
        }
    }

    fn with_separator(path: &Path, survey: Survey, separator: u8, start: Position) -> Result<Self, Fault> {
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
            rows: 0,
            ahead: None,
            blank_lines: 0,
        })
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

    /// What parts the cells.
    pub(super) fn separator(&self) -> u8 {
        match &self.format {
            Format::Csv { separator, .. } => *separator,
            Format::JsonLines(_) => b',',
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
            if is_full && rows.last().is_none_or(|last| !belong(last, &row)) {
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
                Format::Csv { records, .. } => next_record(records, &self.survey, &self.headers),
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

fn next_record(records: &mut Records, survey: &Survey, headers: &[String]) -> std::io::Result<Option<Row>> {
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
    Ok(Some(row))
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
        Trouble::OpenQuote(cell) | Trouble::StrayQuote(cell) => format!("{}: {}", named(cell), told(trouble)),
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
    if !surplus {
        cells.resize(headers.len(), String::new());
    }
    let row = Row {
        number: 0,
        line: record.line(),
        line_count: record.line_count(),
        blank_lines: 0,
        cells,
        trouble,
        end: Position {
            byte: record.end(),
            line: record.line().saturating_add(record.line_count()).saturating_sub(1),
            row: 0,
        },
    };
    if is_misfit { Err(row) } else { Ok(row) }
}

fn next_line(lines: &mut Lines, survey: &Survey) -> std::io::Result<Option<Row>> {
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
        end: Position {
            byte: line.end,
            line: line.number,
            row: 0,
        },
    }))
}

fn told(trouble: Trouble) -> String {
    match trouble {
        Trouble::OpenQuote(_) => "a quote opens and does not close where the cell ends: close it, or write two quotes for one \
                                  within a cell that is in quotes"
            .to_owned(),
        Trouble::StrayQuote(_) => {
            "the cell ends in a quote that does not open: open it, or write the cell in quotes and each quote within it twice"
                .to_owned()
        }
        Trouble::TooLong(length) => format!("the line has {length} bytes, but a row has at most {ROW_BYTES_MAX}"),
    }
}

fn is_blank(cell: &str) -> bool {
    cell.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Fault {
    Fault::invalid("file", format!("{} cannot be read: {error}", path.display()))
}

/// How many of the headers are fields.
pub(super) fn known_fields<'a>(fields: &'a [&'a str], maps: &'a [String]) -> impl Fn(&[String]) -> usize + 'a {
    move |headers| columns::known(headers, fields, maps)
}

#[cfg(test)]
impl Row {
    /// The seventh row of a file.
    pub(super) fn of(cells: &[&str]) -> Self {
        Self {
            number: 7,
            line: 8,
            line_count: 1,
            blank_lines: 0,
            cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            trouble: None,
            end: Position::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIMITS: Limits = Limits { rows: 2, bytes: 1_000 };

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        file
    }

    fn csv(file: &tempfile::NamedTempFile) -> Result<Source, String> {
        let survey = Survey::of(file.path(), None).unwrap();
        let fields = ["a", "b", "c"];
        Source::csv(file.path(), survey, None, known_fields(&fields, &[])).map_err(|fault| fault.to_string())
    }

    fn json(file: &tempfile::NamedTempFile) -> Source {
        Source::json_lines(file.path(), Survey::of(file.path(), None).unwrap()).unwrap()
    }

    fn all(source: &mut Source) -> Vec<Row> {
        let stretches = std::iter::from_fn(|| source.stretch(LIMITS, |_, _| false).unwrap());
        stretches.flat_map(|stretch| stretch.rows).collect()
    }

    fn cells(text: &str) -> Vec<Vec<String>> {
        all(&mut csv(&file(text.as_bytes())).unwrap())
            .into_iter()
            .map(|row| row.cells)
            .collect()
    }

    #[test]
    fn reading_may_go_on_after_any_row_of_csv() {
        let file = file("\u{feff}a,b\n1,\"two\nlines\"\n\n2\n3,x\n,\n4,y\n".as_bytes());
        let mut source = csv(&file).unwrap();
        assert_eq!(
            (source.headers(), source.header_lines()),
            (&["a".to_owned(), "b".to_owned()][..], 1)
        );
        let rows = all(&mut source);
        let placed: Vec<(u64, u64, u64)> = rows.iter().map(|row| (row.number, row.line, row.blank_lines)).collect();
        assert_eq!(placed, [(1, 2, 0), (2, 5, 1), (3, 6, 0), (4, 8, 1)]);
        assert_eq!(rows[0].cells, ["1", "two\nlines"]);
        assert!(
            rows[1]
                .trouble
                .as_ref()
                .unwrap()
                .starts_with("the row has 1 cells, but the header has 2")
        );
        for (done, row) in rows.iter().enumerate() {
            source.go_to(&row.end).unwrap();
            assert_eq!(all(&mut source), rows[done + 1..]);
        }
        source.go_to(&source.start()).unwrap();
        assert_eq!(all(&mut source), rows);
    }

    #[test]
    fn rows_that_belong_together_stay_together() {
        let file = file(b"a,b\n1,x\n2,x\n2,y\n2,z\n3,x\n\n");
        let mut source = csv(&file).unwrap();
        let belong = |one: &Row, other: &Row| one.cells[0] == other.cells[0];
        let stretches: Vec<Stretch> = std::iter::from_fn(|| source.stretch(LIMITS, belong).unwrap()).collect();
        let rows: Vec<usize> = stretches.iter().map(|stretch| stretch.rows.len()).collect();
        assert_eq!((rows, stretches[1].blank_lines), (vec![4, 1], 1));
        let large = Limits { rows: 100, bytes: 3 };
        source.go_to(&source.start()).unwrap();
        assert_eq!(
            source.stretch(large, |_, _| false).unwrap().unwrap().rows.len(),
            2,
            "cut by bytes"
        );
    }

    #[test]
    fn separators_are_recognised_by_the_fields_of_the_header() {
        for (text, separator) in [
            ("a,b\n1,x;y\n", b','),
            ("a;b\n1;x,y\n", b';'),
            ("a\tb\n1\tx,y\n", b'\t'),
            ("sep=;\r\na;b\r\n1;x\r\n", b';'),
            ("a\n1\n", b','),
            ("\"a\";\"x,b,c\"\n1;2\n", b';'),
        ] {
            let file = file(text.as_bytes());
            let mut source = csv(&file).unwrap();
            assert_eq!(source.separator(), separator, "{text}");
            let rows = all(&mut source);
            assert_eq!(rows.len(), 1, "{text}");
            assert_eq!(rows[0].trouble, None, "{text}");
        }
    }

    #[test]
    fn blank_rows_and_surplus_separators_pass_and_surplus_cells_do_not() {
        assert_eq!(
            cells("a,b,,\n1,x,,\n,,,\n2,y\n\n3,z, ,\n"),
            [["1", "x"], ["2", "y"], ["3", "z"]]
        );
        assert_eq!(cells("\n,\na,b\n1,x\n"), [["1", "x"]], "blank rows before the header");
        let file = file(b"a,b\n1,x,surplus\n");
        let rows = all(&mut csv(&file).unwrap());
        assert_eq!(rows[0].cells, ["1", "x", "surplus"], "what is rejected keeps its cells");
        assert!(
            rows[0]
                .trouble
                .as_ref()
                .unwrap()
                .contains("3 cells, but the header has 2")
        );
    }

    #[test]
    fn an_open_quote_is_named_by_its_column() {
        let file = file(b"a,b\n1,\"x\n2,y\n3,\"z\",\n");
        let rows = all(&mut csv(&file).unwrap());
        let trouble = rows[0].trouble.as_deref().unwrap();
        assert!(trouble.starts_with("b: a quote opens"), "{trouble}");
        assert_eq!((rows.len(), rows[0].line, rows[1].trouble.as_ref()), (3, 2, None));
    }

    #[test]
    fn a_header_that_cannot_be_read_is_told() {
        for (text, part) in [
            (&b"a,\"b\n1,2\n"[..], "header row (line 1)"),
            (b"\n,,\n", "no header row"),
        ] {
            let message = csv(&file(text)).map(|_| ()).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        assert!(all(&mut csv(&file(b"a,b")).unwrap()).is_empty());
    }

    #[test]
    fn reading_may_go_on_after_any_line_of_json_and_blank_lines_are_no_rows() {
        let file = file(b"{\"a\":1}\n\n  \n{\"a\":2}\n\xff\n{\"a\":\"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\"}");
        let mut source = json(&file);
        let rows = all(&mut source);
        assert_eq!((rows.len(), rows[1].blank_lines), (4, 2));
        assert!(rows[2].trouble.as_ref().unwrap().contains("not in UTF-8"));
        source.go_to(&rows[1].end).unwrap();
        assert_eq!(all(&mut source), rows[2..]);
    }
}
