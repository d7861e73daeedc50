//! `quanyu up`: all services in one process.

use std::io::IsTerminal;
use std::time::Duration;

use fault::Fault;
use gateway::{Exposure, FirstSecret};
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
        Outside::of_all(platform.certificates().clone(), platform.issuers().clone()),
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
    say(format_args!(
        "{}",
        try_next(config, &address.to_string(), "$QUANYU_API_KEY")
    ));
}

/// Lines to copy for a first call: those alone that work with these settings.
fn try_next(config: &Config, address: &str, key: &str) -> String {
    let channel = r#"{"requestId":"channel-1","channel":{"channelCode":"pos","kind":"CHANNEL_KIND_POS","displayName":"Stores","trustRank":1}}"#;
    let member = r#"{"requestId":"resolve-1","arrival":{"channelCode":"pos","externalId":"card-1"}}"#;
    let is_safe = config.tls.cert_file.is_some();
    let (curl, grpcurl) = match is_safe {
        true => ("curl -s --cacert ca.crt https", "grpcurl -cacert ca.crt"),
        false => ("curl -s http", "grpcurl -plaintext"),
    };
    let bearer = format!("-H \"authorization: Bearer {key}\"");
    let mut lines = vec![
        format!("{curl}://{address}/v1/channels {bearer} -d '{channel}'"),
        format!("{curl}://{address}/v1/members:resolve {bearer} -d '{member}'"),
    ];
    let method = "quanyu.identity.v1.ChannelService/ListChannels";
    lines.extend(by_reflection(config, grpcurl, address, &bearer, method));
    match config.gateway.documents {
        Exposure::On => lines.push(format!("{curl}://{address}/openapi.json")),
        Exposure::Key => lines.push(format!("{curl}://{address}/openapi.json {bearer}")),
        Exposure::Off => {}
    }
    let hint = match is_safe {
        true => {
            "\n\nca.crt holds the CA that issued the certificate of tls.cert_file, and the address must be one of its names."
        }
        false => "",
    };
    format!("\nTry next:\n\n  {}{hint}\n\nCtrl-C stops.", lines.join("\n  "))
}

/// Lines for grpcurl, which learns the contracts by reflection: none where there is none.
pub(crate) fn by_reflection(config: &Config, grpcurl: &str, address: &str, bearer: &str, method: &str) -> Vec<String> {
    let list = match config.gateway.reflection {
        Exposure::On => format!("{grpcurl} {address} list"),
        Exposure::Key => format!("{grpcurl} {bearer} {address} list"),
        Exposure::Off => return Vec::new(),
    };
    vec![list, format!("{grpcurl} {bearer} {address} {method}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_to_copy_are_those_that_work_with_the_settings() {
        let mut config = Config::default();
        let told = |config: &Config| try_next(config, "127.0.0.1:7400", "$KEY");
        let plain = told(&config);
        assert!(plain.contains("grpcurl -plaintext 127.0.0.1:7400 list"), "{plain}");
        assert!(
            plain.contains("curl -s http://127.0.0.1:7400/openapi.json\n"),
            "{plain}"
        );

        config.tls.cert_file = Some("tls.crt".into());
        config.gateway.reflection = Exposure::Key;
        config.gateway.documents = Exposure::Key;
        let safe = told(&config);
        assert!(!safe.contains("http://") && !safe.contains("-plaintext"), "{safe}");
        for line in [
            "grpcurl -cacert ca.crt -H \"authorization: Bearer $KEY\" 127.0.0.1:7400 list",
            "https://127.0.0.1:7400/openapi.json -H \"authorization: Bearer $KEY\"",
        ] {
            assert!(safe.contains(line), "{line}: {safe}");
        }

        config.gateway.reflection = Exposure::Off;
        config.gateway.documents = Exposure::Off;
        let closed = told(&config);
        assert!(!closed.contains("grpcurl") && !closed.contains("openapi"), "{closed}");
        assert!(closed.contains("https://127.0.0.1:7400/v1/channels"), "{closed}");
    }
}
