//! Two builds under the same load, in turns, and one of them with few members and with many.
//!
//! What a call costs is told by the processor time that the processes spent meanwhile: rates of one machine say little,
//! since callers and services share it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use fault::Fault;

use crate::cases::Case;
use crate::fleet::Fleet;
use crate::load::Load;
use crate::world::{Way, World};
use crate::{echo, millis, permille, process, say};

/// The other build.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompareArgs {
    /// The binary of before.
    #[arg(long)]
    before: PathBuf,
    /// An empty PostgreSQL database for it.
    #[arg(long)]
    before_database_url: Option<String>,
    /// How often each case is measured.
    #[arg(long, default_value_t = 3)]
    turns: usize,
    /// Only cases with one of these words in their names.
    #[arg(long = "case", value_name = "WORD")]
    cases: Vec<String>,
    /// The ways that calls go.
    #[arg(long, value_enum, default_values_t = [Way::Direct])]
    way: Vec<Way>,
}

/// How many members the one build has.
#[derive(Debug, Clone, Args)]
pub(crate) struct GrowArgs {
    /// An empty PostgreSQL database for the many.
    #[arg(long)]
    many_database_url: Option<String>,
    /// How many members the other platform has.
    #[arg(long, default_value_t = 1_000_000)]
    many: usize,
    /// How often each case is measured.
    #[arg(long, default_value_t = 2)]
    turns: usize,
}

/// A platform that is measured.
struct Side {
    name: String,
    fleet: Fleet,
    world: World,
}

/// What a side has done in all turns.
#[derive(Debug, Default)]
struct Sum {
    calls: u64,
    errors: usize,
    elapsed: Duration,
    /// Of the platform's processes.
    cpu: Duration,
    /// Of PostgreSQL's.
    server: Duration,
    /// Of each turn.
    p99: Vec<u64>,
}

/// Measures both builds in turns.
pub(crate) async fn run(
    after: &Path,
    database_url: Option<&str>,
    members: usize,
    load: &Load,
    args: &CompareArgs,
) -> Result<(), Fault> {
    let sides = [
        Side::start("before", &args.before, args.before_database_url.as_deref(), members).await?,
        Side::start("after", after, database_url, members).await?,
    ];
    let wanted = |case: &Case| args.cases.is_empty() || args.cases.iter().any(|word| case.name().contains(&**word));
    let cases: Vec<Case> = Case::ALL.into_iter().filter(wanted).collect();
    in_turns(&sides, &cases, &args.way, load, args.turns).await
}

/// Measures one build with few members and with many in turns.
pub(crate) async fn grow(
    binary: &Path,
    database_url: Option<&str>,
    members: usize,
    load: &Load,
    args: &GrowArgs,
) -> Result<(), Fault> {
    let sides = [
        Side::start(&format!("{members}"), binary, database_url, members).await?,
        Side::start(
            &format!("{}", args.many),
            binary,
            args.many_database_url.as_deref(),
            args.many,
        )
        .await?,
    ];
    in_turns(&sides, &Case::ALL, &[Way::Direct], load, args.turns).await
}

async fn in_turns(sides: &[Side; 2], cases: &[Case], ways: &[Way], load: &Load, turns: usize) -> Result<(), Fault> {
    let echo = echo::alone(load).await?.per_second();
    let [one, other] = sides;
    say(&format!(
        "{} callers, {turns} turns of {} s, {}; the empty echo has {echo}/s; CPU us a call: the platform's, and PostgreSQL's",
        load.callers,
        load.duration.as_secs(),
        one.fleet.database()
    ));
    say(&format!(
        "{:<30} {:>10} {:>10} {:>7} {:>7} {:>7} {:>15} {:>15} {:>9} {:>9}",
        "", one.name, other.name, "ratio", "/ echo", "/ echo", "CPU", "CPU", "p99 ms", "p99 ms"
    ));
    for way in ways {
        for case in cases {
            let mut sums = [Sum::default(), Sum::default()];
            for _ in 0..turns {
                for (side, sum) in sides.iter().zip(&mut sums) {
                    side.measure(*case, *way, load, sum).await?;
                }
            }
            let [before, after] = &sums;
            say(&format!(
                "{:<30} {:>10} {:>10} {:>7} {:>7} {:>7} {:>15} {:>15} {:>9} {:>9}{}",
                format!("{} {}", case.name(), way.name()),
                before.rate(),
                after.rate(),
                permille(after.rate(), before.rate()),
                permille(before.rate(), echo),
                permille(after.rate(), echo),
                before.cost(),
                after.cost(),
                millis(before.p99()),
                millis(after.p99()),
                told(before.errors.saturating_add(after.errors)),
            ));
        }
    }
    Ok(())
}

fn told(errors: usize) -> String {
    match errors {
        0 => String::new(),
        errors => format!("  {errors} errors"),
    }
}

impl Side {
    async fn start(name: &str, binary: &Path, database_url: Option<&str>, members: usize) -> Result<Self, Fault> {
        let fleet = Fleet::start(binary, database_url).await?;
        let world = World::build(&fleet, members).await?;
        Ok(Self {
            name: name.to_owned(),
            fleet,
            world,
        })
    }

    async fn measure(&self, case: Case, way: Way, load: &Load, sum: &mut Sum) -> Result<(), Fault> {
        let route = way.route(&self.fleet, case.service())?;
        let (cpu, server) = (self.fleet.cpu()?, process::cpu_of_all("postgres")?);
        let figures = case.measure(&self.world, route, load).await;
        // The warm-up is not counted among the calls: its share of the time is taken off.
        let of_measured = |spent: Duration| {
            let whole = load.warm_up.saturating_add(load.duration).as_millis().max(1);
            let share = spent
                .as_micros()
                .saturating_mul(load.duration.as_millis())
                .checked_div(whole);
            Duration::from_micros(share.and_then(|micros| u64::try_from(micros).ok()).unwrap_or(u64::MAX))
        };
        sum.cpu = sum
            .cpu
            .saturating_add(of_measured(self.fleet.cpu()?.saturating_sub(cpu)));
        let server_now = process::cpu_of_all("postgres")?;
        sum.server = sum
            .server
            .saturating_add(of_measured(server_now.saturating_sub(server)));
        sum.calls = sum.calls.saturating_add(figures.calls());
        sum.errors = sum.errors.saturating_add(figures.errors);
        sum.elapsed = sum.elapsed.saturating_add(load.duration);
        sum.p99.push(figures.percentile(990));
        Ok(())
    }
}

impl Sum {
    fn rate(&self) -> u64 {
        let millis = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        self.calls.saturating_mul(1_000).checked_div(millis).unwrap_or(0)
    }

    fn cost(&self) -> String {
        let a_call = |spent: Duration| {
            let micros = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
            micros.checked_div(self.calls.max(1)).unwrap_or(0)
        };
        format!("{} + {}", a_call(self.cpu), a_call(self.server))
    }

    /// The median of the turns.
    fn p99(&self) -> u64 {
        let mut all = self.p99.clone();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or(0)
    }
}
