//! The rows that were not imported, each with all reasons: FILE.rejected.csv beside the file.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use fault::Fault;

use super::beside;
use super::bookmark::Bookmark;
use super::source::Row;

/// The file of the rejected rows: their numbers, the reasons, and the cells as they were. It is made with its first row.
#[derive(Debug)]
pub(super) struct Rejected {
    path: PathBuf,
    headers: Vec<String>,
    rows: u64,
    bytes: u64,
}

impl Rejected {
    /// Goes on with the file where the bookmark has left it; one of an earlier import is removed.
    pub(super) fn open(file: &Path, headers: &[String], bookmark: &Bookmark) -> Result<Self, Fault> {
        let path = beside(file, "rejected.csv");
        let (rows, bytes) = (bookmark.rejected_rows, bookmark.rejected_bytes);
        if path.exists() {
            let file = OpenOptions::new().write(true).open(&path).map_err(Fault::internal)?;
            file.set_len(bytes).map_err(Fault::internal)?;
        }
        if bytes == 0 && path.exists() {
            std::fs::remove_file(&path).map_err(Fault::internal)?;
        }
        Ok(Self {
            path,
            headers: headers.to_vec(),
            rows,
            bytes,
        })
    }

    /// Writes down those of the rows that were refused.
    pub(super) fn add(&mut self, rows: &[Row], refused: &[(u64, Vec<String>)]) -> Result<(), Fault> {
        if refused.is_empty() {
            return Ok(());
        }
        let rows: BTreeMap<u64, &Row> = rows.iter().map(|row| (row.number, row)).collect();
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        if self.bytes == 0 {
            let headers = ["row", "reasons"]
                .into_iter()
                .chain(self.headers.iter().map(String::as_str));
            writer.write_record(headers).map_err(Fault::internal)?;
        }
        for (number, reasons) in refused {
            let cells = rows.get(number).and_then(|row| row.cells.as_ref().ok());
            let reasons = reasons.join("; ");
            let cells = cells.into_iter().flatten().map(String::as_str);
            let record = [number.to_string()];
            let record = record.iter().map(String::as_str).chain([reasons.as_str()]).chain(cells);
            writer.write_record(record).map_err(Fault::internal)?;
            self.rows = self.rows.saturating_add(1);
        }
        let text = writer
            .into_inner()
            .map_err(|error| Fault::internal(error.into_error()))?;
        self.append(&text).map_err(Fault::internal)
    }

    fn append(&mut self, text: &[u8]) -> std::io::Result<()> {
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        std::io::Write::write_all(&mut file, text)?;
        self.bytes = file.metadata()?.len();
        Ok(())
    }

    /// How many rows are in it.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// How long it is.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::source::Position;
    use super::*;

    #[test]
    fn after_a_crash_the_file_goes_on_where_the_bookmark_stands() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("members.csv");
        fs::write(&file, "phone\n1\n2\n3\n").unwrap();
        let headers = ["phone".to_owned()];
        let row = |number: u64| Row {
            number,
            cells: Ok(vec![number.to_string()]),
            end: Position::default(),
        };
        let wrong = |number| [(number, vec!["no phone".to_owned(), "no name".to_owned()])];

        let mut bookmark = Bookmark::open(&file, "members").unwrap();
        let mut rejected = Rejected::open(&file, &headers, &bookmark).unwrap();
        rejected.add(&[row(1)], &wrong(1)).unwrap();
        bookmark.acknowledge(
            Position {
                byte: 8,
                line: 2,
                row: 1,
            },
            &rejected,
        );
        bookmark.save().unwrap();
        rejected.add(&[row(2)], &wrong(2)).unwrap();
        // The crash comes here: row 2 is written, but not acknowledged.

        let bookmark = Bookmark::open(&file, "members").unwrap();
        let mut rejected = Rejected::open(&file, &headers, &bookmark).unwrap();
        rejected.add(&[row(2), row(3)], &wrong(2)).unwrap();
        let text = fs::read_to_string(beside(&file, "rejected.csv")).unwrap();
        assert_eq!(
            text,
            "row,reasons,phone\n1,no phone; no name,1\n2,no phone; no name,2\n"
        );
        assert_eq!(rejected.rows(), 2);
    }
}
