//! `quanyu demo`: the whole platform at work on 69,659 real purchases, through its public API alone.
//!
//! The plan ([`plan`]) is made first, from the data and a seed, and says what must come of it. The replay plays it day by
//! day with the platform's clock following the data. The figures are then read from the services, printed, and compared
//! with the plan and with what the replay did: one that is off makes the exit code 1.

mod brand;
mod cdnow;
mod check;
mod dice;
mod figures;
mod people;
mod phases;
mod plan;
mod replay;
mod report;
mod story;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use fault::Fault;
use kernel::{Clock, Time};
use runtime::Lifecycle;
use telemetry::Telemetry;

use self::check::Check;
use self::figures::Figures;
use self::phases::{Phase, Phases};
use self::plan::Plan;
use self::replay::Replay;
use crate::api::Api;
use crate::config::{Config, TlsSettings};
use crate::platform::Platform;
use crate::progress::rate;
use crate::terminal::say;
use crate::up;

/// Shows the platform at work: replays the purchases of 23,570 real people (CDNOW, 1997-98) over three shops, with
/// points, tiers, coupons, tags, segments and a journey, and prints what came of it.
///
/// Everything goes through the gateway's public API. The platform starts in a fresh folder with a clock that follows the
/// data, and keeps serving afterwards, so that you can try the API against the data. Exits with 1 when a figure of the
/// platform is not what was sent, or when the ledger disagrees with itself.
///
/// With --folder, which must be empty or new, the databases stay, and every commit waits for the disk; without it they are
/// deleted in the end, and none does.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// End after the report instead of serving until Ctrl-C.
    #[arg(long)]
    exit: bool,
    /// Replay only the first N customers.
    #[arg(long, value_name = "N")]
    members_max: Option<u32>,
    /// Draws who the customers are and what they do besides buying; the same number gives the same figures.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Runs the demo.
pub async fn run(args: DemoArgs, config: &Config, telemetry: &Telemetry) -> Result<ExitCode, Fault> {
    let (folder, deleted_in_the_end) = folder(config)?;
    let config = Config {
        folder,
        is_disposable: deleted_in_the_end.is_some(),
        database_url: None,
        migrate_at_start: true,
        // It calls itself.
        tls: TlsSettings::default(),
        ..config.clone()
    };
    let mut purchases = cdnow::purchases()?;
    purchases.retain(|purchase| args.members_max.is_none_or(|max| purchase.customer <= max));
    let plan = Plan::new(&purchases, args.seed);
    let start = plan.days.keys().next().copied().unwrap_or(Time::EPOCH);

    let lifecycle = Lifecycle::new();
    lifecycle
        .listen_to_signals(config.drain().saturating_add(Duration::from_secs(5)))
        .map_err(Fault::internal)?;
    let mut phases = Phases::default();
    let starting = Platform::start(&config, Clock::manual(start), telemetry.red());
    let platform = phases.measure(Phase::SetUp, starting).await?;
    let outcome = tokio::select! {
        outcome = show(&args, &platform, &plan, &mut phases) => outcome,
        () = lifecycle.stopping() => Err(Fault::unavailable("the demo was interrupted")),
    };
    let outcome = match outcome {
        Ok((key, exit_code)) if !args.exit => {
            say(try_next(
                &platform.address().to_string(),
                platform.clock(),
                &key,
                &config,
            ));
            lifecycle.stopping().await;
            Ok(exit_code)
        }
        outcome => outcome.map(|(_, exit_code)| exit_code),
    };
    let stopped = lifecycle.unless_ended(platform.stop()).await;
    stopped.unwrap_or(Ok(()))?;
    outcome
}

/// Everything that is shown; answers the brand's key.
async fn show(
    args: &DemoArgs,
    platform: &Platform,
    plan: &Plan,
    phases: &mut Phases,
) -> Result<(String, ExitCode), Fault> {
    let address = platform.address().to_string();
    let orders: usize = plan.days.values().map(|day| day.orders.len()).sum();
    say(format_args!(
        "Replaying {orders} purchases of {} people, seed {}, at {address}",
        plan.people.len(),
        args.seed
    ));
    let operator_key = platform
        .first_key()
        .ok_or_else(|| Fault::invalid("folder", "must be empty or new"))?;
    let key = phases
        .measure(Phase::SetUp, brand::create(&address, operator_key))
        .await?;
    let api = Api::new(&address, &key)?;

    let started = Instant::now();
    let mut replay = Replay::new(&api, platform, plan);
    replay.run(phases).await?;
    let took = started.elapsed();
    let tally = replay.tally;
    say(format_args!(
        "Replayed in {:.1} s: {} orders and refunds a second",
        took.as_secs_f64(),
        rate(tally.recorded, took)
    ));

    let figures = phases.measure(Phase::Figures, Box::pin(Figures::read(&api))).await?;
    say(report::report(&plan.expected, &tally, &figures).trim_end());
    if let Some(person) = tally.richest().and_then(|customer| plan.people.get(&customer)) {
        say(phases
            .measure(Phase::Figures, story::tell(&api, person))
            .await?
            .trim_end());
    }
    let checks = check::checks(&plan.expected, &tally, &figures);
    say(report::verdict(&checks, &tally, &figures).trim_end());
    say(report::timing(phases, &tally, took).trim_end());
    let exit_code = if checks.iter().all(Check::holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    };
    Ok((key, exit_code))
}

/// The folder to work in; without a wish a temporary one, which goes away with the second value.
fn folder(config: &Config) -> Result<(PathBuf, Option<tempfile::TempDir>), Fault> {
    let folder = &config.folder;
    if *folder == Config::default().folder {
        let folder = tempfile::Builder::new()
            .prefix("quanyu-demo-")
            .tempdir()
            .map_err(Fault::internal)?;
        return Ok((folder.path().to_owned(), Some(folder)));
    }
    let is_used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_used {
        return Err(Fault::invalid(
            "folder",
            format!("{} must be empty or new", folder.display()),
        ));
    }
    Ok((folder.clone(), None))
}

/// What to try against the data: those lines alone that work with these settings. It speaks plain text, whatever they say.
fn try_next(address: &str, clock: &Clock, key: &str, config: &Config) -> String {
    let bearer = "-H \"authorization: Bearer $QUANYU_API_KEY\"";
    let customer = people::Shop::Pos;
    let by_grpc = up::by_reflection(
        config,
        "grpcurl -plaintext",
        address,
        bearer,
        "quanyu.points.v1.AssetService/ListAssets",
    );
    let reflected: Vec<String> = by_grpc.iter().map(|line| format!("\n  {line}")).collect();
    format!(
        "\nThe platform serves on, gRPC and REST at {address}, data in {}. Its clock stands at {}.\nTry next:\n\n  \
         export QUANYU_API_KEY={key}\n  \
         curl -s {bearer} http://{address}/v1/insights/summary\n  \
         curl -s {bearer} 'http://{address}/v1/segments/loyal/members?pageSize=3'\n  \
         curl -s {bearer} http://{address}/v1/rights-summary\n  \
         curl -s {bearer} http://{address}/v1/assets/points/liability\n  \
         curl -s {bearer} http://{address}/v1/journeys/lifecycle:statistics\n  \
         curl -s {bearer} 'http://{address}/v1/members?channelCode={}&pageSize=1'{}\n\nCtrl-C stops.",
        config.folder.display(),
        clock.now(),
        customer.code(),
        reflected.concat(),
    )
}

#[cfg(test)]
mod tests {
    use gateway::Exposure;

    use super::*;

    #[test]
    fn the_lines_to_copy_are_those_that_work_with_the_settings() {
        let mut config = Config::default();
        let clock = Clock::manual(Time::EPOCH);
        let mut told = |exposure| {
            config.gateway.reflection = exposure;
            try_next("127.0.0.1:7400", &clock, "qy_1", &config)
        };
        let open = told(Exposure::On);
        assert!(open.contains("grpcurl -plaintext 127.0.0.1:7400 list\n"), "{open}");
        assert!(
            open.contains("127.0.0.1:7400 quanyu.points.v1.AssetService/ListAssets\n"),
            "{open}"
        );
        let by_key = told(Exposure::Key);
        let list = "grpcurl -plaintext -H \"authorization: Bearer $QUANYU_API_KEY\" 127.0.0.1:7400 list\n";
        assert!(by_key.contains(list), "{by_key}");
        let closed = told(Exposure::Off);
        assert!(
            !closed.contains("grpcurl") && closed.contains("/v1/members"),
            "{closed}"
        );
    }
}
