//! How soon a fact takes effect: from the commit that tells it to the commit of the consumer that applies it, at a given rate,
//! by each way that facts go. Producer and consumer have a database each; calls and NATS go over the loopback interface.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use clap::Args;
use events::{
    Consumer, Envelope, Facts, JetStream, JetStreamConfig, Login, OutboxFacts, PeerFacts, consume, feed, sequencer,
};
use fault::Fault;
use http::Uri;
use kernel::{Clock, Fact, Tenant};
use rpc::{Channel, Peers, Signer, Stack};
use runtime::{ClockTrust, Deps, Workers};
use store::{Db, DbConfig, Draft, Emissions, Tx};
use telemetry::Red;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::Server;

use crate::load::{Figures, Load};
use crate::{millis, say};

/// How fast, and over which NATS.
#[derive(Debug, Clone, Args)]
pub(crate) struct FactsArgs {
    /// How many facts are told in a second.
    #[arg(long, default_value_t = 2_000)]
    rate: u64,
    /// How many of them share a transaction.
    #[arg(long, default_value_t = 20)]
    together: u64,
    /// Where NATS with JetStream is; absent: facts over it are not measured.
    #[arg(long)]
    nats_url: Option<String>,
}

const STREAM: &str = "producer";
/// How long the last facts may take.
const PATIENCE: Duration = Duration::from_secs(30);
const CALLS_MAX: usize = 64;
/// What a fact weighs.
const BALLAST: usize = 200;

/// One fact of many.
#[derive(Clone, PartialEq, prost::Message)]
struct Told {
    #[prost(uint64, tag = "1")]
    number: u64,
    #[prost(bytes = "vec", tag = "2")]
    ballast: Vec<u8>,
}
impl Fact for Told {
    const TYPE: &'static str = "producer.told";
}

/// What the consumer tells in the transaction of its effect, so that its commit is seen.
#[derive(Clone, PartialEq, prost::Message)]
struct Applied {}
impl Fact for Applied {
    const TYPE: &'static str = "consumer.applied";
}

/// The facts of transactions that may not be committed yet.
type Applying = Arc<Mutex<Vec<u64>>>;

struct Apply {
    clock: Clock,
    tenant: Tenant,
    applying: Applying,
}

#[async_trait]
impl Consumer for Apply {
    fn name(&self) -> &'static str {
        "consumer.apply"
    }

    fn stream(&self) -> &'static str {
        STREAM
    }

    fn types(&self) -> &'static [&'static str] {
        &[Told::TYPE]
    }

    async fn apply(&self, tx: &Tx, facts: &[Envelope]) -> Result<(), Fault> {
        let numbers: Result<Vec<u64>, Fault> = facts.iter().map(|fact| Ok(fact.decode::<Told>()?.number)).collect();
        tx.emit_all(&self.clock, vec![Draft::new(self.tenant, "all", &Applied {})])
            .await?;
        self.applying
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(numbers?);
        Ok(())
    }
}

/// A way of facts.
#[derive(Clone, Copy)]
enum Way {
    Embedded,
    Peers,
    JetStream,
}

/// Measures each way and prints a table. Every fact must have been applied.
pub(crate) async fn run(args: &FactsArgs, load: &Load, database_url: Option<&str>) -> Result<(), Fault> {
    let database = database_url.map_or("SQLite", |_| "PostgreSQL");
    say(&format!(
        "{} facts/s, {} together, {database}",
        args.rate, args.together
    ));
    say(&format!(
        "{:<28} {:>9} {:>9} {:>9} {:>9}",
        "commit to commit", "facts/s", "p50 ms", "p99 ms", "p99.9 ms"
    ));
    for (name, way) in [
        ("embedded", Way::Embedded),
        ("by calls to the peer", Way::Peers),
        ("over JetStream", Way::JetStream),
    ] {
        if matches!(way, Way::JetStream) && args.nats_url.is_none() {
            say("over JetStream: not measured, name one by --nats-url");
            continue;
        }
        let figures = measure(args, load, database_url, way).await?;
        say(&format!(
            "{name:<28} {:>9} {:>9} {:>9} {:>9}",
            figures.per_second(),
            millis(figures.percentile(500)),
            millis(figures.percentile(990)),
            millis(figures.percentile(999)),
        ));
    }
    Ok(())
}

async fn measure(args: &FactsArgs, load: &Load, database_url: Option<&str>, way: Way) -> Result<Figures, Fault> {
    let clock = Clock::system();
    let tenant = Tenant::from_uuid(clock.uuid());
    let folder = tempfile::tempdir().map_err(Fault::internal)?;
    let platform = clock.uuid().simple().to_string();
    let producer = database(database_url, &folder, &format!("producer_{platform}")).await?;
    let db = database(database_url, &folder, &format!("consumer_{platform}")).await?;
    let mut workers = Workers::new(clock.clone(), ClockTrust::ByHand, Red::default());
    workers.start(sequencer(producer.clone()), &producer);
    workers.start(sequencer(db.clone()), &db);
    let (signer, peers) = peers(&producer).await?;
    let by_peers = Arc::new(PeerFacts::new(peers));
    let facts: Arc<dyn Facts> = match (way, &args.nats_url) {
        (Way::Peers, _) => by_peers,
        (Way::JetStream, Some(url)) => {
            let nats = connect(url, &platform).await?;
            workers.start(nats.publisher(STREAM, &producer), &producer);
            Arc::new(nats.facts(by_peers))
        }
        (Way::Embedded | Way::JetStream, _) => Arc::new(OutboxFacts::new(BTreeMap::from([(STREAM, producer.clone())]))),
    };
    let applying = Applying::default();
    let consumer = Apply {
        clock: clock.clone(),
        tenant,
        applying: applying.clone(),
    };
    let deps = Deps {
        clock: clock.clone(),
        db: db.clone(),
        peers: Peers::new("consumer", signer, BTreeMap::new()),
        facts,
        red: Red::default(),
    };
    workers.start(consume(&deps, consumer), &db);
    let commits = db.emissions(Some(vec![Applied::TYPE.to_owned()]));
    let in_warm_up = args.rate.saturating_mul(load.warm_up.as_secs());
    let count = args
        .rate
        .saturating_mul(load.duration.as_secs())
        .saturating_add(in_warm_up);
    let telling = tell(args, count, &clock, tenant, &producer);
    let (told, applied) = tokio::join!(telling, see(commits, applying, count));
    let (told, applied) = (told?, applied?);
    workers.stop().await;
    let latency = |(number, at): (u64, Instant)| {
        let told = told.get(usize::try_from(number).ok()?)?;
        (number >= in_warm_up).then(|| at.saturating_duration_since(*told))
    };
    Ok(Figures::of(applied.into_iter().filter_map(latency), load.duration))
}

/// Tells so many facts, whatever becomes of them, and answers when each was committed.
async fn tell(
    args: &FactsArgs,
    count: u64,
    clock: &Clock,
    tenant: Tenant,
    producer: &Db,
) -> Result<Vec<Instant>, Fault> {
    let (begun, mut told) = (Instant::now(), Vec::new());
    let mut number: u64 = 0;
    while number < count {
        let micros = number
            .saturating_mul(1_000_000)
            .checked_div(args.rate)
            .unwrap_or_default();
        kernel::pause(Duration::from_micros(micros).saturating_sub(begun.elapsed())).await;
        let end = number.saturating_add(args.together.max(1)).min(count);
        let drafts = (number..end).map(|number| {
            let ballast = vec![7; BALLAST];
            Draft::new(tenant, format!("member {}", number % 1_000), &Told { number, ballast })
        });
        let tx = producer.begin().await?;
        tx.emit_all(clock, drafts.collect()).await?;
        tx.commit().await?;
        let now = Instant::now();
        told.extend((number..end).map(|_| now));
        number = end;
    }
    Ok(told)
}

/// Sees so many facts applied, each with the commit that did it.
async fn see(mut commits: Emissions, applying: Applying, count: u64) -> Result<Vec<(u64, Instant)>, Fault> {
    let mut applied = Vec::new();
    loop {
        commits.see();
        let committed = std::mem::take(&mut *applying.lock().unwrap_or_else(PoisonError::into_inner));
        let now = Instant::now();
        applied.extend(committed.into_iter().map(|number| (number, now)));
        if u64::try_from(applied.len()).map_err(Fault::internal)? >= count {
            return Ok(applied);
        }
        if tokio::time::timeout(PATIENCE, commits.news()).await.is_err() {
            return Err(Fault::internal(format!(
                "{} of {count} facts were applied",
                applied.len()
            )));
        }
    }
}

async fn database(url: Option<&str>, folder: &TempDir, service: &str) -> Result<Db, Fault> {
    let config = match url {
        Some(url) => DbConfig::new(url),
        None => DbConfig::new(format!(
            "sqlite:{}",
            folder.path().join(format!("{service}.db")).display()
        )),
    };
    Db::open(&config, service, Vec::new()).await
}

/// Serves the feed of the producer, and answers who calls it.
async fn peers(producer: &Db) -> Result<(Signer, Peers), Fault> {
    let signer = Signer::new(&[7; 32]);
    let stack = Stack {
        signer: signer.clone(),
        red: Red::default(),
        concurrency_max: CALLS_MAX,
    };
    let routes = rpc::serve(Routes::new(feed(producer.clone())), &contracts::CONTRACT, stack)?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Fault::internal)?;
    let address: SocketAddr = listener.local_addr().map_err(Fault::internal)?;
    let serving = Server::builder()
        .add_routes(routes)
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    let uri: Uri = format!("http://{address}").parse().map_err(Fault::internal)?;
    let channels = BTreeMap::from([(STREAM.to_owned(), Channel::remote(STREAM, &contracts::CONTRACT, &uri))]);
    Ok((signer.clone(), Peers::new("consumer", signer, channels)))
}

async fn connect(url: &str, platform: &str) -> Result<JetStream, Fault> {
    let nats = JetStream::start(JetStreamConfig {
        urls: vec![url.to_owned()],
        process: "bench".to_owned(),
        platform: platform.to_owned(),
        login: Login::Nobody,
        ca_file: None,
        own_files: None,
        replicas: 1,
        max_age: Duration::from_hours(1),
    });
    let nats = nats.await?;
    match nats.connected_within(PATIENCE).await {
        true => Ok(nats),
        false => Err(Fault::unavailable(format!("NATS does not answer at {url}"))),
    }
}
