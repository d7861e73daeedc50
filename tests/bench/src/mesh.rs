//! What calls between processes cost: one that is balanced over two replicas beside one to a single address, how fast a
//! replica that died is left, and what five times as many callers as a service can serve leave of its work.

use std::time::Duration;

use contracts::events::internal::v1::feed_service_client::FeedServiceClient;
use fault::Fault;
use futures::{StreamExt, stream};
use rpc::{Channel, NoAddress};
use tonic::transport::Endpoint;

use crate::cases::Case;
use crate::echo::{Echo, repeatable};
use crate::fleet::Fleet;
use crate::load::Load;
use crate::world::World;
use crate::{millis, permille, say};

/// How often each of two ways is measured, in turns, so that a machine whose speed varies is as fast for both.
const TURNS: usize = 5;
/// How many callers show what one call costs: more would measure the machine.
const FEW: usize = 4;
/// When a replica dies under its callers.
const DIES_AFTER: Duration = Duration::from_secs(1);
/// How long a caller of a service with too many of them waits.
const DEADLINE: Duration = Duration::from_secs(1);
/// How many callers are tried for the most that a service can serve.
const CALLERS: [usize; 4] = [16, 32, 64, 128];
/// How many times that many come then.
const TIMES: usize = 5;

/// A channel over both.
fn over(echoes: &[Echo; 2]) -> Result<Channel, Fault> {
    let address = |echo: &Echo| {
        echo.address()
            .parse()
            .map_err(|error: NoAddress| Fault::internal(error.to_string()))
    };
    let addresses = [address(&echoes[0])?, address(&echoes[1])?];
    let known = stream::once(async { addresses.into() }).chain(stream::pending());
    Ok(Channel::discovered("points", &contracts_points::CONTRACT, known))
}

/// Measures all three, and prints each.
pub(crate) async fn run(fleet: &Fleet, load: &Load, members: usize) -> Result<(), Fault> {
    balance(load).await?;
    death().await?;
    overload(fleet, load, members).await
}

async fn balance(load: &Load) -> Result<(), Fault> {
    let echoes = [Echo::start().await?, Echo::start().await?];
    let plain = Endpoint::from_shared(echoes[0].address()).map_err(Fault::internal)?;
    let plain = plain.tcp_nodelay(true).connect_lazy();
    let balanced = over(&echoes)?;
    let few = Load { callers: FEW, ..*load };
    let (mut direct, mut spread) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        direct.push(
            repeatable(&few, &FeedServiceClient::new(plain.clone()))
                .await
                .percentile(500),
        );
        spread.push(
            repeatable(&few, &FeedServiceClient::new(balanced.clone()))
                .await
                .percentile(500),
        );
    }
    let (direct, spread) = (median(direct), median(spread));
    say(&format!(
        "a call to one address {} ms, balanced over two replicas {} ms: {} of it (p50, {FEW} callers, {TURNS} turns)",
        millis(direct),
        millis(spread),
        permille(spread, direct)
    ));
    for echo in echoes {
        echo.die();
    }
    Ok(())
}

async fn death() -> Result<(), Fault> {
    let few = Load {
        callers: FEW,
        warm_up: Duration::ZERO,
        duration: DIES_AFTER.saturating_mul(2),
    };
    let (mut longest, mut errors) = (0, 0_usize);
    for _ in 0..TURNS {
        let echoes = [Echo::start().await?, Echo::start().await?];
        let client = FeedServiceClient::new(over(&echoes)?);
        let [dies, stays] = echoes;
        let killer = async {
            kernel::pause(DIES_AFTER).await;
            dies.die();
        };
        let (figures, ()) = futures::join!(repeatable(&few, &client), killer);
        longest = longest.max(figures.percentile(1_000));
        errors = errors.saturating_add(figures.errors);
        stays.die();
    }
    say(&format!(
        "a replica that dies under {FEW} callers: the longest call {} ms (the worst of {TURNS} deaths), {errors} failed",
        millis(longest)
    ));
    Ok(())
}

async fn overload(fleet: &Fleet, load: &Load, members: usize) -> Result<(), Fault> {
    let world = World::build(fleet, members).await?;
    let route = fleet.direct("points")?.within(DEADLINE);
    say(&format!(
        "calls answered within {} s, {}",
        DEADLINE.as_secs(),
        fleet.database()
    ));
    for case in [Case::Balance, Case::Redeem] {
        let mut peak = (0, 0);
        let mut told = Vec::new();
        for callers in CALLERS {
            let load = Load { callers, ..*load };
            let answered = case.measure(&world, route.clone(), &load).await.per_second();
            told.push(format!("{callers} callers {answered}/s"));
            peak = peak.max((answered, callers));
        }
        let (most, callers) = peak;
        let many = callers.saturating_mul(TIMES);
        let load = Load { callers: many, ..*load };
        let under = case.measure(&world, route.clone(), &load).await.per_second();
        say(&format!(
            "{}: {}, then {many} callers {under}/s: {} of the peak",
            case.name(),
            told.join(", "),
            permille(under, most)
        ));
    }
    Ok(())
}

fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures.get(figures.len() / 2).copied().unwrap_or(0)
}
