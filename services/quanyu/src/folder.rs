//! Whose a folder of SQLite files is: one process's, or one process's for each role. A service relies on it that what it finds
//! in hand there was left by a process that has gone (`store::Presence`). And that a file in it which has held rows is not lost
//! unnoticed.

mod moved;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fault::{Common, Fault};

use crate::config::Config;
use crate::roles::{ROLES, Role};

pub(crate) use moved::Moved;

/// Held alone by a process of all roles, and together by processes of one role.
const LOCK_FILE: &str = "quanyu.lock";
/// How soon a folder may have been restored.
const RESTORED_AFTER: Duration = Duration::from_mins(1);

/// Refuses to work with files whose rows are elsewhere by now, or that are not of one moment.
pub(crate) fn refuse_lost(config: &Config, role: &Role) -> Result<(), Fault> {
    moved::refuse(config)?;
    refuse_torn(config, role)
}

/// Refuses to begin anew where a role's file was lost: the other files would go on from positions that it has not reached, and
/// miss what happens until it does.
pub(crate) fn refuse_torn(config: &Config, role: &Role) -> Result<(), Fault> {
    refuse_unfinished(config)?;
    let Some(file) = lost(config, role) else { return Ok(()) };
    Err(Fault::Unavailable {
        reason: Common::StorageDamaged,
        message: format!(
            "{} is lost or empty, and it has held the rows of {}: stop the platform and restore the whole folder from the last \
             backup; to begin anew without its rows, empty the folder",
            file.display(),
            role.name
        ),
        inside: None,
        retry_after: RESTORED_AFTER,
    })
}

/// Refuses a folder without any role's file: an operator's command was given in the wrong place.
pub(crate) fn refuse_empty(config: &Config) -> Result<(), Fault> {
    moved::refuse(config)?;
    let is_there = |role: &Role| config.folder.join(format!("{}.db", role.name)).exists();
    if config.database_url.is_some() || ROLES.iter().any(is_there) {
        return Ok(());
    }
    Err(Fault::invalid(
        "folder",
        format!(
            "{} holds no database: name the platform's folder with --folder",
            config.folder.display()
        ),
    ))
}

/// Refuses a folder into which a backup was restored in part: its files are not of one moment.
fn refuse_unfinished(config: &Config) -> Result<(), Fault> {
    match config.database_url.is_none() && unfinished_mark(config).exists() {
        false => Ok(()),
        true => Err(Fault::Unavailable {
            reason: Common::StorageDamaged,
            message: format!(
                "a restore into {} was interrupted: do it again with `quanyu restore`, to its end",
                config.folder.display()
            ),
            inside: None,
            retry_after: RESTORED_AFTER,
        }),
    }
}

/// What lies in a folder while a backup is restored into it.
pub(crate) fn unfinished_mark(config: &Config) -> PathBuf {
    config.folder.join("restore.unfinished")
}

/// A role's file that was there once, and has gone or is empty.
fn lost(config: &Config, role: &Role) -> Option<PathBuf> {
    let (file, mark) = (config.folder.join(format!("{}.db", role.name)), mark_of(config, role)?);
    let has_rows = file.metadata().is_ok_and(|file| file.len() > 0);
    (mark.exists() && !has_rows).then_some(file)
}

/// Notes that a role's file is there.
pub(crate) fn note_begun(config: &Config, role: &Role) -> Result<(), Fault> {
    let Some(mark) = mark_of(config, role) else {
        return Ok(());
    };
    File::create(&mark)
        .map(|_| ())
        .map_err(|error| unusable(&config.folder, &error))
}

fn unusable(folder: &Path, error: &std::io::Error) -> Fault {
    Fault::unavailable(format!("the folder {} cannot be used: {error}", folder.display()))
}

/// What lies beside a role's file since it was opened first; nowhere where the rows are in PostgreSQL, or are deleted in the end.
fn mark_of(config: &Config, role: &Role) -> Option<PathBuf> {
    let is_kept = config.database_url.is_none() && !config.is_disposable;
    is_kept.then(|| config.folder.join(format!("{}.begun", role.name)))
}

/// A folder, or a role's part of it, for as long as this is held; a crash opens it again. Nothing where the rows are in
/// PostgreSQL.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held until it is dropped")] Vec<File>);

#[derive(Clone, Copy)]
enum How {
    Alone,
    Together,
}

impl Lock {
    /// For a process that works with all files.
    pub(crate) fn of_all(config: &Config) -> Result<Self, Fault> {
        Self::take(config, &[(LOCK_FILE, How::Alone)])
    }

    /// For a process that works with the file of one role.
    pub(crate) fn of_role(config: &Config, role: &Role) -> Result<Self, Fault> {
        let own = format!("{}.lock", role.name);
        Self::take(config, &[(LOCK_FILE, How::Together), (&own, How::Alone)])
    }

    fn take(config: &Config, files: &[(&str, How)]) -> Result<Self, Fault> {
        if config.database_url.is_some() {
            return Ok(Self(Vec::new()));
        }
        let folder = &config.folder;
        let fail = |error| unusable(folder, &error);
        std::fs::create_dir_all(folder).map_err(fail)?;
        let lock = |(name, how): &(&str, How)| {
            let file = File::create(folder.join(name)).map_err(fail)?;
            let outcome = match how {
                How::Alone => file.try_lock(),
                How::Together => file.try_lock_shared(),
            };
            match outcome {
                Ok(()) => Ok(file),
                Err(TryLockError::WouldBlock) => Err(Fault::unavailable(format!(
                    "another process works with the folder {}: stop it, or name another folder",
                    folder.display()
                ))),
                Err(TryLockError::Error(error)) => Err(fail(error)),
            }
        };
        files.iter().map(lock).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_a_database_is_refused_with_the_flag_that_names_another() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            folder: folder.path().to_owned(),
            ..Config::default()
        };
        let refusal = refuse_empty(&config).unwrap_err().to_string();
        assert!(
            refusal.contains("holds no database: name the platform's folder with --folder"),
            "{refusal}"
        );
        config.database_url = Some(runtime::Secret::new("postgres://localhost/quanyu"));
        refuse_empty(&config).unwrap();
        config.database_url = None;
        File::create(folder.path().join("gateway.db")).unwrap();
        refuse_empty(&config).unwrap();
    }

    #[test]
    fn a_folder_is_one_process_s_or_one_process_s_for_each_role() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            folder: folder.path().join("data"),
            ..Config::default()
        };
        let [one, other, ..] = &ROLES;
        let roles = [one, other].map(|role| Lock::of_role(&config, role).unwrap());
        for refused in [Lock::of_role(&config, one), Lock::of_all(&config)] {
            let refusal = refused.unwrap_err().to_string();
            assert!(refusal.contains("another process works with the folder"), "{refusal}");
        }
        drop(roles);
        let all = Lock::of_all(&config).unwrap();
        assert!(Lock::of_role(&config, one).is_err());
        drop(all);
        assert!(Lock::of_role(&config, one).is_ok());
    }
}
