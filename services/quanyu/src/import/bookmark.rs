//! How far an import has come: FILE.quanyu-import.json beside the file.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use fault::Fault;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::beside;
use super::rejected::Rejected;
use super::source::Position;
use crate::terminal::complain;

/// How much of a file's beginning tells it from others.
const HEAD_BYTES: u64 = 64 * 1024;

/// The state of an import after the rows that the platform has acknowledged.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Bookmark {
    #[serde(skip)]
    path: PathBuf,
    /// "members".
    noun: String,
    pub(super) file_bytes: u64,
    /// SHA-256 of the first 64 KiB.
    file_head: String,
    pub(super) position: Position,
    pub(super) rejected_rows: u64,
    /// How long the file of the rejected rows was; what a crash left behind it is cut off.
    pub(super) rejected_bytes: u64,
}

impl Bookmark {
    /// What is remembered of this file, or a beginning. One that is of another file, or of the file as it was before it
    /// was changed, is not used.
    pub(super) fn open(file: &Path, noun: &str) -> Result<Self, Fault> {
        let path = beside(file, "quanyu-import.json");
        let (file_bytes, file_head) = measure(file).map_err(Fault::internal)?;
        let begin = Self {
            path: path.clone(),
            noun: noun.to_owned(),
            file_bytes,
            file_head,
            position: Position::default(),
            rejected_rows: 0,
            rejected_bytes: 0,
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(begin),
            Err(error) => return Err(Fault::internal(error)),
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(stored) if stored.is_of(&begin) => Ok(Self { path, ..stored }),
            _ => {
                complain(format_args!("{} is of another file: beginning anew", path.display()));
                Ok(begin)
            }
        }
    }

    fn is_of(&self, other: &Self) -> bool {
        (&self.noun, self.file_bytes, &self.file_head) == (&other.noun, other.file_bytes, &other.file_head)
    }

    /// Whether rows have been acknowledged.
    pub(super) fn is_begun(&self) -> bool {
        self.position.row > 0
    }

    /// Forgets what was remembered: the import begins at the first row.
    pub(super) fn begin(&mut self, position: Position) {
        (self.position, self.rejected_rows, self.rejected_bytes) = (position, 0, 0);
    }

    /// Everything before `end` has been acknowledged or rejected.
    pub(super) fn acknowledge(&mut self, end: Position, rejected: &Rejected) {
        self.position = end;
        self.rejected_rows = rejected.rows();
        self.rejected_bytes = rejected.bytes();
    }

    /// Writes it down, whole or not at all.
    pub(super) fn save(&self) -> Result<(), Fault> {
        let text = serde_json::to_vec_pretty(self).map_err(Fault::internal)?;
        let half = self.path.with_extension("json.half");
        fs::write(&half, text)
            .and_then(|()| fs::rename(&half, &self.path))
            .map_err(Fault::internal)
    }

    /// The import is over.
    pub(super) fn remove(&self) -> Result<(), Fault> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Fault::internal(error)),
            _ => Ok(()),
        }
    }
}

fn measure(file: &Path) -> std::io::Result<(u64, String)> {
    let file = File::open(file)?;
    let bytes = file.metadata()?.len();
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok((bytes, hex::encode(Sha256::digest(&head))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_goes_on_with_the_same_file_and_begins_anew_with_a_changed_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("members.csv");
        fs::write(&file, "phone\n13712345678\n").unwrap();
        let mut bookmark = Bookmark::open(&file, "members").unwrap();
        assert!(!bookmark.is_begun());
        let headers = ["phone".to_owned()];
        let rejected = Rejected::open(&file, &headers, &bookmark).unwrap();
        let end = Position {
            byte: 18,
            line: 2,
            row: 1,
        };
        bookmark.acknowledge(end, &rejected);
        bookmark.save().unwrap();

        assert_eq!(Bookmark::open(&file, "members").unwrap().position, end);
        assert!(
            !Bookmark::open(&file, "activities").unwrap().is_begun(),
            "of another import"
        );
        fs::write(&file, "phone\n13712345679\n").unwrap();
        assert!(
            !Bookmark::open(&file, "members").unwrap().is_begun(),
            "the file was changed"
        );
        bookmark.remove().unwrap();
        bookmark.remove().unwrap();
    }
}
