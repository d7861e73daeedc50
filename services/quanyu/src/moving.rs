//! `quanyu move`: the rows of all services go from the SQLite files of a folder into PostgreSQL, and are compared there.
//!
//! The folder bears a mark from the first row on, the schemas another one until all is equal: at no time may a platform work
//! with either of the two while it is not known which one is true. What was interrupted goes on behind the rows that have
//! arrived.

mod figures;
mod report;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use fault::Fault;
use kernel::Clock;
use store::Db;
use store::moving::{self, Source, Table, Target};

use crate::config::Config;
use crate::connections::OF_ONE_MIN;
use crate::folder::{self, Lock, Moved};
use crate::progress::Progress;
use crate::roles::{ROLES, Role};
use crate::terminal::say;
use report::Report;

/// The status that says that something differs.
const EXIT_DIFFERS: u8 = 2;

/// Moves the rows of all services from the SQLite files of `folder` into the PostgreSQL database of `database_url`.
///
/// The platform must have stopped, and the database must hold no rows of it: tables that are missing are made. Every row is
/// copied, then both sides are compared, row by row and by the figures of the ledger. What was interrupted goes on when it is
/// run again. From the first row on no service starts on the folder any more, and none on the database before all is equal.
/// Exits with 0 when all is moved and equal, with 2 when something differs, with 1 when it had to stop.
#[derive(Args, Clone, Copy, Debug)]
pub struct MoveArgs {
    /// Tells whether it could be done, and what there is; changes nothing.
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// Compares both sides once more; changes nothing. What a platform has done since in the database differs, of course.
    #[arg(long)]
    check: bool,
}

/// How a schema stands before anything is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// There are no tables.
    Missing,
    /// They are there, and hold nothing.
    Empty,
    /// This move has begun to fill it.
    Begun,
}

/// Runs it.
pub(crate) async fn run(args: MoveArgs, config: &Config) -> Result<ExitCode, Fault> {
    let Some(url) = &config.database_url else {
        return Err(Fault::invalid(
            "database_url",
            "must be set: it names the database that is filled",
        ));
    };
    let files = Config {
        database_url: None,
        ..config.clone()
    };
    for role in &ROLES {
        folder::refuse_torn(&files, role)?;
        if !file_of(&files, role).exists() {
            return Err(Fault::invalid(
                "folder",
                format!(
                    "there is no file {}: name the platform's folder",
                    file_of(&files, role).display()
                ),
            ));
        }
    }
    let _lock = Lock::of_all(&files)?;
    let target = Target::open(url.expose()).await?;
    let mut work = Move {
        config,
        mark: Moved::read(&files)?,
        files,
        target,
    };
    for role in &ROLES {
        work.check_file(role).await?;
    }
    if args.check {
        let tables = work.tables().await?;
        return work.compared(&tables).await.map(status);
    }
    let standings = work.standings().await?;
    if args.dry_run {
        return Ok(work.told(&standings));
    }
    work.done(&standings).await.map(status)
}

fn status(are_equal: bool) -> ExitCode {
    match are_equal {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(EXIT_DIFFERS),
    }
}

fn file_of(files: &Config, role: &Role) -> PathBuf {
    files.folder.join(format!("{}.db", role.name))
}

/// What is moved, and where to.
struct Move<'c> {
    /// With the database.
    config: &'c Config,
    /// Without it: with the files.
    files: Config,
    target: Target,
    mark: Option<Moved>,
}

impl Move<'_> {
    async fn source(&self, role: &Role) -> Result<Source, Fault> {
        Source::open(role.name, &file_of(&self.files, role)).await
    }

    /// Refuses a file that is damaged, or of another release.
    async fn check_file(&self, role: &Role) -> Result<(), Fault> {
        let mut source = self.source(role).await?;
        source.check().await?;
        let found = source.migrations().await?;
        refuse_other_release(&format!("the file of {}", role.name), role, &found)
    }

    /// How the schemas stand; refused where one of them is not to be filled by this move.
    async fn standings(&mut self) -> Result<Vec<(&'static Role, Standing)>, Fault> {
        let address = self.target.address();
        if let Some(mark) = self.mark.as_ref().filter(|mark| mark.target != address) {
            let target = &mark.target;
            return Err(Fault::invalid(
                "database_url",
                format!("names {address}, and a move of this folder to {target} was begun before: finish that one"),
            ));
        }
        if let Some(time) = self.mark.as_ref().and_then(|mark| mark.end_time.clone())
            && !self.is_begun_anywhere().await?
        {
            let told = format!("its rows were moved to {address} at {time}: --check compares both sides once more");
            return Err(Fault::invalid("folder", told));
        }
        let mut standings = Vec::with_capacity(ROLES.len());
        for role in &ROLES {
            standings.push((role, self.standing(role, &address).await?));
        }
        Ok(standings)
    }

    /// Whether a schema is not let go yet: a move that has ended was interrupted just there.
    async fn is_begun_anywhere(&mut self) -> Result<bool, Fault> {
        for role in &ROLES {
            if self.target.begun(role.name).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn standing(&mut self, role: &Role, address: &str) -> Result<Standing, Fault> {
        let schema = role.name;
        let refuse = |what: &str| {
            Err(Fault::invalid(
                "database_url",
                format!("the schema {schema} in {address} {what}"),
            ))
        };
        if let Some(begun) = self.target.begun(schema).await? {
            let own = self.mark.as_ref().map(Moved::id).transpose()?;
            if own != Some(begun) {
                return refuse(
                    "is being filled by another move, or by one of this folder before it was served again: finish that one, or \
                     drop the schema",
                );
            }
            let found = self.target.migrations(schema).await?.unwrap_or_default();
            refuse_other_release(&format!("the schema {schema}"), role, &found)?;
            return Ok(Standing::Begun);
        }
        let Some(found) = self.target.migrations(schema).await? else {
            return Ok(Standing::Missing);
        };
        refuse_other_release(&format!("the schema {schema}"), role, &found)?;
        for table in self.target.tables(schema).await? {
            if self.target.holds_rows(&table).await? {
                return refuse(&format!(
                    "holds rows already, in the table {}: a move fills an empty database; name another one, or drop the schema",
                    table.name()
                ));
            }
        }
        Ok(Standing::Empty)
    }

    /// What a dry run says.
    fn told(&self, standings: &[(&'static Role, Standing)]) -> ExitCode {
        let address = self.target.address();
        for (role, standing) in standings {
            let bytes = file_of(&self.files, role).metadata().map_or(0, |file| file.len());
            let standing = match standing {
                Standing::Missing => "no tables yet, they are made",
                Standing::Empty => "its tables hold no rows",
                Standing::Begun => "this move has begun to fill it, and goes on",
            };
            say(format_args!("{}: {bytes} bytes; in PostgreSQL: {standing}", role.name));
        }
        say(format_args!(
            "{} can be moved to {address}",
            self.files.folder.display()
        ));
        ExitCode::SUCCESS
    }

    /// Copies what has not arrived, compares all, and lets the database go where all is equal.
    async fn done(mut self, standings: &[(&'static Role, Standing)]) -> Result<bool, Fault> {
        let clock = Clock::system();
        let mark = match self.mark.take() {
            Some(mark) => mark,
            None => Moved::begun(clock.uuid(), self.target.address(), clock.now()),
        };
        mark.write(&self.files)?;
        let id = mark.id()?;
        for (role, standing) in standings {
            if *standing == Standing::Missing {
                let database = self.config.database(role.name, OF_ONE_MIN);
                Db::migrate(&database, role.name, (role.migrations)(), &|_| {}).await?;
            }
        }
        let tables = self.tables().await?;
        let is_new = |table: &&Table| {
            let mut begun = standings.iter().filter(|(_, standing)| *standing == Standing::Begun);
            begun.all(|(role, _)| role.name != table.service())
        };
        let new: Vec<Table> = tables.iter().filter(is_new).cloned().collect();
        if !new.is_empty() {
            self.target.begin(&new, id).await?;
        }
        self.copy(&tables).await?;
        if !self.compared(&tables).await? {
            say(format_args!(
                "it is not moved: no service starts on {} or on {} until you have decided. See what differs; to go on with the \
                 files, drop the schemas there and remove quanyu-move.json from the folder",
                self.files.folder.display(),
                self.target.address()
            ));
            return Ok(false);
        }
        // In this order: what is interrupted between the two ends when it is run again.
        mark.ended(clock.now()).write(&self.files)?;
        self.target.end(&tables, id).await?;
        say(format_args!(
            "all rows are in {}, and equal: start the platform with this database_url. {} is kept as it is, and serves no more",
            self.target.address(),
            self.files.folder.display()
        ));
        Ok(true)
    }

    /// All tables, each after those that it refers to. Refused where those of the files are not the same.
    async fn tables(&mut self) -> Result<Vec<Table>, Fault> {
        let mut all = Vec::new();
        for role in &ROLES {
            let found = self.target.migrations(role.name).await?.unwrap_or_default();
            refuse_other_release(&format!("the schema {}", role.name), role, &found)?;
            let tables = self.target.tables(role.name).await?;
            self.source(role).await?.check_tables(&tables).await?;
            all.extend(tables);
        }
        Ok(all)
    }

    async fn copy(&mut self, tables: &[Table]) -> Result<(), Fault> {
        let (mut total, mut before) = (0_u64, 0_u64);
        for role in &ROLES {
            let mut source = self.source(role).await?;
            for table in of(role, tables) {
                total = total.saturating_add(source.count(table).await?);
                before = before.saturating_add(self.target.count(table).await?);
            }
        }
        if before > 0 {
            say(format_args!(
                "{before} of {total} rows have arrived before: going on behind them"
            ));
        }
        let mut progress = Progress::new("rows", total).after(before);
        for role in &ROLES {
            let (started, mut copied) = (Instant::now(), 0_u64);
            let mut source = self.source(role).await?;
            for table in of(role, tables) {
                progress.at(format!("{} {}", role.name, table.name()));
                let mut tell = |rows: u64| {
                    copied = copied.saturating_add(rows);
                    progress.add(rows, role.name);
                };
                moving::copy(&mut source, &mut self.target, table, &mut tell).await?;
                self.target.analyze(table).await?;
            }
            say(format_args!(
                "{}: {copied} rows copied in {} ms",
                role.name,
                started.elapsed().as_millis()
            ));
        }
        progress.finish();
        Ok(())
    }

    /// Compares both sides, tells how they stand, and answers whether they are equal.
    async fn compared(&mut self, tables: &[Table]) -> Result<bool, Fault> {
        let mut report = Report::begun();
        for role in &ROLES {
            let mut source = self.source(role).await?;
            for table in of(role, tables) {
                let compared = moving::compare(&mut source, &mut self.target, table).await?;
                report.table(table, &compared);
            }
        }
        let files = figures::of_files(&self.files).await?;
        let database = figures::of_database(self.config).await?;
        report.figures(&files, &database);
        Ok(report.ended())
    }
}

fn of<'t>(role: &Role, tables: &'t [Table]) -> impl Iterator<Item = &'t Table> {
    let name = role.name;
    tables.iter().filter(move |table| table.service() == name)
}

/// Rows are moved between tables of this release alone: then both sides have the same ones.
fn refuse_other_release(place: &str, role: &Role, found: &BTreeSet<String>) -> Result<(), Fault> {
    let ours = store::migration_names((role.migrations)());
    let newer: Vec<&str> = found
        .iter()
        .map(|name| &**name)
        .filter(|name| !ours.contains(name))
        .collect();
    let outstanding: Vec<&str> = ours.into_iter().filter(|name| !found.contains(*name)).collect();
    match (newer.as_slice(), outstanding.as_slice()) {
        ([], []) => Ok(()),
        ([], _) => Err(Fault::invalid(
            "folder",
            format!(
                "{place} has the tables of an older release, on which {} is outstanding: run `quanyu migrate` on it first",
                outstanding.join(", ")
            ),
        )),
        (_, _) => Err(Fault::invalid(
            "folder",
            format!(
                "{place} has been used by a newer version, which did {}: move it with that version",
                newer.join(", ")
            ),
        )),
    }
}
