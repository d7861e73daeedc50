//! The mark of a folder whose rows go to PostgreSQL, or have gone there: what happened to them from then on would be lost.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use fault::Fault;
use kernel::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::unusable;
use crate::config::Config;

const FILE: &str = "quanyu-move.json";

/// A move of the rows in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moved {
    /// The move's own id; what is being filled by it bears it too.
    id: String,
    /// Where the rows go, without a password.
    pub(crate) target: String,
    begin_time: String,
    /// When all of them were there.
    pub(crate) end_time: Option<String>,
}

impl Moved {
    pub(crate) fn begun(id: Uuid, target: String, now: Time) -> Self {
        Self {
            id: id.to_string(),
            target,
            begin_time: now.to_string(),
            end_time: None,
        }
    }

    pub(crate) fn ended(self, now: Time) -> Self {
        let end_time = self.end_time.or_else(|| Some(now.to_string()));
        Self { end_time, ..self }
    }

    pub(crate) fn id(&self) -> Result<Uuid, Fault> {
        Uuid::try_parse(&self.id).map_err(|error| Fault::internal(format!("{FILE}: {error}")))
    }

    /// That of a folder of files; none where there is none.
    pub(crate) fn read(config: &Config) -> Result<Option<Self>, Fault> {
        let path = path(config);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| unusable(&config.folder, &error))?,
        };
        let read = serde_json::from_str(&text).map(Some);
        read.map_err(|error| Fault::internal(format!("{} is not what `quanyu move` wrote: {error}", path.display())))
    }

    /// Writes it into the folder, onto the disk.
    pub(crate) fn write(&self, config: &Config) -> Result<(), Fault> {
        let text = serde_json::to_string_pretty(self).map_err(Fault::internal)?;
        let (path, draft) = (path(config), config.folder.join(format!("{FILE}.partial")));
        let written = File::create(&draft).and_then(|mut file| {
            writeln!(file, "{text}")?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(&config.folder)?.sync_all()
        });
        written.map_err(|error| unusable(&config.folder, &error))
    }
}

fn path(config: &Config) -> PathBuf {
    config.folder.join(FILE)
}

/// Refuses a folder that bears one.
pub(super) fn refuse(config: &Config) -> Result<(), Fault> {
    if config.database_url.is_some() {
        return Ok(());
    }
    let Some(Moved { target, end_time, .. }) = Moved::read(config)? else {
        return Ok(());
    };
    let (folder, mark) = (config.folder.display(), path(config));
    let mark = mark.display();
    let told = match end_time {
        None => format!(
            "a move of {folder} to {target} was begun: run `quanyu move` again to its end; or, to go on with these files, \
             remove {mark}, and the schemas that were begun there"
        ),
        Some(time) => format!(
            "the rows of {folder} were moved to {target} at {time}: set database_url; only who gives up all that has happened \
             there since removes {mark}"
        ),
    };
    Err(Fault::invalid("folder", told))
}
