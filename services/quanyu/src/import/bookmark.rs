//! How far an import has come: FILE.quanyu-import.json beside the file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use fault::Fault;
use serde::{Deserialize, Serialize};

use super::beside;
use super::figures::Figures;
use super::source::Position;
use crate::terminal::complain;

/// The state of an import after the rows that the platform has acknowledged.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Bookmark {
    #[serde(skip)]
    path: PathBuf,
    /// What is imported: SHA-256 of the file's content, and of how it is read.
    subject: String,
    pub(super) position: Position,
    pub(super) figures: Figures,
    /// How long the files of the rejected and the noted rows were; what a crash left behind it is cut off.
    pub(super) rejected_bytes: u64,
    pub(super) notes_bytes: u64,
}

impl Bookmark {
    /// A beginning.
    pub(super) fn new(file: &Path, subject: &str) -> Self {
        Self {
            path: beside(file, "quanyu-import.json"),
            subject: subject.to_owned(),
            position: Position::default(),
            figures: Figures::default(),
            rejected_bytes: 0,
            notes_bytes: 0,
        }
    }

    /// What is remembered of this file, or a beginning. What is remembered of another file is not used, nor of this one as
    /// it was before it was changed, or when it was read otherwise.
    pub(super) fn open(file: &Path, subject: &str) -> Result<Self, Fault> {
        let begin = Self::new(file, subject);
        let text = match fs::read(&begin.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(begin),
            Err(error) => return Err(begin.unusable(&error)),
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(stored) if stored.subject == begin.subject => Ok(Self {
                path: begin.path,
                ..stored
            }),
            _ => {
                complain(format_args!(
                    "{} is of another content of the file, or of another way to read it: beginning anew",
                    begin.path.display()
                ));
                Ok(begin)
            }
        }
    }

    /// Whether rows have been acknowledged.
    pub(super) fn is_begun(&self) -> bool {
        self.position.row > 0
    }

    /// Writes it down, whole or not at all.
    pub(super) fn save(&self) -> Result<(), Fault> {
        let text = serde_json::to_vec_pretty(self).map_err(Fault::internal)?;
        let half = self.path.with_extension("json.half");
        fs::write(&half, text)
            .and_then(|()| fs::rename(&half, &self.path))
            .map_err(|error| self.unusable(&error))
    }

    /// The import is over.
    pub(super) fn remove(&self) -> Result<(), Fault> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.unusable(&error)),
            _ => Ok(()),
        }
    }

    fn unusable(&self, error: &std::io::Error) -> Fault {
        Fault::invalid("file", format!("{} cannot be used: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_goes_on_with_the_same_subject_and_begins_anew_with_another() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("members.csv");
        let mut bookmark = Bookmark::open(&file, "this file").unwrap();
        assert!(!bookmark.is_begun());
        bookmark.position = Position {
            byte: 18,
            line: 2,
            row: 1,
        };
        bookmark.figures.imported.add(1);
        bookmark.save().unwrap();

        let again = Bookmark::open(&file, "this file").unwrap();
        assert_eq!((again.position, again.figures), (bookmark.position, bookmark.figures));
        assert!(!Bookmark::open(&file, "another one").unwrap().is_begun());
        bookmark.remove().unwrap();
        bookmark.remove().unwrap();
        assert!(!Bookmark::open(&file, "this file").unwrap().is_begun());
    }
}
