//! What the posting engine of the points ledger gains, and what the ways to it cost, in one run on one database.

mod check;
mod ways;
mod world;

use clap::Args;
use fault::Fault;

use self::ways::Way;
use self::world::{Skew, World};
use crate::fleet::Fleet;
use crate::load::{Figures, Load};
use crate::{millis, say};

/// How large the ledger is.
#[derive(Debug, Clone, Args)]
pub(crate) struct LedgerArgs {
    /// How many accounts there are, with three lots each.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    /// How many entries the account with a long history has.
    #[arg(long, default_value_t = 100_000)]
    entries: usize,
    /// How many live lots the account with many has.
    #[arg(long, default_value_t = 10_000)]
    lots: usize,
}

/// How many calls of `PostBatch` are under way at a time.
const BATCH_CALLERS: usize = 8;

/// Measures everything and prints a table. After each case the whole ledger must agree with itself.
pub(crate) async fn run(fleet: &Fleet, load: &Load, scale: &LedgerArgs) -> Result<(), Fault> {
    let world = World::build(fleet, scale).await?;
    say(&format!(
        "{} callers, {} s a case, {} accounts, {}",
        load.callers,
        load.duration.as_secs(),
        scale.accounts,
        fleet.database()
    ));
    say(&format!(
        "{:<44} {:>9} {:>9} {:>9} {:>7}  ratio",
        "", "req/s", "p50 ms", "p99 ms", "errors"
    ));
    for skew in [Skew::Uniform, Skew::Hot, Skew::One] {
        compare(&world, load, skew).await?;
    }
    let alone = Load { callers: 1, ..*load };
    for way in [Way::Alone, Way::Engine] {
        let figures = world.redeem(&alone, way, Skew::Uniform).await?;
        tell(&format!("one caller, {}", way.name()), &figures, 1, None);
    }
    long_accounts(&world, &alone).await?;
    for way in [Way::Direct, Way::Gateway] {
        let figures = world.balance(load, way).await?;
        tell(&format!("GetBalance, {}", way.name()), &figures, 1, None);
    }
    let batches = Load {
        callers: BATCH_CALLERS,
        ..*load
    };
    for way in [Way::Direct, Way::Gateway] {
        let figures = world.post_batch(&batches, way).await?;
        let name = format!("PostBatch of {}, postings, {}", world::BATCH, way.name());
        tell(&name, &figures, world::BATCH, None);
    }
    Ok(())
}

/// One transaction for each request against the engine, and the engine against the ways to it.
async fn compare(world: &World, load: &Load, skew: Skew) -> Result<(), Fault> {
    let measure = async |way| world.redeem(load, way, skew).await;
    let (alone, engine) = (measure(Way::Alone).await?, measure(Way::Engine).await?);
    let (direct, gateway) = (measure(Way::Direct).await?, measure(Way::Gateway).await?);
    let rows = [
        (Way::Alone, &alone, None),
        (Way::Engine, &engine, Some(("(b)/(a)", &alone))),
        (Way::Direct, &direct, Some(("(c)/(b)", &engine))),
        (Way::Gateway, &gateway, Some(("(d)/(b)", &engine))),
    ];
    for (way, figures, other) in rows {
        tell(&format!("{}, {}", skew.name(), way.name()), figures, 1, other);
    }
    Ok(())
}

/// What one caller waits for a redemption from an account with nothing but a lot, and from those with a long past and with
/// many lots.
async fn long_accounts(world: &World, load: &Load) -> Result<(), Fault> {
    let short = world.redeem_of(load, &world.short).await?;
    tell("one caller, an account with one lot", &short, 1, None);
    for (name, member) in [("many entries", &world.long), ("many live lots", &world.wide)] {
        let figures = world.redeem_of(load, member).await?;
        let other = Some(("of the one with one lot", &short));
        tell(&format!("one caller, an account with {name}"), &figures, 1, other);
    }
    Ok(())
}

/// One row: each answered call counts for so many.
fn tell(name: &str, figures: &Figures, each: u64, other: Option<(&str, &Figures)>) {
    let ratio = other.map_or_else(String::new, |(what, other)| {
        let hundredths = figures.per_second().saturating_mul(100);
        let ratio = hundredths.checked_div(other.per_second().max(1)).unwrap_or(0);
        format!("{}.{:02} {what}", ratio / 100, ratio % 100)
    });
    say(&format!(
        "{name:<44} {:>9} {:>9} {:>9} {:>7}  {ratio}",
        figures.per_second().saturating_mul(each),
        millis(figures.percentile(500)),
        millis(figures.percentile(990)),
        figures.errors,
    ));
}
