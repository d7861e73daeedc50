//! `quanyu keys`: API keys at the gateway's database itself, for operators whom no key lets in; and how a start tells the
//! first one.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use contracts_gateway::v1::ApiKey;
use fault::Fault;
use gateway::operator::{self, ListedKey, NewKey};
use gateway::{Beginning, FirstSecret, RequestLimits, Role};
use kernel::{Clock, Time};
use store::Db;

use crate::config::Config;
use crate::connections::OF_ONE_MIN;
use crate::folder;
use crate::terminal::{complain, say};

/// Makes, lists and revokes API keys at the gateway's database itself.
///
/// For operators: it needs the settings by which the gateway reaches its database (`folder` or `database_url`) and no API
/// key, works whether the gateway runs or not, and changes no table's form. A running gateway honours within a second what
/// is changed.
#[derive(Args, Clone, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Makes a key and writes its secret, this once, to standard output, and all else to standard error.
    Create(CreateArgs),
    /// Lists the keys of all tenants, or of one, with those of their limits that are their own; their secrets are stored nowhere.
    List(ListArgs),
    /// Revokes a key for ever, the last one too: another can be made here.
    Revoke(RevokeArgs),
}

#[derive(Args, Clone, Debug)]
struct CreateArgs {
    /// The tenant's code.
    #[arg(long, value_name = "CODE", default_value = "default")]
    tenant: String,
    /// What the key is for.
    #[arg(long, value_name = "NAME", default_value = "operator")]
    name: String,
    /// What the key allows: `points.redeem`, `points.*`, or `*` for everything of the tenant. May be given several times.
    /// Without it and a role the key allows what the tenant's first key did: `*`, and for the tenant "default" `platform.*` as well.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// A role whose scopes the key gets: `viewer`, `operator` or `administrator`.
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Option<Role>,
    /// For how many days the key opens anything; without it, for ever.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// How many requests a second the key may make in the long run; without it, as many as the gateway's settings say.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    per_second: Option<u32>,
    /// How many requests it may make at once after a pause; without it, one second's worth.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    burst: Option<u32>,
    /// How many requests a day it may make, which begins at midnight in the tenant's time zone; without it, as many as the
    /// gateway's settings say.
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    per_day: Option<u64>,
}

impl CreateArgs {
    fn limits(&self) -> RequestLimits {
        RequestLimits {
            per_second: self.per_second.unwrap_or_default(),
            burst: self.burst.unwrap_or_default(),
            per_day: self.per_day.unwrap_or_default(),
        }
    }
}

#[derive(Args, Clone, Debug)]
struct ListArgs {
    /// Only those of this tenant.
    #[arg(long, value_name = "CODE")]
    tenant: Option<String>,
}

#[derive(Args, Clone, Debug)]
struct RevokeArgs {
    /// The key's id, as the list shows it: key_...
    api_key_id: String,
}

/// What a key's name may have at the most, as in the contract.
const NAME_CHARACTERS_MAX: usize = 128;
const DAY: Duration = Duration::from_hours(24);

/// Runs one of the commands.
pub(crate) async fn run(args: KeysArgs, config: &Config) -> Result<ExitCode, Fault> {
    folder::refuse_empty(config)?;
    let db = Db::attach(
        &config.database(gateway::NAME, OF_ONE_MIN),
        gateway::NAME,
        gateway::migrations(),
    )
    .await?;
    let clock = Clock::system();
    let outcome = match args.what {
        What::Create(args) => create(&db, &clock, args).await,
        What::List(args) => list(&db, &clock, &args).await,
        What::Revoke(args) => revoke(&db, &clock, &args).await,
    };
    db.close().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn create(db: &Db, clock: &Clock, args: CreateArgs) -> Result<(), Fault> {
    if args.name.trim().is_empty() || args.name.chars().count() > NAME_CHARACTERS_MAX {
        return Err(Fault::invalid("name", "must have 1 to 128 characters"));
    }
    let wanted = NewKey {
        limits: args.limits(),
        tenant_code: args.tenant,
        display_name: args.name,
        scopes: args.scopes,
        role: args.role,
        expire_time: args.days.map(|days| clock.now().plus(DAY.saturating_mul(days))),
    };
    let (made, secret) = operator::create_key(db, clock, wanted).await?;
    complain(line(&made));
    complain("Its secret, shown this once:");
    say(secret.reveal());
    Ok(())
}

fn role(name: &str) -> Result<Role, String> {
    let names = || Role::names().collect::<Vec<_>>().join(", ");
    Role::named(name).ok_or_else(|| format!("is none of {}", names()))
}

async fn list(db: &Db, clock: &Clock, args: &ListArgs) -> Result<(), Fault> {
    let keys = operator::list_keys(db, clock, args.tenant.as_deref()).await?;
    if keys.is_empty() {
        complain("there are no keys: `quanyu keys create` makes one");
    }
    for key in &keys {
        say(line(key));
    }
    Ok(())
}

async fn revoke(db: &Db, clock: &Clock, args: &RevokeArgs) -> Result<(), Fault> {
    let (revoked, lost) = operator::revoke_key(db, clock, &args.api_key_id).await?;
    say(line(&revoked));
    if !lost.is_empty() {
        complain(format_args!(
            "no other key of the tenant {tenant} that lasts as long can give {}: make one with `quanyu keys create --tenant {tenant}`",
            lost.join(", "),
            tenant = revoked.tenant_code,
        ));
    }
    Ok(())
}

/// A key in one line.
fn line(listed: &ListedKey) -> String {
    let ListedKey { tenant_code, key } = listed;
    let prefixes: Vec<String> = key
        .secrets
        .iter()
        .map(|secret| format!("{}...", secret.prefix))
        .collect();
    format!(
        "{}  tenant {tenant_code}  {}  \"{}\"  scopes {}{}  made {} by {}{}{}",
        key.api_key_id,
        state(key),
        key.display_name,
        key.scopes.join(","),
        limits(key),
        time(key.create_time.as_ref()),
        key.creator,
        if prefixes.is_empty() {
            String::new()
        } else {
            format!("  secrets {}", prefixes.join(", "))
        },
        match &key.last_use_time {
            Some(_) => format!("  last used {}", time(key.last_use_time.as_ref())),
            None => "  never used".to_owned(),
        },
    )
}

/// The limits that are the key's own.
fn limits(key: &ApiKey) -> String {
    let own = key.limits.unwrap_or_default();
    let told = [
        (i64::from(own.requests_per_second), "a second"),
        (i64::from(own.burst), "at once"),
        (own.requests_per_day, "a day"),
    ];
    let told = told.iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told.map(|(number, of)| format!("{number} {of}")).collect();
    match told.is_empty() {
        true => String::new(),
        false => format!("  limits {}", told.join(", ")),
    }
}

fn state(key: &ApiKey) -> String {
    use contracts_gateway::v1::ApiKeyState;
    match key.state() {
        ApiKeyState::Revoked => format!("revoked {}", time(key.revoke_time.as_ref())),
        ApiKeyState::Expired => format!("expired {}", time(key.expire_time.as_ref())),
        ApiKeyState::Active if key.expire_time.is_some() => format!("active until {}", time(key.expire_time.as_ref())),
        ApiKeyState::Active | ApiKeyState::Unspecified => "active".to_owned(),
    }
}

fn time(time: Option<&prost_types::Timestamp>) -> String {
    time.and_then(Time::from_wire)
        .map_or_else(String::new, |time| time.to_string())
}

/// Tells how the platform began: its first key where it was made here, and else how to come by one.
pub(crate) fn tell(beginning: &Beginning, first: &FirstSecret) {
    match (beginning, first) {
        (Beginning::Now(key), FirstSecret::Generated | FirstSecret::None) => say(format_args!(
            "\nThe first API key of the tenant \"default\", shown this once:\n\n  export QUANYU_API_KEY={}",
            key.secret.reveal()
        )),
        (Beginning::Now(_), FirstSecret::Chosen(_)) => {
            say("\nThe first API key of the tenant \"default\" is the one that the settings give.");
        }
        (Beginning::Before, _) => {
            say("\nSet QUANYU_API_KEY to a key that you have; `quanyu keys create` makes one where there is none.");
        }
        (Beginning::BeforeWithout, _) => complain(
            "the first API key of the settings opens nothing, for the platform had begun without it or it was revoked: take \
             first_api_key away, and make a key with `quanyu keys create`",
        ),
        (Beginning::NotYet, _) => complain(
            "there is no API key yet, and none was made: standard output is no terminal, and a log would keep it for ever. \
             Make one with `quanyu keys create`, which tells it to you alone; or set first_api_key or first_api_key_file, or \
             print_first_api_key, and start again",
        ),
    }
}
