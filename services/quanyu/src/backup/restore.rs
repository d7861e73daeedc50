//! `quanyu restore`: a backup becomes a folder that a platform can be started on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use fault::Fault;

use super::manifest::Manifest;
use super::{refuse_postgres, sync, unusable};
use crate::config::Config;
use crate::folder::{self, Lock};
use crate::roles::role;
use crate::terminal::{complain, say};

/// Puts the files of a backup into the folder, which must hold no data.
///
/// Every file is compared with what was backed up. Where it is interrupted the folder is refused by every service, until the
/// same is done again. Exits with 0 when the platform can be started on the folder, with 1 when it cannot.
#[derive(Args, Clone, Debug)]
pub struct RestoreArgs {
    /// The backup: a folder that `quanyu backup` made.
    source: PathBuf,
}

/// Runs it.
pub(crate) async fn run(args: RestoreArgs, config: &Config) -> Result<ExitCode, Fault> {
    refuse_postgres(config)?;
    let manifest = Manifest::read(&args.source)?;
    tell_newer(&manifest);
    refuse_data(config)?;
    for part in &manifest.parts {
        part.check(&args.source)?;
        if role(&part.service).is_none() {
            return Err(Fault::invalid(
                "source",
                format!("this version knows no service {}", part.service),
            ));
        }
    }
    let _lock = Lock::of_all(config)?;
    // Looked at again: a platform may have begun and ended in it.
    refuse_data(config)?;
    let mark = folder::unfinished_mark(config);
    File::create(&mark)
        .and_then(|mark| mark.sync_all())
        .map_err(unusable(&mark))?;
    sync(&config.folder)?;
    for part in &manifest.parts {
        let Some(role) = role(&part.service) else {
            return Err(Fault::invalid(
                "source",
                format!("this version knows no service {}", part.service),
            ));
        };
        part.copy(&args.source, &config.folder.join(format!("{}.db", role.name)))?;
        folder::note_begun(config, role)?;
        say(format_args!("{}: restored", role.name));
    }
    sync(&config.folder)?;
    fs::remove_file(&mark).map_err(unusable(&mark))?;
    sync(&config.folder)?;
    say(format_args!("{} holds {manifest}", config.folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// Refuses a folder in which there is anything but locks, unless a restore was interrupted in it.
fn refuse_data(config: &Config) -> Result<(), Fault> {
    if folder::unfinished_mark(config).exists() {
        return Ok(());
    }
    let folder = &config.folder;
    let is_lock = |path: &Path| path.extension().is_some_and(|extension| extension == "lock");
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(unusable(folder))?,
    };
    for entry in entries {
        let path = entry.map_err(unusable(folder))?.path();
        if !is_lock(&path) {
            return Err(Fault::invalid(
                "folder",
                format!(
                    "{} is not empty ({} is in it): a restore replaces nothing; move it away, or name another one with --folder",
                    folder.display(),
                    path.display()
                ),
            ));
        }
    }
    Ok(())
}

fn tell_newer(manifest: &Manifest) {
    for part in &manifest.parts {
        let Some(role) = role(&part.service) else { continue };
        let ours = store::migration_names((role.migrations)());
        let newer: Vec<&str> = part
            .migrations
            .iter()
            .map(String::as_str)
            .filter(|name| !ours.contains(name))
            .collect();
        if !newer.is_empty() {
            complain(format_args!(
                "{}: a newer version of this program has done {}: start that version on it",
                part.service,
                newer.join(", ")
            ));
        }
    }
}
