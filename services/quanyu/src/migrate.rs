//! `quanyu migrate`: brings tables up to date, as a step of its own before a release is started.

use std::fs::{File, TryLockError};
use std::process::ExitCode;

use clap::Args;
use fault::Fault;
use runtime::Problem;
use store::{Db, MigrationNews, MoveNews, Standing};

use crate::config::Config;
use crate::connections::OF_ONE_MIN;
use crate::folder::{self, Lock};
use crate::roles::{self, ROLES, Role, role};
use crate::terminal::{complain, say};

/// Held by who brings the tables of a folder up to date; others wait.
const LOCK_FILE: &str = "migrate.lock";
/// The status that says that migrations are outstanding.
const EXIT_OUTSTANDING: u8 = 2;

/// Brings the tables of all services up to date, or of those that are named, before this release is started on them.
///
/// Each migration is told with the time that it took, and is done whole or not at all; what is done already is not done again.
/// Two at once wait for each other. Services of the release before may go on meanwhile on PostgreSQL; a folder of SQLite files
/// is one process's, which must have stopped. Exits with 0 when nothing is outstanding, with 1 when something failed.
///
/// What services of the release before would not survive is left until none of them runs any more: --finish does it then, while
/// those of this release go on.
#[derive(Args, Clone, Debug)]
pub struct MigrateArgs {
    #[arg(value_name = "ROLE", help = format!("Whose: {} [default: all]", roles::names().collect::<Vec<_>>().join(", ")))]
    roles: Vec<String>,
    /// Lists what is outstanding and changes nothing; exits with 0 when nothing is, with 2 when something is.
    #[arg(long, visible_alias = "status")]
    dry_run: bool,
    /// Does as well what may only be done once every process is of this release; refuses while it finds another one.
    #[arg(long, conflicts_with = "dry_run")]
    finish: bool,
}

impl MigrateArgs {
    /// The roles that are none.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let names: Vec<&str> = roles::names().collect();
        let unknown = self.roles.iter().filter(|name| role(name).is_none());
        unknown
            .map(|name| Problem::new("role", format!("{name} is none: {}", names.join(", "))))
            .collect()
    }

    fn chosen(&self) -> Vec<&'static Role> {
        let is_chosen = |role: &&Role| self.roles.is_empty() || self.roles.iter().any(|name| name == role.name);
        ROLES.iter().filter(is_chosen).collect()
    }
}

/// Runs it.
pub(crate) async fn run(args: MigrateArgs, config: &Config) -> Result<ExitCode, Fault> {
    let chosen = args.chosen();
    for role in &chosen {
        folder::refuse_lost(config, role)?;
    }
    let behind = outstanding(config, &chosen).await?;
    if args.dry_run {
        for (role, standing) in &behind {
            for name in &standing.outstanding {
                say(format_args!("{}: {name} is outstanding", role.name));
            }
        }
        tell_unfinished(config, &chosen).await?;
        return Ok(match behind.as_slice() {
            [] => all_done(),
            _ => ExitCode::from(EXIT_OUTSTANDING),
        });
    }
    if !behind.is_empty() {
        bring_up_to_date(config, &chosen).await?;
    }
    if args.finish {
        for role in &chosen {
            finish(config, role).await?;
        }
    }
    tell_unfinished(config, &chosen).await?;
    Ok(all_done())
}

async fn bring_up_to_date(config: &Config, chosen: &[&'static Role]) -> Result<(), Fault> {
    let _turn = take_turn(config).await?;
    // Done by another one meanwhile, nothing need be opened.
    let behind = outstanding(config, chosen).await?;
    let _lock = match behind.len() == ROLES.len() {
        _ if behind.is_empty() => Vec::new(),
        true => vec![Lock::of_all(config)?],
        false => behind
            .iter()
            .map(|(role, _)| Lock::of_role(config, role))
            .collect::<Result<_, _>>()?,
    };
    for (role, _) in behind {
        let name = role.name;
        let tell = |news: MigrationNews<'_>| match news {
            MigrationNews::Waits => complain(format_args!("{name}: another process migrates it: waiting for it")),
            MigrationNews::Begins(_) => {}
            MigrationNews::Done(migration, took) => {
                say(format_args!("{name}: {migration} done in {} ms", took.as_millis()));
            }
        };
        Db::migrate(&config.database(name, OF_ONE_MIN), name, (role.migrations)(), &tell).await?;
        folder::note_begun(config, role)?;
    }
    Ok(())
}

/// Nothing is left to finish in SQLite.
async fn finish(config: &Config, role: &Role) -> Result<(), Fault> {
    let name = role.name;
    if config.database_url.is_none() {
        return Ok(());
    }
    let tell = |news| match news {
        MoveNews::Indexes => say(format_args!(
            "{name}: an index is made, which waits for all transactions that are under way"
        )),
        MoveNews::Copied(positions) => say(format_args!("{name}: {positions} positions of facts are copied")),
        MoveNews::Waits => complain(format_args!("{name}: a transaction is under way: waiting for its end")),
        MoveNews::Moved(took) => say(format_args!(
            "{name}: the positions of its facts stand beside its outbox; writers waited for {} ms at the most",
            took.as_millis()
        )),
    };
    Db::finish(&config.database(name, OF_ONE_MIN), name, (role.migrations)(), &tell).await
}

fn all_done() -> ExitCode {
    say("nothing is outstanding");
    ExitCode::SUCCESS
}

async fn tell_unfinished(config: &Config, chosen: &[&'static Role]) -> Result<(), Fault> {
    for (role, standing) in standings(config, chosen).await? {
        if standing.is_unfinished {
            let name = role.name;
            say(format_args!(
                "{name}: once every process is of this release, `quanyu migrate --finish {name}` does the rest"
            ));
        }
    }
    Ok(())
}

async fn outstanding(config: &Config, chosen: &[&'static Role]) -> Result<Vec<(&'static Role, Standing)>, Fault> {
    let mut behind = Vec::new();
    for (role, standing) in standings(config, chosen).await? {
        if !standing.newer.is_empty() {
            say(format_args!(
                "{}: a newer version of this program has done {}",
                role.name,
                standing.newer.join(", ")
            ));
        }
        if !standing.outstanding.is_empty() {
            behind.push((role, standing));
        }
    }
    Ok(behind)
}

async fn standings(config: &Config, chosen: &[&'static Role]) -> Result<Vec<(&'static Role, Standing)>, Fault> {
    let mut standings = Vec::new();
    for &role in chosen {
        let database = config.database(role.name, OF_ONE_MIN);
        standings.push((role, Db::standing(&database, role.name, (role.migrations)()).await?));
    }
    Ok(standings)
}

/// Waits until no other one is at work in the folder. In PostgreSQL the database sees to that.
async fn take_turn(config: &Config) -> Result<Option<File>, Fault> {
    if config.database_url.is_some() {
        return Ok(None);
    }
    let fail = |error: std::io::Error| {
        Fault::unavailable(format!(
            "the folder {} cannot be used: {error}",
            config.folder.display()
        ))
    };
    std::fs::create_dir_all(&config.folder).map_err(fail)?;
    let file = File::create(config.folder.join(LOCK_FILE)).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => return Ok(Some(file)),
        Err(TryLockError::WouldBlock) => complain("another process migrates this folder: waiting for it"),
        Err(TryLockError::Error(error)) => return Err(fail(error)),
    }
    let waiting = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
    waiting.await.map_err(Fault::internal)?.map(Some).map_err(fail)
}
