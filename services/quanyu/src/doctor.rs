//! `quanyu doctor`: what is wrong, and how to mend it.

mod behind;
mod certificates;
mod facts;
mod published;
mod registered;
mod texts;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use clap::Args;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::{
    GetReconciliationRequest, ListFrozenAccountsRequest, ReconcileAccountsRequest, Reconciliation, SumAxis,
    SumDisagreement,
};
use fault::Fault;
use kernel::{Clock, Tenant, Time};
use rpc::{Channel, Transport};
use store::Db;

use crate::clock;
use crate::config::{Config, Discovery};
use crate::connections::{self, OF_ONE_MIN};
use crate::folder;
use crate::ledger::Ledger;
use crate::roles::ROLES;
use crate::terminal::say;

/// How many facts that it wants a consumer may be behind its producer before somebody should look.
const BEHIND_MAX: i64 = 10_000;
/// How many accounts are checked by one call.
const ACCOUNTS_MAX: i32 = 5_000;
/// How many frozen accounts are told.
const FROZEN_MAX: i32 = 20;
/// How long ago the last pass of the proof over all accounts may have ended.
const PASS_AGE_MAX: Duration = Duration::from_hours(7 * 24);
const PEER_TIMEOUT: Duration = Duration::from_secs(3);

/// What was found, as it is told.
struct Report {
    healthy: bool,
}

fn good(what: impl std::fmt::Display) {
    say(format_args!("  ok    {what}"));
}

impl Report {
    fn bad(&mut self, what: impl std::fmt::Display, mend: &str) {
        self.healthy = false;
        say(format_args!("  WRONG {what}\n        {mend}"));
    }
}

/// What is looked at beside what always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct DoctorArgs {
    /// Reads every table that holds ids from outside, and names those that are older than the one form of an id and that
    /// nobody finds any more. It takes as long as reading these tables does, and changes nothing.
    #[arg(long)]
    texts: bool,
}

/// Looks at everything and tells; answers whether all is well. The configuration has been checked before.
pub async fn run(args: DoctorArgs, config: &Config) -> Result<bool, Fault> {
    let mut report = Report { healthy: true };
    say("configuration");
    good("every setting is valid");
    say("databases");
    let databases = databases(config, &mut report).await;
    say("clock");
    if let Err(fault) = clock_of(&databases, &mut report).await {
        report.bad(&fault, "the clock cannot be judged: mend the databases first");
    }
    say("facts");
    if let Err(fault) = facts::look(config, &databases, &mut report).await {
        report.bad(&fault, "the facts cannot be looked at: mend the databases first");
    }
    if let Some(nats) = config.nats("doctor") {
        say("streams");
        published::look(nats, &databases, &mut report).await;
    }
    say("certificates");
    let transport = certificates::look(config, &mut report);
    say("peers");
    peers(config, &transport, &mut report).await;
    say("keys");
    keys(&databases, &mut report).await?;
    say("ledger");
    if let Err(fault) = ledger(&databases, &mut report).await {
        report.bad(&fault, "the ledger cannot be checked: mend the databases first");
    }
    if args.texts {
        say("texts");
        if let Err(fault) = texts::look(&databases, &mut report).await {
            report.bad(&fault, "the ids cannot be looked through: mend the databases first");
        }
    }
    say(if report.healthy {
        "all is well"
    } else {
        "something is wrong, see above"
    });
    Ok(report.healthy)
}

async fn databases(config: &Config, report: &mut Report) -> BTreeMap<&'static str, Db> {
    let mut databases = BTreeMap::new();
    for role in &ROLES {
        if let Err(fault) = folder::refuse_lost(config, role) {
            report.bad(
                format_args!("{}: {}: {fault}", role.name, fault.reason()),
                "do not start anything on this folder before",
            );
            continue;
        }
        let file = config.folder.join(format!("{}.db", role.name));
        if config.database_url.is_none() && !file.exists() {
            report.bad(
                format_args!("{}: there is no file {}", role.name, file.display()),
                "start the platform once with `quanyu up`, or name its folder with --folder",
            );
            continue;
        }
        // As it is: a question what is wrong brings nothing up to date.
        match Db::attach(&config.database(role.name, OF_ONE_MIN), role.name, (role.migrations)()).await {
            Ok(db) => {
                good(format_args!("{}: opens, its tables are up to date", role.name));
                sound(role.name, &db, report).await;
                databases.insert(role.name, db);
            }
            Err(fault) => report.bad(
                format_args!("{}: {fault}", role.name),
                "what this database has is not checked until then; see database_url too, and the folder's permissions",
            ),
        }
    }
    if let Some(db) = databases.values().next() {
        room(config, db, report).await;
    }
    databases
}

/// Whether a database takes writes, and what is on its disk is what was written.
async fn sound(name: &str, db: &Db, report: &mut Report) {
    if matches!(db.is_unfinished().await, Ok(true)) {
        good(format_args!(
            "{name}: is as the release before needs it; once there is none, `quanyu migrate --finish {name}` does the rest"
        ));
    }
    match db.try_to_write().await {
        Ok(()) => good(format_args!("{name}: takes writes")),
        Err(fault) => report.bad(
            format_args!("{name}: {}: {fault}", fault.reason()),
            "make room on its disk, or mend what keeps it from being written: nothing that was acknowledged is lost",
        ),
    }
    match db.find_damage().await {
        Ok(()) => good(format_args!("{name}: no damage was found")),
        Err(fault) => report.bad(
            format_args!("{name}: {}: {fault}", fault.reason()),
            "stop what works with it, keep it aside, and restore it from the last backup",
        ),
    }
}

/// Whether the server of PostgreSQL admits what a process opens. Which processes there are, a configuration does not tell.
async fn room(config: &Config, db: &Db, report: &mut Report) {
    let room = match db.room().await {
        Ok(Some(room)) => room,
        Ok(None) => return,
        Err(fault) => {
            return report.bad(
                format_args!("the room of the server is not known: {fault}"),
                "check that the role may read pg_stat_activity",
            );
        }
    };
    let is_one_process = config.peers.is_empty() && config.discovery != Discovery::Etcd;
    let connections = if is_one_process {
        config.connections_of_all().map(|parts| parts.iter().sum())
    } else {
        Ok(config.connections_of_one())
    };
    match connections {
        Err(problem) => report.bad(problem, "set it higher, or serve one service in each process"),
        Ok(connections) if connections > room.admitted() => report.bad(
            format_args!("database_connections_max {}", connections::too_many(connections, &room)),
            "the processes of the platform must fit into it together",
        ),
        Ok(connections) => good(format_args!(
            "a process opens up to {connections} connections; {room}, and {} are open now",
            room.in_use
        )),
    }
}

/// Whether what the clock makes due is done.
async fn clock_of(databases: &BTreeMap<&'static str, Db>, report: &mut Report) -> Result<(), Fault> {
    let now = Clock::system().now();
    let mut is_believed = true;
    for (name, db) in databases {
        if let Some((doubt, remedy)) = clock::doubted(&db.last_seen().await?, now) {
            is_believed = false;
            let what = format_args!("{name}: nothing expires, lapses or comes due, because {doubt}");
            report.bad(what, remedy);
        }
    }
    if is_believed {
        good(format_args!("it shows {now}, and nobody doubts it"));
    }
    Ok(())
}

async fn peers(config: &Config, transport: &Transport, report: &mut Report) {
    if config.discovery == Discovery::Etcd {
        return registered::look(config, transport, report).await;
    }
    if config.peers.is_empty() {
        good("none are configured: all services share one process");
    }
    let addresses = config.peer_addresses().into_iter();
    for (name, address) in addresses.flat_map(|(name, set)| set.into_iter().map(move |address| (name.clone(), address)))
    {
        match transport
            .remote(&name, &contracts_all::CONTRACT, address.uri())
            .check(PEER_TIMEOUT)
            .await
        {
            Ok(()) => good(format_args!("{name} answers at {address}")),
            Err(fault) => {
                let told = fault.to_string();
                let mend = certificates::mend(&told);
                let mend =
                    mend.unwrap_or("see that it runs, that peers names its address, and that no firewall lies between");
                report.bad(told, mend);
            }
        }
    }
}

/// Whether every tenant can still make keys, and so let in whom it wants.
async fn keys(databases: &BTreeMap<&'static str, Db>, report: &mut Report) -> Result<(), Fault> {
    let Some(gateway) = databases.get(gateway::NAME) else {
        return Ok(());
    };
    if gateway::tenants(gateway).await?.is_empty() {
        report.bad(
            "there is no API key yet",
            "make one with `quanyu keys create`, or set first_api_key and start the platform",
        );
        return Ok(());
    }
    let locked_out = gateway::operator::locked_out(gateway, &Clock::system()).await?;
    for code in &locked_out {
        report.bad(
            format_args!("no key of the tenant {code} may make keys any more"),
            &format!("make one with `quanyu keys create --tenant {code}`"),
        );
    }
    if locked_out.is_empty() {
        good("every tenant has a key that may make keys");
    }
    Ok(())
}

/// Asks the ledger itself, as its clients would, over every tenant and account.
async fn ledger(databases: &BTreeMap<&'static str, Db>, report: &mut Report) -> Result<(), Fault> {
    let (Some(gateway), Some(points)) = (databases.get(gateway::NAME), databases.get(points::NAME)) else {
        report.bad("the ledger cannot be checked", "mend the databases first");
        return Ok(());
    };
    let ledger = Ledger::over(points)?;
    for tenant in gateway::tenants(gateway).await? {
        proof(ledger.of(tenant)?, tenant, report).await?;
        reconcile(ledger.of(tenant)?, tenant, report).await?;
    }
    Ok(())
}

/// Tells how far the ledger's own proof has come, and which accounts it has frozen.
async fn proof(mut client: LedgerServiceClient<Channel>, tenant: Tenant, report: &mut Report) -> Result<(), Fault> {
    let asked = client.get_reconciliation(GetReconciliationRequest {}).await;
    let standing = asked
        .map_err(Fault::from_peer)?
        .into_inner()
        .reconciliation
        .unwrap_or_default();
    match standing.last_pass_end_time.as_ref().and_then(Time::from_wire) {
        Some(end) if Clock::system().now().since(end) > PASS_AGE_MAX => report.bad(
            format_args!("{tenant}: the last pass of the ledger's proof ended at {end}"),
            "see that points runs and that its worker points.reconcile logs no failures",
        ),
        Some(end) => good(format_args!(
            "{tenant}: the ledger proved {} accounts until {end}",
            standing.last_pass_checked_count
        )),
        None => good(format_args!(
            "{tenant}: the first pass of the ledger's proof has checked {} accounts so far",
            standing.checked_count
        )),
    }
    sums(&standing, tenant, report);
    let request = ListFrozenAccountsRequest {
        page_size: FROZEN_MAX,
        page_token: String::new(),
    };
    let frozen = client.list_frozen_accounts(request).await.map_err(Fault::from_peer)?;
    for account in frozen.into_inner().frozen_accounts {
        report.bad(
            format_args!(
                "{tenant}: the account of {} of {} is frozen, because {} {}",
                account.asset_code, account.member_id, account.reason, account.discrepancy
            ),
            "mend the cause, with the entries as the truth, then call UnfreezeAccount",
        );
    }
    Ok(())
}

/// Tells which running sums disagree with the entries, as the ledger found when it compared them last.
fn sums(standing: &Reconciliation, tenant: Tenant, report: &mut Report) {
    const MEND: &str = "liabilities, settlements and breakage that are read from it are wrong: write what the entries sum up \
         to into one of its rows in the table counter (by asset_code, axis, month, centre, spent_at and kind), and look for \
         who wrote there beside the ledger; StartReconciliation compares anew";
    for sum in &standing.sum_disagreements {
        report.bad(WrongSum { tenant, sum }, MEND);
    }
    let told = i64::try_from(standing.sum_disagreements.len()).unwrap_or(i64::MAX);
    let more = standing.sum_disagreement_count.saturating_sub(told);
    if more > 0 {
        report.bad(format_args!("{tenant}: {more} more running sums disagree"), MEND);
    }
    match (
        &*standing.sums_disagreement,
        standing.sums_compare_time.as_ref().and_then(Time::from_wire),
    ) {
        ("", Some(time)) => good(format_args!("{tenant}: running sums and entries agreed at {time}")),
        ("", None) => good(format_args!(
            "{tenant}: the running sums have not been compared with the entries yet"
        )),
        // The sums of a month tell it more closely.
        (_, _) if told > 0 => {}
        (disagreement, _) => report.bad(format_args!("{tenant}: {disagreement}"), MEND),
    }
}

/// A wrong sum, as it is told.
struct WrongSum<'s> {
    tenant: Tenant,
    sum: &'s SumDisagreement,
}

impl fmt::Display for WrongSum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenant, sum } = self;
        let axis = match sum.axis() {
            SumAxis::Expiry if sum.month.is_empty() => "that never expire",
            SumAxis::Expiry => "that expire in",
            SumAxis::Cohort => "that were granted in",
            SumAxis::Settlement | SumAxis::Unspecified => "that were spent in",
        };
        write!(f, "{tenant}: {} {axis}", sum.asset_code)?;
        for (what, name) in [
            (" ", &sum.month),
            (", granted by ", &sum.issued_by),
            (", spent at ", &sum.redeemed_at),
        ] {
            if !name.is_empty() {
                write!(f, "{what}{name}")?;
            }
        }
        let off = sum.counted.saturating_sub(sum.proven);
        write!(
            f,
            ": the running sum of {} is {}, the entries sum up to {}: it is off by {off}",
            sum.kind().as_str_name(),
            sum.counted,
            sum.proven
        )
    }
}

async fn reconcile(mut client: LedgerServiceClient<Channel>, tenant: Tenant, report: &mut Report) -> Result<(), Fault> {
    let (mut checked, mut wrong, mut page_token) = (0_i64, 0_usize, String::new());
    loop {
        let request = ReconcileAccountsRequest {
            page_size: ACCOUNTS_MAX,
            page_token,
        };
        let page = client
            .reconcile_accounts(request)
            .await
            .map_err(Fault::from_peer)?
            .into_inner();
        checked = checked.saturating_add(i64::from(page.checked_count));
        wrong = wrong.saturating_add(page.disagreements.len());
        for account in page.disagreements {
            report.bad(
                format_args!(
                    "{tenant}: account {} of {}: {account:?}",
                    account.asset_code, account.member_id
                ),
                "stop postings to this account and restore it from its entries: they are the truth",
            );
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if wrong == 0 {
        good(format_args!(
            "{tenant}: entries, lots and balances of {checked} accounts agree"
        ));
    }
    Ok(())
}
