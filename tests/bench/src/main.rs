//! A load generator for the calls that channels make most.
//!
//! It starts every role of the binary in a process of its own, calls each method directly and through the gateway, and
//! beside them an empty echo with the same number of callers: on a shared machine the ratios are what can be compared.
//!
//! `ledger` measures the points ledger alone: what its posting engine gains over one transaction for each request, and what
//! the ways to it cost. `due` measures how fast rows that are due are ended with their facts, `facts` how soon a fact takes effect
//! by each way that it goes. `mesh` measures calls between processes, `rest` the gateway's JSON beside Envoy's, `start` how
//! soon a platform is there. `compare` measures two builds in turns, `grow` one with few members and with many; both tell what a
//! call costs of the processors.
//!
//! ```text
//! cargo build --release && cargo run --release -p bench
//! cargo run --release -p bench -- --database-url postgres://quanyu@127.0.0.1/quanyu --callers 256 ledger
//! cargo run --release -p bench -- due
//! cargo run --release -p bench -- --members 1000 mesh
//! cargo run --release -p bench -- --members 1000 rest --envoy /usr/bin/envoy
//! cargo run --release -p bench -- start
//! cargo run --release -p bench -- compare --before /tmp/quanyu-of-before
//! cargo run --release -p bench -- grow --many 1000000
//! cargo run --release -p bench -- --seconds 20 facts --rate 2000 --nats-url nats://127.0.0.1:4222
//! cargo run --release -p bench -- --database-url postgres://quanyu@127.0.0.1/quanyu --callers 256
//! ```

mod bytes;
mod cases;
mod compare;
mod due;
mod echo;
mod facts;
mod fleet;
mod ledger;
mod load;
mod mesh;
mod process;
mod rest;
mod start;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use fault::Fault;

use crate::cases::Case;
use crate::fleet::Fleet;
use crate::load::{Figures, Load};
use crate::world::{Way, World};

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    measure: Option<Measure>,
    /// The binary to be measured.
    #[arg(long, default_value = "target/release/quanyu")]
    binary: PathBuf,
    /// PostgreSQL instead of SQLite files: an empty database.
    #[arg(long)]
    database_url: Option<String>,
    /// How many callers wait for an answer at any time.
    #[arg(long, default_value_t = 64)]
    callers: usize,
    /// How long each case is measured, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many members there are.
    #[arg(long, default_value_t = 10_000)]
    members: usize,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// The points ledger: with 256 callers, unless told otherwise.
    Ledger(ledger::LedgerArgs),
    /// Coupons that expire, with their facts: how many a minute.
    Due(due::DueArgs),
    /// Calls between processes: balanced ones, a replica that dies, too many callers.
    Mesh,
    /// REST through the gateway beside Envoy's transcoder before the same service.
    Rest(rest::RestArgs),
    /// How soon `quanyu up` is ready, and what it holds in memory.
    Start,
    /// Facts at a given rate: from the commit that tells them to the commit that applies them.
    Facts(facts::FactsArgs),
    /// How many bytes an activity and a posting take, with all that follows from them.
    Bytes,
    /// Two builds in turns: `--binary` is that of after.
    Compare(compare::CompareArgs),
    /// One build with `--members` members and with many, in turns.
    Grow(compare::GrowArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&format!("bench: {fault}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Fault> {
    let load = Load {
        callers: args.callers,
        warm_up: Duration::from_secs(1),
        duration: Duration::from_secs(args.seconds),
    };
    if let Some(Measure::Start) = args.measure {
        return start::run(&args.binary).await;
    }
    if let Some(Measure::Facts(scale)) = &args.measure {
        return facts::run(scale, &load, args.database_url.as_deref()).await;
    }
    let (database_url, members) = (args.database_url.as_deref(), args.members);
    match &args.measure {
        Some(Measure::Compare(of)) => return compare::run(&args.binary, database_url, members, &load, of).await,
        Some(Measure::Grow(of)) => return compare::grow(&args.binary, database_url, members, &load, of).await,
        _ => {}
    }
    let fleet = Fleet::start(&args.binary, args.database_url.as_deref()).await?;
    match &args.measure {
        Some(Measure::Ledger(scale)) => return ledger::run(&fleet, &load, scale).await,
        Some(Measure::Due(scale)) => return due::run(&fleet, scale).await,
        Some(Measure::Mesh) => return mesh::run(&fleet, &load, args.members).await,
        Some(Measure::Rest(envoy)) => return rest::run(&fleet, &load, args.members, envoy).await,
        Some(Measure::Bytes) => return bytes::run(&fleet, args.members).await,
        Some(Measure::Facts(_) | Measure::Start | Measure::Compare(_) | Measure::Grow(_)) | None => {}
    }
    let echo = echo::alone(&load).await?;
    let world = World::build(&fleet, args.members).await?;
    say(&format!(
        "{} callers, {} s a case, {} members, {}",
        args.callers,
        args.seconds,
        args.members,
        fleet.database()
    ));
    say(&format!(
        "{:<30} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}",
        "", "req/s", "p50 ms", "p99 ms", "p99.9 ms", "errors", "/ echo"
    ));
    tell("empty echo", &echo, &echo);
    for way in Way::ALL {
        for case in Case::ALL {
            let route = way.route(&fleet, case.service())?;
            let figures = case.measure(&world, route, &load).await;
            tell(&format!("{} {}", case.name(), way.name()), &figures, &echo);
        }
    }
    Ok(())
}

fn tell(name: &str, figures: &Figures, echo: &Figures) {
    say(&format!(
        "{name:<30} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}",
        figures.per_second(),
        millis(figures.percentile(500)),
        millis(figures.percentile(990)),
        millis(figures.percentile(999)),
        figures.errors,
        permille(figures.per_second(), echo.per_second()),
    ));
}

/// Microseconds in milliseconds.
fn millis(micros: u64) -> String {
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}

/// How many times the one is the other: counted in thousandths, so that no floating point is needed.
fn permille(one: u64, other: u64) -> String {
    let ratio = one.saturating_mul(1_000).checked_div(other.max(1)).unwrap_or(0);
    format!("{}.{:03}", ratio / 1_000, ratio % 1_000)
}

fn say(line: &str) {
    use std::io::Write;
    // A reader that has gone away is no failure.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
