use std::time::Duration;

use kernel::{Clock, Time};
use rpc::Transport;
use tls::{Certificates, Connector, Files};

use super::{Report, good};
use crate::config::Config;

/// How long before its end a certificate should have been issued anew.
const LEFT_MIN: Duration = Duration::from_hours(7 * 24);

/// Whether the files of the certificates are good and for how long; answers how peers are called with them.
pub(super) fn look(config: &Config, report: &mut Report) -> Transport {
    let mesh = config.mesh_files(None);
    let all = [
        ("tls", config.listener_files()),
        ("mesh_tls", mesh.clone()),
        ("etcd", config.etcd_files()),
    ];
    if all.iter().all(|(_, files)| files.is_none()) {
        good("none are configured: clients, services and etcd speak plain text");
    }
    let now = Clock::system().now();
    for (setting, files) in all
        .iter()
        .filter_map(|(setting, files)| Some((setting, files.as_ref()?)))
    {
        file(setting, files, now, report);
    }
    let mesh = mesh.and_then(|files| Certificates::watch("mesh_tls", files).ok());
    mesh.map_or(Transport::Plain, |mesh| Transport::Tls(Connector::new(&mesh)))
}

fn file(setting: &str, files: &Files, now: Time, report: &mut Report) {
    const MEND: &str =
        "processes that run go on with what they read before, as long as that lasts; one that starts does not";
    let troubles = files.check(now);
    for trouble in &troubles {
        report.bad(format_args!("{setting}.{trouble}"), MEND);
    }
    match files.expires(now) {
        Some(end) if end.since(now) < LEFT_MIN => report.bad(
            format_args!("{setting}: the certificate ends at {end}"),
            "issue it anew and put it in its place: processes take it up by themselves",
        ),
        Some(end) => good(format_args!("{setting}: the certificate is good until {end}")),
        None if troubles.is_empty() => good(format_args!("{setting}: the CAs are good")),
        None => {}
    }
}
