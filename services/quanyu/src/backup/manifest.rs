//! What a backup says of itself.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use fault::Fault;
use kernel::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Copied;

use super::{sync, unusable};

/// The file that makes a folder a backup.
pub(crate) const FILE: &str = "quanyu-backup.json";
/// How backups are written today.
const FORMAT: u32 = 1;
const BUFFER: usize = 1 << 20;

/// A whole backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// How it is written.
    format: u32,
    /// The version of the program that made it.
    program: String,
    /// When it was begun.
    time: String,
    /// The files.
    pub(crate) parts: Vec<Part>,
}

/// The file of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Whose rows it has.
    pub(crate) service: String,
    /// Its name in the backup.
    pub(crate) file: String,
    bytes: u64,
    sha256: String,
    /// What has been done to its tables.
    pub(crate) migrations: Vec<String>,
    /// The last fact that it has told.
    outbox_position: i64,
    /// How far its consumers have come.
    consumers: Vec<Heard>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Heard {
    consumer: String,
    stream: String,
    position: i64,
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: u64 = self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.bytes));
        write!(
            f,
            "{} files, {bytes} bytes, begun at {} by version {}",
            self.parts.len(),
            self.time,
            self.program
        )
    }
}

impl Manifest {
    pub(crate) fn new(time: Time, parts: Vec<Part>) -> Self {
        Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            time: time.to_string(),
            parts,
        }
    }

    /// Refuses files that are not of one moment: a consumer that is ahead of its stream would pass over facts.
    pub(crate) fn check_positions(&self) -> Result<(), Fault> {
        let told: BTreeMap<&str, i64> = self
            .parts
            .iter()
            .map(|part| (part.service.as_str(), part.outbox_position))
            .collect();
        for heard in self.parts.iter().flat_map(|part| &part.consumers) {
            if let Some(last) = told.get(heard.stream.as_str())
                && heard.position > *last
            {
                return Err(Fault::internal(format!(
                    "the files are not of one moment: {} has applied fact {} of {}, which has told {last}",
                    heard.consumer, heard.position, heard.stream
                )));
            }
        }
        Ok(())
    }

    /// Writes it beside the files, on the disk.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Fault> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(Fault::internal)?;
        let mut file = File::create(&path).map_err(unusable(&path))?;
        writeln!(file, "{text}")
            .and_then(|()| file.sync_all())
            .map_err(unusable(&path))?;
        sync(folder)
    }

    /// Reads that of a backup, and refuses what is none.
    pub(crate) fn read(folder: &Path) -> Result<Self, Fault> {
        let none = |why: String| Fault::invalid("source", format!("{} is no whole backup: {why}", folder.display()));
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).map_err(|error| none(format!("{FILE}: {error}")))?;
        let manifest: Self = serde_json::from_str(&text).map_err(|error| none(format!("{FILE}: {error}")))?;
        if manifest.format != FORMAT {
            return Err(none(format!(
                "it is written in form {}, and this version reads {FORMAT}: restore it with version {}",
                manifest.format, manifest.program
            )));
        }
        manifest.check_positions()?;
        Ok(manifest)
    }
}

impl Part {
    /// What a copy in a folder is.
    pub(crate) fn of(folder: &Path, copied: Copied) -> Result<Self, Fault> {
        let file = format!("{}.db", copied.service);
        let path = folder.join(&file);
        let (bytes, sha256) =
            digest(&mut File::open(&path).map_err(unusable(&path))?, &mut std::io::sink()).map_err(unusable(&path))?;
        let heard = |position: store::ConsumerPosition| Heard {
            consumer: position.name,
            stream: position.stream,
            position: position.position,
        };
        Ok(Self {
            service: copied.service,
            file,
            bytes,
            sha256,
            migrations: copied.migrations,
            outbox_position: copied.outbox_position,
            consumers: copied.consumers.into_iter().map(heard).collect(),
        })
    }

    /// Refuses a file that is not what was backed up.
    pub(crate) fn check(&self, from: &Path) -> Result<(), Fault> {
        self.read(from, &mut std::io::sink())
    }

    /// Writes the file anew, onto the disk.
    pub(crate) fn copy(&self, from: &Path, to: &Path) -> Result<(), Fault> {
        let mut target = File::create(to).map_err(unusable(to))?;
        self.read(from, &mut target)?;
        target.sync_all().map_err(unusable(to))
    }

    fn read(&self, from: &Path, to: &mut impl Write) -> Result<(), Fault> {
        let source = from.join(&self.file);
        let mut original = File::open(&source).map_err(unusable(&source))?;
        let found = digest(&mut original, to).map_err(unusable(&source))?;
        match found == (self.bytes, self.sha256.clone()) {
            true => Ok(()),
            false => Err(Fault::invalid(
                "source",
                format!(
                    "{} is not what was backed up: its checksum differs; take another backup",
                    source.display()
                ),
            )),
        }
    }
}

/// How much there is, and its checksum; written on meanwhile.
fn digest(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<(u64, String)> {
    let (mut buffer, mut sum, mut bytes) = (vec![0; BUFFER], Sha256::new(), 0_u64);
    loop {
        let count = from.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
            return Ok((bytes, hex::encode(sum.finalize())));
        };
        sum.update(read);
        to.write_all(read)?;
        bytes = bytes.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}
