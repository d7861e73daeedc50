//! `quanyu import`: members and activities from a file into a running platform, through its public API.
//!
//! Every line of a file is accounted for in the closing figures. A row that is wrong never stops an import: it goes into
//! FILE.rejected.csv with everything that is wrong with it, and a row of which something is left out also into
//! FILE.notes.csv, or into files of JSON lines where it came in one. After an interruption the same command goes on where the platform last acknowledged rows, which
//! FILE.quanyu-import.json remembers; and because members are sent under ids that follow from their rows, and activities are
//! known by their source ids, rows that are sent twice take effect once, even where that file is lost.

mod activities;
mod amount;
mod bookmark;
mod columns;
mod figures;
mod json_lines;
mod lines;
pub mod link;
mod listing;
mod local_time;
mod members;
mod moment;
mod options;
mod orders;
mod reason;
mod records;
mod report;
mod rounded;
mod sending;
mod source;
mod survey;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use fault::Fault;
use futures::{StreamExt, stream};
use prost::Message;
use sha2::{Digest, Sha256};

pub use self::figures::{Count, Figures};
pub use self::local_time::{LocalTime, ZoneOrigin};
pub use self::options::{FileArgs, ImportArgs, What};
pub use self::orders::EqualRows;
pub use self::report::Report;

use self::activities::Activities;
use self::bookmark::Bookmark;
use self::columns::Wishes;
use self::listing::Listing;
use self::members::Members;
use self::moment::Zone;
use self::options::{NO_COLUMNS, NO_KEY};
use self::sending::{Failures, ITEM_BYTES_MAX, Outcome};
use self::source::{Limits, Row, Source, Stretch, known_fields};
use self::survey::Survey;
use crate::api::Api;
use crate::progress::{Progress, rate};
use crate::terminal::{complain, say};

/// Runs an import and says what became of it.
pub async fn run(args: ImportArgs) -> Result<ExitCode, Fault> {
    let report = import(&args.what).await?;
    report.told().into_iter().for_each(say);
    report.complaints().into_iter().for_each(complain);
    Ok(report.exit_code())
}

/// Imports a file.
pub async fn import(what: &What) -> Result<Report, Fault> {
    let (What::Members(args) | What::Activities(args)) = what;
    if args.key.is_empty() {
        return Err(Fault::invalid("key", NO_KEY));
    }
    let api = match &args.ca_file {
        Some(ca_file) => Api::over_tls(&args.address, &args.key, ca_file)?,
        None => Api::new(&args.address, &args.key)?,
    };
    api.check_speech().await?;
    let named_zone = args.time_zone.as_deref().map(Zone::named).transpose()?;
    let survey = Survey::of(&args.file, args.encoding)?;
    let wishes = Wishes {
        maps: &args.maps,
        ignored: &args.ignored,
        trusted: &args.not_rounded,
    };
    let channel = args.channel.as_deref();
    let csv = |fields| {
        let known = known_fields(fields, &args.maps);
        let source = Source::csv(&args.file, survey.clone(), args.separator, known)?;
        Ok::<_, Fault>(source.with_rows_in_cells(args.rows_in_cells))
    };
    let local_time = async || {
        let chosen = local_time::choose(named_zone.clone(), &api).await;
        chosen.map_err(|fault| away(&args.address, fault))
    };
    match what {
        What::Members(_) => {
            let mut source = csv(&members::FIELDS)?;
            let (zone, times) = local_time().await?;
            let target = Members::new(source.headers(), wishes, channel, zone)?;
            target.check_numbers(&mut source, &args.not_rounded)?;
            Import::new(args, api, source, target, Some(times))?.run().await
        }
        What::Activities(_) if args.is_json_lines() => {
            if let Some(option) = args.about_columns() {
                return Err(Fault::invalid(option, NO_COLUMNS));
            }
            let source = Source::json_lines(&args.file, survey)?;
            Import::new(args, api, source, Activities::of_json(channel), None)?
                .run()
                .await
        }
        What::Activities(_) => {
            let mut source = csv(&activities::FIELDS)?;
            let (zone, times) = local_time().await?;
            let target = Activities::of_csv(&mut source, wishes, channel, zone, args.equal_rows)?;
            target.check_numbers(&mut source, &args.not_rounded)?;
            Import::new(args, api, source, target, Some(times))?.run().await
        }
    }
}

/// What rows become, and where they go.
trait Target {
    /// "members".
    const NOUN: &'static str;
    /// How many rows are acknowledged together.
    const CHUNK: Limits;
    /// How many chunks are under way at once.
    const CHUNKS_AT_ONCE: usize;
    /// Some rows as the API takes them.
    type Item: Message;

    /// The columns that are no field.
    fn ignored(&self) -> &[String];

    /// Whether two rows that follow each other make one item.
    fn belong(&self, one: &Row, other: &Row) -> bool;

    /// Reads the rows of one item; answers why they are none.
    fn read(&self, rows: &[Row]) -> Result<Read<Self::Item>, Vec<String>>;

    /// Sends items with the rows that they come from, and answers one outcome for each.
    async fn send(&self, api: &Api, items: &[(&[Row], Self::Item)], validate_only: bool)
    -> Result<Vec<Outcome>, Fault>;
}

/// An item, and what was left out of it.
#[derive(Debug)]
struct Read<T> {
    item: T,
    notes: Vec<String>,
    /// What is wrong with the rows. Then the item is all that could be read of them: it is not imported, but the platform is
    /// asked what else is wrong, so that all can be mended in one go.
    reasons: Vec<String>,
}

/// Items with the rows that they come from, each at its place among the outcomes.
type Placed<'r, T> = (Vec<usize>, Vec<(&'r [Row], T)>);

/// An import under way.
struct Import<'a, T> {
    args: &'a FileArgs,
    api: Api,
    source: Source,
    target: T,
    local_time: Option<LocalTime>,
    bookmark: Bookmark,
    rejected: Listing,
    notes: Listing,
    failures: Failures,
}

impl<'a, T: Target> Import<'a, T> {
    fn new(
        args: &'a FileArgs,
        api: Api,
        mut source: Source,
        target: T,
        local_time: Option<LocalTime>,
    ) -> Result<Self, Fault> {
        let subject = subject::<T>(args, source.survey(), local_time.as_ref());
        let mut bookmark = if args.dry_run {
            Bookmark::new(&args.file, &subject)
        } else {
            Bookmark::open(&args.file, &subject)?
        };
        if bookmark.is_begun() {
            say(format_args!("Going on after line {}", bookmark.position.line));
        } else {
            bookmark.position = source.start();
            bookmark.figures.header_lines = source.header_lines();
        }
        source.go_to(&bookmark.position)?;
        // A trial leaves alone what the import itself has written down.
        let beside = |name: &str| {
            beside(
                &args.file,
                &if args.dry_run {
                    format!("dry-run.{name}")
                } else {
                    name.to_owned()
                },
            )
        };
        let open = |name, reasons, bytes| {
            let form = source.form();
            let path = beside(&format!("{name}.{}", form.extension()));
            Listing::open(path, reasons, form, bytes)
        };
        let rejected = open("rejected", "quanyu.reasons", bookmark.rejected_bytes)?;
        let notes = open("notes", "quanyu.notes", bookmark.notes_bytes)?;
        if !target.ignored().is_empty() {
            complain(format_args!("Ignored columns: {}", target.ignored().join(", ")));
        }
        Ok(Self {
            args,
            api,
            source,
            target,
            local_time,
            bookmark,
            rejected,
            notes,
            failures: Failures::default(),
        })
    }

    async fn run(self) -> Result<Report, Fault> {
        let Self {
            args,
            api,
            mut source,
            target,
            local_time,
            mut bookmark,
            mut rejected,
            mut notes,
            failures,
        } = self;
        let (started, rows_before) = (Instant::now(), bookmark.position.row);
        let (survey, separator) = (source.survey().clone(), source.separator());
        let mut progress = Progress::new("bytes", survey.bytes).after(bookmark.position.byte);
        let (target, api, failures) = (&target, &api, &failures);
        let stretches = std::iter::from_fn(|| {
            source
                .stretch(T::CHUNK, |one, other| target.belong(one, other))
                .transpose()
        });
        let work = stream::iter(stretches)
            .map(|stretch| async move { settle(target, api, failures, stretch?, args.dry_run).await });
        let mut work = std::pin::pin!(work.buffered(T::CHUNKS_AT_ONCE));
        while let Some(settled) = work.next().await {
            let settled = settled.map_err(|fault| away(&args.address, fault))?;
            let before = bookmark.position.byte;
            settled.write(&mut bookmark, &mut rejected, &mut notes)?;
            if !args.dry_run {
                bookmark.save()?;
            }
            progress.at(format!("{} rows", bookmark.position.row));
            let bytes = bookmark.position.byte.saturating_sub(before);
            progress.add(bytes, &format!("row {}", bookmark.position.row));
        }
        progress.finish();
        survey.check_unchanged(&args.file)?;
        let figures = bookmark.figures;
        // Counted by the survey, line by line, and here, row by row.
        debug_assert_eq!(
            figures.lines(),
            survey.lines,
            "every line is accounted for: {figures:?}"
        );
        if figures.lines() != survey.lines {
            let message = format!("of {} lines these are accounted for: {figures:?}", survey.lines);
            return Err(Fault::internal(message));
        }
        if !args.dry_run {
            bookmark.remove()?;
        }
        Ok(Report {
            noun: T::NOUN,
            figures,
            lines: survey.lines,
            rows_per_second: rate(figures.rows().saturating_sub(rows_before), started.elapsed()),
            is_trial: args.dry_run,
            encoding: survey.encoding.name(),
            separator,
            local_time,
            ignored: target.ignored().to_vec(),
            rejected: rejected.path().to_owned(),
            notes: notes.path().to_owned(),
        })
    }
}

/// What has become of some rows that follow each other.
struct Settled {
    stretch: Stretch,
    /// The ranges of rows that made one item each, with their outcomes.
    outcomes: Vec<(std::ops::Range<usize>, Outcome)>,
}

/// Reads the rows of a stretch and sends what can be sent.
async fn settle<T: Target>(
    target: &T,
    api: &Api,
    failures: &Failures,
    stretch: Stretch,
    dry_run: bool,
) -> Result<Settled, Fault> {
    let mut outcomes = Vec::new();
    let (mut ready, mut wrong): (Placed<'_, T::Item>, Placed<'_, T::Item>) = Default::default();
    let mut begin = 0_usize;
    for rows in stretch.rows.chunk_by(|one, other| target.belong(one, other)) {
        let range = begin..begin.saturating_add(rows.len());
        begin = range.end;
        let read = target.read(rows).and_then(fitting);
        let (outcome, item) = match read {
            Ok(Read { item, notes, reasons }) if reasons.is_empty() => {
                (Outcome::Imported(notes), Some((&mut ready, item)))
            }
            Ok(Read { item, reasons, .. }) => (Outcome::Rejected(reasons), Some((&mut wrong, item))),
            Err(reasons) => (Outcome::Rejected(reasons), None),
        };
        if let Some(((places, items), item)) = item {
            places.push(outcomes.len());
            items.push((rows, item));
        }
        outcomes.push((range, outcome));
    }
    for ((places, items), validate_only) in [(ready, dry_run), (wrong, true)] {
        if items.is_empty() {
            continue;
        }
        let sent = async |items: &[(&[Row], T::Item)]| target.send(api, items, validate_only).await;
        let answers = failures.send(&items, sent).await?;
        for (place, answer) in places.into_iter().zip(answers) {
            if let Some((_, outcome)) = outcomes.get_mut(place) {
                *outcome = std::mem::replace(outcome, Outcome::Repeated).and(answer);
            }
        }
    }
    Ok(Settled { stretch, outcomes })
}

/// A row that is too large by itself for any call is rejected, rather than sent.
fn fitting<I: Message>(read: Read<I>) -> Result<Read<I>, Vec<String>> {
    let length = read.item.encoded_len();
    if length <= ITEM_BYTES_MAX {
        return Ok(read);
    }
    let mut reasons = read.reasons;
    reasons.push(format!(
        "the row makes a message of {length} bytes, but the platform takes at most {ITEM_BYTES_MAX}"
    ));
    Err(reasons)
}

impl Settled {
    /// Counts the lines, writes down the rows that people should look at, and moves the bookmark.
    fn write(self, bookmark: &mut Bookmark, rejected: &mut Listing, notes: &mut Listing) -> Result<(), Fault> {
        let figures = &mut bookmark.figures;
        figures.blank_lines = figures.blank_lines.saturating_add(self.stretch.blank_lines);
        let (mut rejected_rows, mut noted_rows) = (Vec::new(), Vec::new());
        for (range, outcome) in &self.outcomes {
            for row in self.stretch.rows.get(range.clone()).unwrap_or_default() {
                match outcome {
                    Outcome::Imported(notes) => {
                        figures.imported.add(row.line_count);
                        if !notes.is_empty() {
                            figures.noted_rows = figures.noted_rows.saturating_add(1);
                            noted_rows.push((row, notes.join("; ")));
                        }
                    }
                    Outcome::Repeated => figures.repeated.add(row.line_count),
                    Outcome::Rejected(reasons) => {
                        figures.rejected.add(row.line_count);
                        rejected_rows.push((row, reasons.join("; ")));
                    }
                }
            }
        }
        rejected.add(rejected_rows)?;
        notes.add(noted_rows)?;
        if !self.stretch.rows.is_empty() {
            bookmark.position = self.stretch.end;
        }
        (bookmark.rejected_bytes, bookmark.notes_bytes) = (rejected.bytes(), notes.bytes());
        Ok(())
    }
}

/// What an import is about: the content of the file, and everything that decides what is read from it.
fn subject<T: Target>(args: &FileArgs, survey: &Survey, local_time: Option<&LocalTime>) -> String {
    let mut digest = Sha256::new();
    let reading = format!(
        "{:?}",
        (
            (T::NOUN, &survey.content, survey.encoding.name(), &args.address),
            (
                args.separator,
                local_time.map(|times| &times.zone),
                &args.channel,
                &args.maps,
                &args.ignored,
                args.equal_rows,
                args.rows_in_cells
            ),
        )
    );
    digest.update(reading.as_bytes());
    hex::encode(digest.finalize())
}

/// Trouble on the way, with where it was met and what helps.
fn away(address: &str, fault: Fault) -> Fault {
    match fault {
        Fault::Unavailable {
            message,
            inside,
            reason,
            retry_after,
        } => Fault::Unavailable {
            message: format!(
                "{address} does not answer ({}): start the same import again when it does",
                inside.unwrap_or(message)
            ),
            inside: None,
            reason,
            retry_after,
        },
        other => other,
    }
}

/// "orders.csv" and "rejected.csv": "orders.csv.rejected.csv".
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests;
