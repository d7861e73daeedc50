//! A file as rows, from any place in it.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder};
use fault::Fault;
use serde::{Deserialize, Serialize};

/// No line of JSON is longer; what is longer is no row but another kind of file.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A place between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// How many bytes are before it.
    pub(super) byte: u64,
    /// How many lines are before it; a row of CSV may have several.
    pub(super) line: u64,
    /// How many rows are before it, without the header.
    pub(super) row: u64,
}

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    /// Counted from 1, without the header.
    pub(super) number: u64,
    /// The cells, or the one line of JSON; or why it cannot be read.
    pub(super) cells: Result<Vec<String>, String>,
    /// Where the next one begins.
    pub(super) end: Position,
}

/// A file that is read row by row.
#[derive(Debug)]
pub(super) struct Source {
    headers: Vec<String>,
    /// How many rows were read.
    rows: u64,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Csv(csv::Reader<File>),
    JsonLines {
        reader: BufReader<File>,
        byte: u64,
        line: u64,
    },
}

impl Source {
    /// A CSV file with a header row.
    pub(super) fn csv(path: &Path) -> Result<Self, Fault> {
        // Rows with too few or too many cells are for the importer to reject, not for the reader to stop at.
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(open(path)?);
        let headers = reader.byte_headers().map_err(|error| unreadable(path, &error))?;
        let headers: Vec<String> = headers
            .iter()
            .map(|header| String::from_utf8_lossy(header).trim().to_owned())
            .collect();
        if headers.iter().all(String::is_empty) {
            return Err(Fault::invalid("file", format!("{} has no header row", path.display())));
        }
        Ok(Self {
            headers,
            rows: 0,
            format: Format::Csv(reader),
        })
    }

    /// A file with one JSON object a line.
    pub(super) fn json_lines(path: &Path) -> Result<Self, Fault> {
        let reader = BufReader::new(open(path)?);
        let format = Format::JsonLines {
            reader,
            byte: 0,
            line: 0,
        };
        Ok(Self {
            headers: vec!["line".to_owned()],
            rows: 0,
            format,
        })
    }

    /// The headers of the columns.
    pub(super) fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Where the next row begins.
    pub(super) fn position(&self) -> Position {
        let row = self.rows;
        match &self.format {
            Format::Csv(reader) => Position {
                byte: reader.position().byte(),
                line: reader.position().line(),
                row,
            },
            Format::JsonLines { byte, line, .. } => Position {
                byte: *byte,
                line: *line,
                row,
            },
        }
    }

    /// Goes to a place that was a row's end before.
    pub(super) fn go_on(&mut self, position: &Position) -> Result<(), Fault> {
        self.rows = position.row;
        match &mut self.format {
            Format::Csv(reader) => {
                let mut place = csv::Position::new();
                place
                    .set_byte(position.byte)
                    .set_line(position.line)
                    .set_record(position.row.saturating_add(1));
                reader.seek(place).map_err(Fault::internal)
            }
            Format::JsonLines { reader, byte, line } => {
                (*byte, *line) = (position.byte, position.line);
                reader
                    .seek(SeekFrom::Start(position.byte))
                    .map(drop)
                    .map_err(Fault::internal)
            }
        }
    }

    /// The next rows, up to so many; none at the end.
    pub(super) fn chunk(&mut self, rows_max: usize) -> Result<Option<Vec<Row>>, Fault> {
        let mut rows = Vec::with_capacity(rows_max);
        while rows.len() < rows_max {
            let Some(cells) = self.next_cells()? else { break };
            self.rows = self.rows.saturating_add(1);
            rows.push(Row {
                number: self.rows,
                cells,
                end: self.position(),
            });
        }
        Ok((!rows.is_empty()).then_some(rows))
    }

    fn next_cells(&mut self) -> Result<Option<Result<Vec<String>, String>>, Fault> {
        match &mut self.format {
            Format::Csv(reader) => {
                let mut record = ByteRecord::new();
                let found = reader.read_byte_record(&mut record).map_err(Fault::internal)?;
                Ok(found.then(|| cells(&record, self.headers.len())))
            }
            Format::JsonLines { reader, byte, line } => next_line(reader, byte, line),
        }
    }
}

fn cells(record: &ByteRecord, columns: usize) -> Result<Vec<String>, String> {
    if record.len() != columns {
        return Err(format!(
            "the row has {} cells, but the header has {columns}",
            record.len()
        ));
    }
    let texts = record.iter().map(|cell| String::from_utf8(cell.to_vec()));
    texts
        .collect::<Result<_, _>>()
        .map_err(|_| "the row is not in UTF-8".to_owned())
}

/// The next line that is not blank.
fn next_line(
    reader: &mut BufReader<File>,
    byte: &mut u64,
    line: &mut u64,
) -> Result<Option<Result<Vec<String>, String>>, Fault> {
    loop {
        let mut bytes = Vec::new();
        let length = reader.read_until(b'\n', &mut bytes).map_err(Fault::internal)?;
        if length == 0 {
            return Ok(None);
        }
        *byte = byte.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        *line = line.saturating_add(1);
        if length > LINE_BYTES_MAX {
            return Ok(Some(Err(format!("the line is longer than {LINE_BYTES_MAX} bytes"))));
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return Ok(Some(Err("the line is not in UTF-8".to_owned())));
        };
        if !text.trim().is_empty() {
            return Ok(Some(Ok(vec![text.trim().to_owned()])));
        }
    }
}

fn open(path: &Path) -> Result<File, Fault> {
    File::open(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> Fault {
    Fault::invalid("file", format!("{} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        file
    }

    fn all(source: &mut Source) -> Vec<Row> {
        std::iter::from_fn(|| source.chunk(2).unwrap()).flatten().collect()
    }

    #[test]
    fn reading_may_go_on_after_any_row_of_csv() {
        let file = file("\u{feff}a,b\n1,\"two\nlines\"\n2\n3,x\n4,y\n".as_bytes());
        let mut source = Source::csv(file.path()).unwrap();
        assert_eq!(source.headers(), ["a", "b"]);
        let rows = all(&mut source);
        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(rows[0].cells, Ok(vec!["1".to_owned(), "two\nlines".to_owned()]));
        assert_eq!(
            rows[1].cells,
            Err("the row has 1 cells, but the header has 2".to_owned())
        );
        for (done, row) in rows.iter().enumerate() {
            let mut source = Source::csv(file.path()).unwrap();
            source.go_on(&row.end).unwrap();
            let rest = all(&mut source);
            assert_eq!(rest.len(), 3 - done);
            for (again, first) in rest.iter().zip(&rows[done + 1..]) {
                assert_eq!(
                    (again.number, &again.cells, again.end),
                    (first.number, &first.cells, first.end)
                );
            }
        }
    }

    #[test]
    fn reading_may_go_on_after_any_line_of_json_and_blank_lines_are_no_rows() {
        let file = file(b"{\"a\":1}\n\n  \n{\"a\":2}\n\xff\n{\"a\":3}");
        let rows = all(&mut Source::json_lines(file.path()).unwrap());
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[2].cells, Err("the line is not in UTF-8".to_owned()));
        let mut source = Source::json_lines(file.path()).unwrap();
        source.go_on(&rows[1].end).unwrap();
        let rest = all(&mut source);
        assert_eq!((rest.len(), rest[1].number, &rest[1].cells), (2, 4, &rows[3].cells));
    }

    #[test]
    fn a_file_that_is_not_there_is_told_by_its_name() {
        let fault = Source::csv(Path::new("/nowhere/members.csv")).unwrap_err();
        assert!(
            fault.to_string().contains("/nowhere/members.csv cannot be read"),
            "{fault}"
        );
    }
}
