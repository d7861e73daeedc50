//! `quanyu import`: members and activities from a file into a running platform, through its public API.
//!
//! A row that is wrong never stops an import: it goes into FILE.rejected.csv with everything that is wrong with it. After an
//! interruption the same command goes on where the platform last acknowledged rows, which FILE.quanyu-import.json
//! remembers; and because each row is sent under an id that follows from its content and its number, rows that are sent
//! twice take effect once, even where that file is lost.

mod activities;
mod amount;
mod bookmark;
mod columns;
mod members;
mod moment;
mod rejected;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Args, Subcommand};
use fault::Fault;
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};

use self::bookmark::Bookmark;
use self::rejected::Rejected;
use self::source::{Position, Row, Source};
use crate::api::Api;
use crate::progress::{Progress, rate};
use crate::terminal::{complain, say};

/// Brings members or activities from a file into a running platform, through its public API.
///
/// Rows that are wrong are written to FILE.rejected.csv with all reasons and stop nothing. An import that was interrupted
/// goes on where it stood when it is started again; no row takes effect twice. Exits with 0 when every row was imported,
/// with 2 when some were rejected, with 1 when the import had to stop.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Imports members from a CSV file with a header row.
    #[command(after_long_help = MEMBER_COLUMNS)]
    Members(FileArgs),
    /// Imports activities from a CSV file with a header row, or from JSON lines.
    #[command(after_long_help = ACTIVITY_COLUMNS)]
    Activities(FileArgs),
}

const MEMBER_COLUMNS: &str = "\
Columns, by their headers, in any order; empty cells are unknown, other columns are ignored:
  channel_code, external_id    the channel and the member's id there
  phone, email, union_id, card_number, device
                               further ids; at least one id other than device is needed, and a
                               channel where there is an external_id or a union_id
  proof                        how the further ids were proved: none, platform, code, presented or
                               operator; without the column operator, that is, by the records of
                               the system that you move from
  name, gender (female, male, other), birth_date (YYYY-MM-DD), province, city, address
  register_time                RFC 3339, \"YYYY-MM-DD hh:mm:ss\" or YYYY-MM-DD, the latter two in UTC";

const ACTIVITY_COLUMNS: &str = "\
Columns, by their headers, in any order; empty cells are unknown, other columns are ignored:
  source_id                    the activity's id at its source, for example the order number; needed
  activity_type                order_paid, order_refunded, browsed ...; needed
  occur_time                   RFC 3339, \"YYYY-MM-DD hh:mm:ss\" or YYYY-MM-DD, the latter two in UTC;
                               needed
  member_id, or channel_code with external_id
                               who did it; needed
  amount (77.00), currency_code (CNY)
  sku, quantity, category      of one item
  refunded_source_id           of a refund: the order's source_id
  attributes.NAME              for each attribute

A file whose name ends in .jsonl has one JSON object a line, as the REST API takes it:
  {\"sourceId\": \"T1\", \"activityType\": \"order_paid\", \"channelCode\": \"tmall\", \"externalId\": \"u1\",
   \"occurTime\": \"2026-01-01T00:00:00Z\", \"amount\": {\"currencyCode\": \"CNY\", \"minorUnits\": \"9900\"}}";

#[derive(Args, Clone, Debug)]
struct FileArgs {
    /// The file.
    file: PathBuf,
    /// The platform's address.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        env = "QUANYU_ADDRESS",
        default_value = "127.0.0.1:7400"
    )]
    address: String,
    /// An API key with the scope identity.import or tagging.record.
    #[arg(
        long,
        value_name = "KEY",
        env = "QUANYU_API_KEY",
        hide_env_values = true,
        default_value = ""
    )]
    key: String,
    /// Reads a field from a column of another name: `--map external_id=openid`. May be given several times.
    #[arg(long = "map", value_name = "FIELD=HEADER")]
    maps: Vec<String>,
    /// The channel of every row that names none.
    #[arg(long, value_name = "CODE")]
    channel: Option<String>,
    /// Reads and checks the file without sending anything.
    #[arg(long)]
    dry_run: bool,
}

/// The exit code when rows were rejected.
const SOME_REJECTED: u8 = 2;

/// Runs an import.
pub async fn run(args: ImportArgs) -> Result<ExitCode, Fault> {
    match args.what {
        What::Members(args) => {
            let mut source = Source::csv(&args.file)?;
            let target = members::Members::new(&mut source, &args)?;
            import(source, target, &args).await
        }
        What::Activities(args) if args.file.extension().is_some_and(|extension| extension == "jsonl") => {
            import(
                Source::json_lines(&args.file)?,
                activities::Activities::of_json(&args),
                &args,
            )
            .await
        }
        What::Activities(args) => {
            let mut source = Source::csv(&args.file)?;
            let target = activities::Activities::of_csv(&mut source, &args)?;
            import(source, target, &args).await
        }
    }
}

/// What rows become, and where they go.
trait Target {
    /// "members".
    const NOUN: &'static str;
    /// How many rows are acknowledged together.
    const CHUNK: usize;
    /// How many chunks are under way at once.
    const CHUNKS_AT_ONCE: usize;
    /// A row as the API takes it.
    type Item;

    /// Reads a row; answers everything that is wrong with it.
    fn read(&self, row: &Row) -> Result<Self::Item, Vec<String>>;

    /// Sends rows and answers those that the platform refused, by their numbers, with the reasons.
    async fn send(&self, api: &Api, items: Vec<(u64, Self::Item)>) -> Result<Vec<(u64, Vec<String>)>, Fault>;
}

/// What has become of some rows that follow each other.
struct Chunk {
    rows: Vec<Row>,
    refused: Vec<(u64, Vec<String>)>,
    end: Position,
}

async fn import<T: Target>(mut source: Source, target: T, args: &FileArgs) -> Result<ExitCode, Fault> {
    if args.key.is_empty() && !args.dry_run {
        return Err(Fault::invalid(
            "key",
            "is needed: --key, or QUANYU_API_KEY in the environment",
        ));
    }
    let api = Api::new(&args.address, &args.key)?;
    let mut bookmark = Bookmark::open(&args.file, T::NOUN)?;
    let mut rejected = Rejected::open(&args.file, source.headers(), &bookmark)?;
    if !args.dry_run && bookmark.is_begun() {
        say(format_args!("Going on after row {}", bookmark.position.row));
        source.go_on(&bookmark.position)?;
    } else {
        bookmark.begin(source.position());
    }

    let (started, rows_before) = (Instant::now(), bookmark.position.row);
    let mut progress = Progress::new("bytes", bookmark.file_bytes).after(bookmark.position.byte);
    let (target, api) = (&target, &api);
    let chunks = std::iter::from_fn(|| source.chunk(T::CHUNK).transpose());
    let work = stream::iter(chunks).map(|chunk| async move { chunk_of(target, api, chunk?, args.dry_run).await });
    let mut work = std::pin::pin!(work.buffered(T::CHUNKS_AT_ONCE));
    while let Some(chunk) = work.next().await {
        let chunk = chunk.map_err(|fault| away(&args.address, fault))?;
        let bytes = chunk.end.byte.saturating_sub(bookmark.position.byte);
        rejected.add(&chunk.rows, &chunk.refused)?;
        bookmark.acknowledge(chunk.end, &rejected);
        if !args.dry_run {
            bookmark.save()?;
        }
        progress.at(format!("{} rows", bookmark.position.row));
        progress.add(bytes, &format!("row {}", bookmark.position.row));
    }
    progress.finish();
    if !args.dry_run {
        bookmark.remove()?;
    }
    let rows = bookmark.position.row.saturating_sub(rows_before);
    Ok(conclude::<T>(args, rows, &bookmark, started))
}

async fn chunk_of<T: Target>(target: &T, api: &Api, rows: Vec<Row>, dry_run: bool) -> Result<Chunk, Fault> {
    let end = rows.last().map(|row| row.end).unwrap_or_default();
    let (mut items, mut refused) = (Vec::new(), Vec::new());
    for row in &rows {
        match target.read(row) {
            Ok(item) => items.push((row.number, item)),
            Err(reasons) => refused.push((row.number, reasons)),
        }
    }
    if !dry_run && !items.is_empty() {
        refused.extend(target.send(api, items).await?);
        refused.sort();
    }
    Ok(Chunk { rows, refused, end })
}

fn conclude<T: Target>(args: &FileArgs, rows: u64, bookmark: &Bookmark, started: Instant) -> ExitCode {
    let all = bookmark.position.row;
    let good = all.saturating_sub(bookmark.rejected_rows);
    let verb = if args.dry_run {
        "can be imported"
    } else {
        "were imported"
    };
    let per_second = rate(rows, started.elapsed());
    say(format_args!(
        "{good} of {all} {} {verb}, {per_second} rows a second",
        T::NOUN
    ));
    if bookmark.rejected_rows == 0 {
        return ExitCode::SUCCESS;
    }
    let path = beside(&args.file, "rejected.csv");
    complain(format_args!(
        "{} rows were rejected: {} has them with the reasons",
        bookmark.rejected_rows,
        path.display()
    ));
    ExitCode::from(SOME_REJECTED)
}

/// Trouble on the way, with where it was met and what helps.
fn away(address: &str, fault: Fault) -> Fault {
    match fault {
        Fault::Unavailable {
            reason,
            message,
            retry_after,
        } => Fault::Unavailable {
            reason,
            message: format!("{address} does not answer ({message}): start the same import again when it does"),
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

/// The id under which a row is sent, the same whenever the same row stands at the same place.
fn row_id(noun: &str, row: &Row) -> String {
    let mut digest = Sha256::new();
    digest.update(noun.as_bytes());
    digest.update(row.number.to_be_bytes());
    for cell in row.cells.iter().flatten() {
        // With its length, so that no two rows are one string of bytes.
        digest.update(u64::try_from(cell.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(cell.as_bytes());
    }
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, cells: &[&str]) -> Row {
        let cells = Ok(cells.iter().map(|cell| (*cell).to_owned()).collect());
        Row {
            number,
            cells,
            end: Position::default(),
        }
    }

    #[test]
    fn a_row_s_id_follows_from_its_content_and_its_place() {
        let id = |row| row_id("members", &row);
        assert_eq!(id(row(1, &["a", "b"])), id(row(1, &["a", "b"])));
        assert_ne!(id(row(1, &["a", "b"])), id(row(2, &["a", "b"])));
        assert_ne!(id(row(1, &["a", "b"])), id(row(1, &["ab", ""])));
        assert_ne!(id(row(1, &["a"])), row_id("activities", &row(1, &["a"])));
        assert_eq!(id(row(1, &["a"])).len(), 64);
    }
}
