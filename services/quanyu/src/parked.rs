//! `quanyu parked`: what could not be done and was put aside, and how it is tried again once its cause is mended.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use clap::{Args, Subcommand};
use fault::Fault;
use kernel::{Clock, Tenant};
use rpc::{Peers, Signer};
use runtime::{Deps, NoFacts, Worker};
use store::{Db, stuck};
use telemetry::Red;

use crate::config::Config;
use crate::connections::OF_ONE_MIN;
use crate::folder;
use crate::roles::{ROLES, Role};
use crate::terminal::say;

/// How much of each service is listed.
const LISTED_MAX: i64 = 1_000;

/// What is done with what was put aside.
#[derive(Debug, Subcommand)]
pub enum ParkedCommand {
    /// Shows every fact and every item that was put aside, with its reason.
    List,
    /// Tries some of them again, or all: facts at once, in this process; items by the workers of the running platform.
    Replay(ReplayArgs),
}

/// What is tried again.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The names that `list` shows: `points.earn/123`, `tagging.backfill_tags/TENANT/last_shop`.
    #[arg(required_unless_present = "all", value_name = "NAME")]
    names: Vec<Name>,
    /// Everything that is parked.
    #[arg(long, conflicts_with = "names")]
    all: bool,
}

/// What names something that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    /// A fact: whose consumer, and where it stands in its stream.
    Fact { consumer: String, position: i64 },
    /// An item of a worker's queue.
    Item {
        queue: String,
        tenant: Tenant,
        item: String,
    },
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact { consumer, position } => write!(f, "{consumer}/{position}"),
            Self::Item { queue, tenant, item } => write!(f, "{queue}/{tenant}/{item}"),
        }
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "is no name that `quanyu parked list` shows";
        let (whose, what) = text.split_once('/').ok_or(FORM)?;
        if let Ok(position) = what.parse() {
            let consumer = whose.to_owned();
            return Ok(Self::Fact { consumer, position });
        }
        let (tenant, item) = what.split_once('/').ok_or(FORM)?;
        Ok(Self::Item {
            queue: whose.to_owned(),
            tenant: tenant.parse().map_err(|_| FORM)?,
            item: item.to_owned(),
        })
    }
}

impl Name {
    /// The service that has it: consumers and queues begin with its name.
    fn service(&self) -> &str {
        let (Self::Fact { consumer: whose, .. } | Self::Item { queue: whose, .. }) = self;
        whose.split('.').next().unwrap_or_default()
    }
}

/// Shows what was put aside, or tries it again; answers whether all that was tried succeeded.
pub async fn run(command: ParkedCommand, config: &Config) -> Result<bool, Fault> {
    let databases = attach(config).await?;
    match command {
        ParkedCommand::List => list(&databases).await.map(|()| true),
        ParkedCommand::Replay(args) => {
            let names = if args.all {
                parked(&databases).await?
            } else {
                args.names
            };
            replay(config, &databases, names).await
        }
    }
}

type Databases = BTreeMap<&'static str, Db>;

/// Opens the databases as they are. Nothing is brought up to date: a platform of another version may be running on them.
async fn attach(config: &Config) -> Result<Databases, Fault> {
    folder::refuse_empty(config)?;
    let mut databases = BTreeMap::new();
    for role in &ROLES {
        let db = Db::attach(&config.database(role.name, OF_ONE_MIN), role.name, (role.migrations)()).await?;
        databases.insert(role.name, db);
    }
    Ok(databases)
}

async fn list(databases: &Databases) -> Result<(), Fault> {
    let mut count: usize = 0;
    for db in databases.values() {
        for fact in db.parked_facts(LISTED_MAX).await? {
            let name = Name::Fact {
                consumer: fact.consumer,
                position: fact.position,
            };
            say(format_args!("{name}\n    {}: {}", fact.kind, fact.reason));
            count = count.saturating_add(1);
        }
        for stuck in db.stuck_items(LISTED_MAX).await? {
            let tries = stuck.tries;
            let next = stuck.retry_time.map_or_else(
                || "parked".to_owned(),
                |retry_time| format!("tried again at {retry_time}"),
            );
            let name = Name::Item {
                queue: stuck.queue,
                tenant: stuck.tenant,
                item: stuck.item,
            };
            say(format_args!(
                "{name}\n    failed {tries} times, {next}: {}",
                stuck.reason
            ));
            count = count.saturating_add(1);
        }
    }
    say(match count {
        0 => "nothing was put aside".to_owned(),
        _ => "\nmend the cause, then: quanyu parked replay NAME, or --all".to_owned(),
    });
    Ok(())
}

/// Everything that waits for an operator.
async fn parked(databases: &Databases) -> Result<Vec<Name>, Fault> {
    let mut names = Vec::new();
    for db in databases.values() {
        let facts = db.parked_positions().await?.into_iter();
        names.extend(facts.map(|(consumer, position)| Name::Fact { consumer, position }));
        let items = db
            .stuck_items(i64::MAX)
            .await?
            .into_iter()
            .filter(store::StuckItem::is_parked);
        names.extend(items.map(|stuck| Name::Item {
            queue: stuck.queue,
            tenant: stuck.tenant,
            item: stuck.item,
        }));
    }
    Ok(names)
}

async fn replay(config: &Config, databases: &Databases, names: Vec<Name>) -> Result<bool, Fault> {
    let mut is_good = true;
    let mut workers: BTreeMap<&str, Vec<Box<dyn Worker>>> = BTreeMap::new();
    for name in names {
        let role = ROLES.iter().find(|role| role.name == name.service());
        let Some((role, db)) = role.and_then(|role| Some((role, databases.get(role.name)?))) else {
            say(format_args!("{name}: no service has that"));
            is_good = false;
            continue;
        };
        let outcome = match &name {
            Name::Fact { consumer, position } => {
                let workers = workers.entry(role.name).or_insert_with(|| build(config, role, db));
                apply(workers, consumer, *position).await
            }
            Name::Item { queue, tenant, item } => release(db, queue, *tenant, item).await,
        };
        match outcome {
            Ok(done) => say(format_args!("{name}: {done}")),
            Err(fault) => {
                say(format_args!("{name}: {fault}"));
                is_good = false;
            }
        }
    }
    Ok(is_good)
}

/// The workers of a service, none of which is started: to apply a fact, a consumer calls nobody.
fn build(config: &Config, role: &Role, db: &Db) -> Vec<Box<dyn Worker>> {
    let deps = Deps {
        clock: Clock::system(),
        db: db.clone(),
        peers: Peers::new(role.name, Signer::new(&[0; 32]), BTreeMap::new()),
        facts: Arc::new(NoFacts),
        red: Red::default(),
    };
    (role.service)(config, deps).workers
}

async fn apply(workers: &mut [Box<dyn Worker>], consumer: &str, position: i64) -> Result<&'static str, Fault> {
    let worker = workers.iter_mut().find(|worker| worker.name() == consumer);
    let worker = worker.ok_or_else(|| Fault::not_found("consumer", consumer))?;
    worker.replay(position).await?;
    Ok("applied")
}

/// Lets the queue have its item again.
async fn release(db: &Db, queue: &str, tenant: Tenant, item: &str) -> Result<&'static str, Fault> {
    let tx = db.begin().await?;
    if !stuck::release(&tx, queue, tenant, item).await? {
        return Err(Fault::not_found("parked item", item));
    }
    campaign::take_up(&tx, queue, tenant, item, Clock::system().now()).await?;
    tx.commit().await?;
    Ok("released: the running platform takes it up within seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_shown() {
        let tenant = Tenant::PLATFORM;
        for (text, service) in [
            ("points.earn/123".to_owned(), "points"),
            (format!("tagging.backfill_tags/{tenant}/last_shop"), "tagging"),
            (format!("points.expire_lots/{tenant}/0190/points"), "points"),
        ] {
            let name: Name = text.parse().unwrap();
            assert_eq!((name.to_string(), name.service()), (text, service));
        }
        assert!("points.earn".parse::<Name>().is_err());
        assert!("points.earn/x".parse::<Name>().is_err());
    }
}
