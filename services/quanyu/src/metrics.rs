//! What /metrics says of a process besides its methods: its pools, how far its consumers are behind, the process, the build.
//!
//! The text exposition format of Prometheus, version 0.0.4. Labels are names that the code knows: services, pools, consumers.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use events::{JetStreamStanding, Way};
use kernel::Clock;
use mesh::Standing;
use store::Db;
use telemetry::{Followed, Red};

use crate::machine;
use crate::roles;

/// How long the databases may take to be asked. What is not known in time is left out.
const TIMEOUT: Duration = Duration::from_secs(1);
const MICROS: i64 = 1_000_000;

type Databases = Arc<BTreeMap<&'static str, Db>>;

/// What a process has seen of those that it works with.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) etcd: Option<Standing>,
    pub(crate) nats: Option<JetStreamStanding>,
    pub(crate) certificates: Vec<tls::Standing>,
    /// The issuers of tokens by their names, and whether the keys of each are at hand.
    pub(crate) issuers: Vec<(String, bool)>,
}

/// A metric: name, type, help, and its samples with their labels.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    samples: Vec<(String, String)>,
}

impl Family {
    fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            kind: "gauge",
            help,
            samples: Vec::new(),
        }
    }

    fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            kind: "counter",
            ..Self::gauge(name, help)
        }
    }

    fn add(&mut self, labels: impl Into<String>, value: impl ToString) {
        self.samples.push((labels.into(), value.to_string()));
    }

    fn of_one(mut self, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.add("", value);
        }
        self
    }

    fn write(&self, text: &mut String) {
        if self.samples.is_empty() {
            return;
        }
        let Self { name, kind, help, .. } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in &self.samples {
            let _ = match labels.is_empty() {
                true => writeln!(text, "{name} {value}"),
                false => writeln!(text, "{name}{{{labels}}} {value}"),
            };
        }
    }
}

/// Everything that a process tells of itself.
/// Where another replica's workers work, nothing is told of consumers: what this one knew of them is old.
pub(crate) async fn text(
    red: &Red,
    databases: Option<&Databases>,
    works: bool,
    beside: Beside,
    clock: &Clock,
) -> String {
    let mut text = red.prometheus_text();
    let mut families = vec![build()];
    families.extend(process());
    families.extend(beside.etcd.map(discovery).unwrap_or_default());
    families.extend(certificates(&beside.certificates));
    families.push(issuers(&beside.issuers));
    if let Some(databases) = databases {
        families.push(turn(databases, works));
        families.extend(pools(databases));
        let followed = if works { red.followed() } else { Vec::new() };
        let streams = beside.nats.filter(|_| works).unwrap_or_default();
        let published = streams.published.clone();
        families.extend(streams_of_nats(streams));
        let asked = tokio::time::timeout(TIMEOUT, events(followed, databases, published, clock));
        families.extend(asked.await.unwrap_or_default());
    }
    for family in &families {
        family.write(&mut text);
    }
    text
}

fn build() -> Family {
    let mut family = Family::gauge("quanyu_build_info", "Which build this is; always 1.");
    let version = env!("CARGO_PKG_VERSION");
    // The builder of a release sets it.
    let commit = option_env!("QUANYU_COMMIT").unwrap_or("unknown");
    family.add(format!("version=\"{version}\",commit=\"{commit}\""), 1);
    family
}

fn process() -> Vec<Family> {
    let seen = machine::see();
    let counter = Family::counter;
    let gauge = Family::gauge;
    vec![
        counter("process_cpu_seconds_total", "Processor time that the process has used.").of_one(seen.cpu_seconds),
        gauge("process_resident_memory_bytes", "Memory of the process that is in use.").of_one(seen.resident_bytes),
        gauge("process_virtual_memory_bytes", "Address space of the process.").of_one(seen.virtual_bytes),
        gauge("process_open_fds", "Files and connections that are open.").of_one(seen.open_files),
        gauge("process_max_fds", "How many may be open at the most.").of_one(seen.files_max),
        gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970.",
        )
        .of_one(seen.start_seconds),
        gauge("process_threads", "Threads of the process.").of_one(seen.threads),
    ]
}

/// What etcd tells, and whether it is heard.
fn discovery(standing: Standing) -> Vec<Family> {
    let is_registered = standing.is_registered.map(i32::from);
    let mut replicas = Family::gauge(
        "discovery_replicas",
        "Replicas of a service that this process knows; those known last, where etcd has none.",
    );
    for (service, count) in &standing.replicas {
        // Whatever else somebody has written there.
        if roles::role(service).is_some() {
            replicas.add(format!("service=\"{service}\""), count);
        }
    }
    vec![
        Family::gauge("discovery_registered", "Whether others find this process in etcd.").of_one(is_registered),
        replicas,
        Family::gauge(
            "discovery_last_word_seconds",
            "How long ago etcd has last said anything to this process.",
        )
        .of_one(Some(standing.last_word.as_secs_f64())),
    ]
}

/// How facts go over NATS. Nothing is told where they do not.
fn streams_of_nats(streams: JetStreamStanding) -> Vec<Family> {
    let mut published = Family::gauge(
        "events_published_position",
        "The last fact of a service that its stream was seen with; the rest up to events_outbox_position is not published yet.",
    );
    for (service, position) in &streams.published {
        published.add(format!("stream=\"{service}\""), position);
    }
    let mut by_feed = Family::gauge(
        "events_consumer_by_feed",
        "Whether a consumer reads from the service itself, because the stream does not hold what it needs.",
    );
    for (consumer, way) in &streams.consumers {
        by_feed.add(format!("consumer=\"{consumer}\""), i32::from(*way != Way::Stream));
    }
    vec![published, by_feed]
}

/// Until when the certificates last with which connections are made, and whether there are good ones to follow them.
fn certificates(standings: &[tls::Standing]) -> Vec<Family> {
    let mut expiry = Family::gauge(
        "tls_certificate_expiry_timestamp_seconds",
        "When the certificate that connections are made with ends, in seconds since 1970.",
    );
    let mut wrong = Family::gauge(
        "tls_certificate_files_wrong",
        "Whether the files of a certificate are wrong, so that those read before are still used.",
    );
    for standing in standings {
        let labels = format!("setting=\"{}\"", standing.setting);
        if let Some(end) = standing.expires {
            expiry.add(&*labels, end.millis().div_euclid(1_000));
        }
        wrong.add(labels, i32::from(!standing.troubles.is_empty()));
    }
    vec![expiry, wrong]
}

/// Whether the tokens of an issuer can be judged. Labels are the names in the configuration.
fn issuers(standings: &[(String, bool)]) -> Family {
    let mut family = Family::gauge(
        "gateway_issuer_keys_at_hand",
        "Whether the keys of an issuer of tokens are at hand; without them its tokens open nothing.",
    );
    for (issuer, has_keys) in standings {
        family.add(format!("issuer=\"{issuer}\""), i32::from(*has_keys));
    }
    family
}

fn turn(databases: &Databases, works: bool) -> Family {
    let mut family = Family::gauge(
        "workers_leading",
        "Whether the workers of a service work in this process; 1 in one of its replicas.",
    );
    for service in databases.keys() {
        family.add(format!("service=\"{service}\""), i32::from(works));
    }
    family
}

fn pools(databases: &Databases) -> Vec<Family> {
    let mut up = Family::gauge("db_up", "Whether the database can be reached, has room and is sound.");
    let mut max = Family::gauge("db_pool_connections_max", "Connections at the most.");
    let mut in_use = Family::gauge("db_pool_connections_in_use", "Connections that work.");
    let mut idle = Family::gauge("db_pool_connections_idle", "Connections that are open and idle.");
    let mut waiting = Family::gauge(
        "db_pool_waiting",
        "Statements and transactions that wait for a connection.",
    );
    for (service, db) in databases.iter() {
        up.add(format!("service=\"{service}\""), i32::from(db.trouble().is_none()));
        for figures in db.pools() {
            let labels = format!("service=\"{service}\",pool=\"{}\"", figures.pool);
            max.add(&*labels, figures.max);
            in_use.add(&*labels, figures.in_use);
            idle.add(&*labels, figures.idle);
            waiting.add(labels, figures.waiting);
        }
    }
    vec![up, max, in_use, idle, waiting]
}

/// How far each consumer is behind its producer. Where that is in another process, by what it has published; where it does not
/// publish, its outbox is told by that one, and the distance is the difference of the two positions.
async fn events(
    followed: Vec<Followed>,
    databases: &Databases,
    published: BTreeMap<String, i64>,
    clock: &Clock,
) -> Vec<Family> {
    let mut heads = published;
    let mut outbox = Family::gauge("events_outbox_position", "The last fact that a service has told.");
    let mut parked = Family::gauge(
        "events_parked_facts",
        "Facts that could not be applied and were put aside.",
    );
    for (service, db) in databases.iter() {
        if let Ok(head) = db.last_position().await {
            outbox.add(format!("stream=\"{service}\""), head);
            heads.insert((*service).to_owned(), head);
        }
        if let Ok(count) = db.parked_count().await {
            parked.add(format!("service=\"{service}\""), count);
        }
    }
    let mut position = Family::gauge(
        "events_consumer_position",
        "The last fact that a consumer has dealt with.",
    );
    let mut facts = Family::gauge(
        "events_consumer_lag_facts",
        "Facts that a consumer has not dealt with yet.",
    );
    let mut seconds = Family::gauge(
        "events_consumer_lag_seconds",
        "For how long the oldest fact waits that a consumer was told and has not applied.",
    );
    let now = clock.now().micros();
    for followed in followed {
        let labels = format!("consumer=\"{}\",stream=\"{}\"", followed.consumer, followed.stream);
        position.add(&*labels, followed.position);
        if let Some(head) = heads.get(&followed.stream) {
            facts.add(&*labels, head.saturating_sub(followed.position).max(0));
        }
        let waits = followed
            .oldest_micros
            .map_or(0, |oldest| now.saturating_sub(oldest).max(0));
        seconds.add(
            labels,
            format_args!("{}.{:06}", waits.div_euclid(MICROS), waits.rem_euclid(MICROS)),
        );
    }
    vec![outbox, parked, position, facts, seconds]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole of what a scraper reads: comments before their samples, and samples of nothing else.
    fn samples(text: &str) -> Vec<&str> {
        let mut family = String::new();
        let mut found = Vec::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap().to_owned();
            } else if !line.starts_with("# HELP ") {
                let name = line.split(['{', ' ']).next().unwrap();
                assert!(name.starts_with(&family), "{line} stands under {family}");
                let value = line.rsplit(' ').next().unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
                found.push(line);
            }
        }
        found
    }

    #[tokio::test]
    async fn a_process_tells_its_pools_its_consumers_itself_and_its_build() {
        let folder = tempfile::tempdir().unwrap();
        let config = store::DbConfig::new(format!("sqlite:{}", folder.path().join("identity.db").display()));
        let db = Db::open(&config, "identity", Vec::new()).await.unwrap();
        let databases: Databases = Arc::new(BTreeMap::from([("identity", db.clone())]));
        let clock = Clock::manual(kernel::Time::from_seconds(1_800_000_000));
        let red = Red::default();
        red.follow("points.follow", "identity", 0, Some(clock.now().micros() - 2_500_000));
        let nats = JetStreamStanding {
            published: BTreeMap::from([("tagging".to_owned(), 12)]),
            consumers: BTreeMap::from([
                ("points.follow".to_owned(), Way::Stream),
                ("points.earn".to_owned(), Way::CatchingUp("it is behind".to_owned())),
            ]),
            ..JetStreamStanding::default()
        };
        red.follow("points.earn", "tagging", 5, None);
        let etcd = Standing {
            is_registered: Some(false),
            replicas: BTreeMap::from([("points".to_owned(), 2), ("stranger".to_owned(), 1)]),
            last_word: Duration::from_millis(1_500),
            troubles: Vec::new(),
        };
        let certificate = tls::Standing {
            setting: "mesh_tls",
            expires: Some(kernel::Time::from_seconds(1_800_086_400)),
            troubles: Vec::new(),
        };
        let beside = Beside {
            etcd: Some(etcd),
            nats: Some(nats),
            certificates: vec![certificate],
            issuers: vec![("corp".to_owned(), true), ("cloud".to_owned(), false)],
        };
        let text = text(&red, Some(&databases), true, beside, &clock).await;
        let samples = samples(&text);
        for line in [
            "db_up{service=\"identity\"} 1",
            "db_pool_connections_max{service=\"identity\",pool=\"writer\"} 1",
            "db_pool_waiting{service=\"identity\",pool=\"readers\"} 0",
            "events_parked_facts{service=\"identity\"} 0",
            "discovery_registered 0",
            "discovery_replicas{service=\"points\"} 2",
            "discovery_last_word_seconds 1.5",
            "events_published_position{stream=\"tagging\"} 12",
            "events_consumer_by_feed{consumer=\"points.follow\"} 0",
            "events_consumer_by_feed{consumer=\"points.earn\"} 1",
            "events_consumer_lag_facts{consumer=\"points.earn\",stream=\"tagging\"} 7",
            "tls_certificate_expiry_timestamp_seconds{setting=\"mesh_tls\"} 1800086400",
            "tls_certificate_files_wrong{setting=\"mesh_tls\"} 0",
            "gateway_issuer_keys_at_hand{issuer=\"corp\"} 1",
            "gateway_issuer_keys_at_hand{issuer=\"cloud\"} 0",
            "events_consumer_lag_facts{consumer=\"points.follow\",stream=\"identity\"} 0",
            "events_consumer_lag_seconds{consumer=\"points.follow\",stream=\"identity\"} 2.500000",
        ] {
            assert!(samples.contains(&line), "{line}\n{text}");
        }
        assert!(!text.contains("stranger"), "labels are names that the code knows");
        for name in [
            "process_cpu_seconds_total ",
            "process_resident_memory_bytes ",
            "process_open_fds ",
            "process_max_fds ",
            "process_start_time_seconds ",
            "quanyu_build_info{version=",
        ] {
            assert!(samples.iter().any(|line| line.starts_with(name)), "{name}\n{text}");
        }
        db.close().await.unwrap();
    }
}
