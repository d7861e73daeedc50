//! `quanyu backup` and `quanyu restore`: the SQLite files of a folder, as all of them stood at one moment.
//!
//! A backup is a folder with a copy of each file and a manifest, which is written last: what has no manifest is no backup. It
//! is made under another name and gets its own when it is whole.

mod manifest;
mod restore;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use fault::Fault;
use kernel::Clock;
use store::{CopyNews, Original, copy_at_one_moment};

use crate::config::Config;
use crate::folder;
use crate::roles::ROLES;
use crate::terminal::say;
use manifest::{Manifest, Part};

pub use restore::RestoreArgs;
pub(crate) use restore::run as restore;

/// Held by who makes a backup under this name.
const LOCK_FILE: &str = "backup.lock";

/// Copies the SQLite files of the folder into a new folder, while the platform goes on serving.
///
/// All copies are of one moment: nobody can write for some milliseconds. What was acknowledged before the backup began is in
/// it. A backup that was interrupted is left under TARGET.partial, is none, and goes when the next one is made there. Exits
/// with 0 when the backup is whole, with 1 when there is none. Data in PostgreSQL are backed up by its own tools.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// The folder that is made; it must not exist.
    target: PathBuf,
}

/// Runs it.
pub(crate) async fn run(args: BackupArgs, config: &Config) -> Result<ExitCode, Fault> {
    refuse_postgres(config)?;
    for role in &ROLES {
        folder::refuse_lost(config, role)?;
    }
    let target = &args.target;
    if target.exists() {
        return Err(Fault::invalid(
            "target",
            format!("{} exists: name a new folder", target.display()),
        ));
    }
    let (partial, lock) = begin(target)?;
    let outcome = make(config, &partial).await;
    let finished = outcome.and_then(|manifest| finish(target, &partial, &manifest).map(|()| manifest));
    drop(lock);
    match finished {
        Ok(manifest) => {
            say(format_args!("{} is whole: {manifest}", target.display()));
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            // Nobody takes it for a backup; it only takes room.
            let _ = fs::remove_dir_all(&partial);
            Err(fault)
        }
    }
}

fn refuse_postgres(config: &Config) -> Result<(), Fault> {
    match &config.database_url {
        None => Ok(()),
        Some(_) => Err(Fault::invalid(
            "database_url",
            "is set: rows in PostgreSQL are backed up and restored by its own tools, such as pg_dump of the whole database, \
             which is of one moment",
        )),
    }
}

pub(crate) fn unusable(path: &Path) -> impl Fn(std::io::Error) -> Fault + use<'_> {
    move |error| Fault::unavailable(format!("{} cannot be used: {error}", path.display()))
}

/// An empty folder for a backup that is not whole yet, and the right to it.
fn begin(target: &Path) -> Result<(PathBuf, File), Fault> {
    let mut name = target.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let place = partial.clone();
    let fail = unusable(&place);
    fs::create_dir_all(&partial).map_err(&fail)?;
    let lock = File::create(partial.join(LOCK_FILE)).map_err(&fail)?;
    if lock.try_lock().is_err() {
        return Err(Fault::unavailable(format!(
            "another backup to {} is being made",
            target.display()
        )));
    }
    for entry in fs::read_dir(&partial).map_err(&fail)? {
        let path = entry.map_err(&fail)?.path();
        if path.file_name().is_some_and(|name| name != LOCK_FILE) {
            fs::remove_file(&path).map_err(unusable(&path))?;
        }
    }
    Ok((partial, lock))
}

async fn make(config: &Config, partial: &Path) -> Result<Manifest, Fault> {
    folder::refuse_empty(config)?;
    let name = |service: &str| format!("{service}.db");
    let there = ROLES.iter().filter(|role| config.folder.join(name(role.name)).exists());
    let originals: Vec<Original> = there
        .map(|role| Original {
            service: role.name.to_owned(),
            file: config.folder.join(name(role.name)),
            copy: partial.join(name(role.name)),
        })
        .collect();
    let started = Instant::now();
    let tell = |news: CopyNews<'_>| match news {
        CopyNews::Moment(held) => say(format_args!(
            "all files are read as they stood at one moment; writers waited for {} ms",
            held.as_millis()
        )),
        CopyNews::Copied(service) => say(format_args!(
            "{service}: copied after {} ms",
            started.elapsed().as_millis()
        )),
    };
    let time = Clock::system().now();
    let copied = copy_at_one_moment(&originals, tell).await?;
    let parts = copied.into_iter().map(|copied| Part::of(partial, copied));
    let manifest = Manifest::new(time, parts.collect::<Result<_, _>>()?);
    manifest.check_positions()?;
    Ok(manifest)
}

/// Writes the manifest and gives the folder its name.
fn finish(target: &Path, partial: &Path, manifest: &Manifest) -> Result<(), Fault> {
    manifest.write(partial)?;
    let lock = partial.join(LOCK_FILE);
    fs::remove_file(&lock).map_err(unusable(&lock))?;
    fs::rename(partial, target).map_err(unusable(target))?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    sync(parent)
}

/// Sees to it that the names in a folder are on the disk.
pub(crate) fn sync(folder: &Path) -> Result<(), Fault> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(unusable(folder))
}
