//! Rows that people should look at, with reasons and with their cells as they were: FILE.rejected.csv and FILE.notes.csv, or
//! FILE.rejected.jsonl and FILE.notes.jsonl of a file of JSON lines.
//!
//! Excel opens those of CSV, whatever the file was written in, and a corrected one is imported by the command of the file
//! itself.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use fault::Fault;

use super::columns::ADDED;
use super::json_lines;
use super::source::Row;

/// Tells Excel that a file is UTF-8.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A file of rows with reasons. It is made with its first row.
#[derive(Debug)]
pub(super) struct Listing {
    path: PathBuf,
    /// What is said of a row before its own cells.
    added: [&'static str; 2],
    form: Form,
    bytes: u64,
}

/// How rows are written down: as their file has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Csv { headers: Vec<String>, separator: u8 },
    JsonLines,
}

impl Form {
    /// How the name of such a file ends.
    pub(super) fn extension(&self) -> &'static str {
        match self {
            Self::Csv { .. } => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// What stands before the first row.
    fn mark(&self) -> &'static [u8] {
        match self {
            Self::Csv { .. } => MARK,
            Self::JsonLines => &[],
        }
    }
}

impl Listing {
    /// Goes on with a file after so many bytes; what is behind them was left by a crash, or is of an earlier import.
    pub(super) fn open(path: PathBuf, reasons: &'static str, form: Form, bytes: u64) -> Result<Self, Fault> {
        let unusable = |error| unusable(&path, &error);
        if path.exists() {
            let file = OpenOptions::new().write(true).open(&path).map_err(unusable)?;
            file.set_len(bytes).map_err(unusable)?;
        }
        if bytes == 0 && path.exists() {
            std::fs::remove_file(&path).map_err(unusable)?;
        }
        Ok(Self {
            path,
            added: [LINE, reasons],
            form,
            bytes,
        })
    }

    /// Writes rows down, each with its reasons.
    pub(super) fn add<'r>(&mut self, rows: impl IntoIterator<Item = (&'r Row, String)>) -> Result<(), Fault> {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let text = match &self.form {
            Form::Csv { headers, separator } => self.table(headers, *separator, rows)?,
            Form::JsonLines => rows
                .map(|(row, reasons)| self.line(row, reasons))
                .collect::<String>()
                .into(),
        };
        self.append(&text).map_err(|error| unusable(&self.path, &error))
    }

    fn table<'r>(
        &self,
        headers: &[String],
        separator: u8,
        rows: impl Iterator<Item = (&'r Row, String)>,
    ) -> Result<Vec<u8>, Fault> {
        // Excel parts the cells of a CSV file at commas or semicolons, whatever else stands between them.
        let separator = if separator == b';' { b';' } else { b',' };
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .delimiter(separator)
            .from_writer(Vec::new());
        // Reasons that an earlier import has added are replaced by the new ones.
        let kept: Vec<bool> = headers.iter().map(|header| !header.starts_with(ADDED)).collect();
        if self.bytes == 0 {
            let headers = headers.iter().zip(&kept).filter(|(_, kept)| **kept);
            let headers = headers.map(|(header, _)| header.as_str());
            writer
                .write_record(self.added.into_iter().chain(headers))
                .map_err(Fault::internal)?;
        }
        for (row, reasons) in rows {
            let line = row.line.to_string();
            let kept = kept.iter().copied().chain(std::iter::repeat(true));
            let cells = row.cells.iter().zip(kept).filter(|(_, kept)| *kept);
            let cells = cells.map(|(cell, _)| cell.as_str());
            writer
                .write_record([line.as_str(), &reasons].into_iter().chain(cells))
                .map_err(Fault::internal)?;
        }
        writer.into_inner().map_err(|error| Fault::internal(error.into_error()))
    }

    fn line(&self, row: &Row, reasons: String) -> String {
        let [line, told] = self.added;
        let own = row.cells.first().map_or("", String::as_str);
        let mut line = json_lines::with_added(own, &[(line, row.line.into()), (told, reasons.into())]);
        line.push('\n');
        line
    }

    fn append(&mut self, text: &[u8]) -> std::io::Result<()> {
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        if self.bytes == 0 {
            std::io::Write::write_all(&mut file, self.form.mark())?;
        }
        std::io::Write::write_all(&mut file, text)?;
        self.bytes = file.metadata()?.len();
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How long it is.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The column of the line in the file. Columns whose names begin with "quanyu." are no fields.
pub(super) const LINE: &str = "quanyu.line";

fn unusable(path: &Path, error: &std::io::Error) -> Fault {
    Fault::invalid("file", format!("{} cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const REASONS: &str = "quanyu.reasons";

    fn listing(path: &Path, separator: u8, bytes: u64) -> Listing {
        let headers = ["phone", "quanyu.reasons", "name"].map(str::to_owned).to_vec();
        Listing::open(path.to_owned(), REASONS, Form::Csv { headers, separator }, bytes).unwrap()
    }

    #[test]
    fn after_a_crash_the_file_goes_on_where_the_bookmark_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejected.csv");
        let row = Row::of(&["1", "of an earlier import", "Li, Lei"]);
        let mut first = listing(&path, b',', 0);
        first.add([]).unwrap();
        assert!(!path.exists(), "without rows there is no file");
        first.add([(&row, "no phone; no name".to_owned())]).unwrap();
        let bookmarked = first.bytes();
        first.add([(&row, "lost in the crash".to_owned())]).unwrap();

        let mut second = listing(&path, b',', bookmarked);
        second.add([(&row, "again".to_owned())]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "\u{feff}quanyu.line,quanyu.reasons,phone,name\n8,no phone; no name,1,\"Li, Lei\"\n8,again,1,\"Li, Lei\"\n"
        );
        listing(&path, b',', 0);
        assert!(!path.exists(), "a new import begins without it");
    }

    #[test]
    fn cells_are_parted_by_what_excel_sees() {
        for (separator, expected) in [(b';', "8;no;1;x"), (b'\t', "8,no,1,x"), (b'|', "8,no,1,x")] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rejected.csv");
            let row = Row::of(&["1", "", "x"]);
            listing(&path, separator, 0).add([(&row, "no".to_owned())]).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().nth(1), Some(expected));
        }
    }

    #[test]
    fn lines_of_json_come_back_as_lines_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejected.jsonl");
        let mut listing = Listing::open(path.clone(), REASONS, Form::JsonLines, 0).unwrap();
        for line in ["{\"sourceId\": \"a\"}", "{"] {
            listing.add([(&Row::of(&[line]), "no".to_owned())]).unwrap();
        }
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\"quanyu.line\":8,\"quanyu.reasons\":\"no\",\"sourceId\": \"a\"}\n\
             {\"quanyu.line\":8,\"quanyu.reasons\":\"no\",\"quanyu.text\":\"{\"}\n"
        );
    }
}
