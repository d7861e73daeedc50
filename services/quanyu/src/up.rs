//! `quanyu up`: all services in one process.

use std::io::IsTerminal;
use std::time::Duration;

use fault::Fault;
use gateway::FirstSecret;
use kernel::Clock;
use runtime::{ClockTrust, Lifecycle, Turn};
use telemetry::Telemetry;

use crate::admin;
use crate::config::Config;
use crate::connections;
use crate::keys;
use crate::outside::Outside;
use crate::platform::Platform;
use crate::terminal::say;

/// Runs the platform until it is asked to stop.
pub(crate) async fn run(config: &Config, telemetry: &Telemetry) -> Result<(), Fault> {
    let started = std::time::Instant::now();
    let lifecycle = Lifecycle::new();
    lifecycle
        .listen_to_signals(config.drain().saturating_add(Duration::from_secs(5)))
        .map_err(Fault::internal)?;
    let first = config
        .first_secret(std::io::stdout().is_terminal())
        .map_err(|problem| Fault::invalid(problem.setting, problem.message))?;
    let starting = Platform::start_with(
        config,
        first.clone(),
        Clock::system(),
        ClockTrust::Guarded,
        telemetry.red(),
    );
    let outcome = tokio::select! {
        platform = starting => platform,
        () = lifecycle.stopping() => return Ok(()),
    };
    let platform = outcome?;
    let admin = admin::serve(
        config.admin_listen,
        telemetry.red(),
        lifecycle.clone(),
        platform.readiness().clone(),
        Turn::always(),
        Outside::holding(platform.certificates().clone()),
    )
    .await?;
    welcome(config, &platform, &first, started.elapsed());
    lifecycle.stopping().await;
    say("stopping: calls under way are finished; press Ctrl-C again to end at once");
    let stopped = lifecycle.unless_ended(platform.stop()).await;
    admin.abort();
    stopped.unwrap_or(Ok(()))
}

fn welcome(config: &Config, platform: &Platform, first: &FirstSecret, took: Duration) {
    let address = platform.address();
    let place = match &config.database_url {
        Some(_) => match config.connections_of_all() {
            Ok(parts) => format!(
                "in PostgreSQL by up to {} connections ({})",
                parts.iter().sum::<u32>(),
                connections::told(&parts)
            ),
            Err(_) => "in PostgreSQL".to_owned(),
        },
        None => format!("in {}", config.folder.display()),
    };
    say(format_args!(
        "Quanyu serves gRPC and REST at {address}, data {place}, ready in {} ms",
        took.as_millis()
    ));
    keys::tell(platform.beginning(), first);
    say(format_args!("{}", try_next(&address.to_string(), "$QUANYU_API_KEY")));
}

/// Lines to copy for a first call.
pub fn try_next(address: &str, key: &str) -> String {
    let channel = r#"{"requestId":"channel-1","channel":{"channelCode":"pos","kind":"CHANNEL_KIND_POS","displayName":"Stores","trustRank":1}}"#;
    let member = r#"{"requestId":"resolve-1","arrival":{"channelCode":"pos","externalId":"card-1"}}"#;
    format!(
        "\nTry next:\n\n  \
         curl -s http://{address}/v1/channels -H \"authorization: Bearer {key}\" -d '{channel}'\n  \
         curl -s http://{address}/v1/members:resolve -H \"authorization: Bearer {key}\" -d '{member}'\n  \
         grpcurl -plaintext {address} list\n  \
         grpcurl -plaintext -H \"authorization: Bearer {key}\" {address} quanyu.identity.v1.ChannelService/ListChannels\n  \
         curl -s http://{address}/openapi.json\n\nCtrl-C stops."
    )
}
