//! What is done in a run, from a seed.

use kernel::Time;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;

use super::ask::{Ask, Waits};
use super::brand::{Account, Members, WITNESS};
use super::history::Known;

const HOUR: i64 = 3_600 * 1_000_000;
const HOURS_PER_DAY: i64 = 24;
/// How many merges and undos there are in a run.
const PASSAGES_MAX: usize = 12;

/// What happens to the service while it works.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A replica is killed and started again.
    Kill { replica: usize },
    /// The clock is turned.
    Turn { hours: i64 },
    /// Everybody does at once what is due.
    Settle { replica: usize },
    /// A replica is killed while its workers work.
    KillAtWork { replica: usize },
    /// Identity merges two members or undoes a merge; it is heard of at once, or with what comes next.
    Pass { heard: bool },
}

/// When which of them happen: after so many requests.
pub(super) fn events(dice: &mut StdRng, replicas: usize, asks: u64) -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    for _ in 0..dice.random_range(3..6) {
        let replica = dice.random_range(0..replicas);
        events.push((dice.random_range(5..asks), Event::Kill { replica }));
    }
    for _ in 0..dice.random_range(2..5) {
        let hours = dice.random_range(1..4 * HOURS_PER_DAY);
        events.push((dice.random_range(5..asks), Event::Turn { hours }));
    }
    for _ in 0..dice.random_range(2..4) {
        let replica = dice.random_range(0..replicas);
        events.push((dice.random_range(5..asks), Event::Settle { replica }));
    }
    let replica = dice.random_range(0..replicas);
    events.push((dice.random_range(5..asks), Event::KillAtWork { replica }));
    let passages = [0, 4, PASSAGES_MAX][dice.random_range(0..3)];
    for _ in 0..passages {
        let heard = dice.random_bool(0.8);
        events.push((dice.random_range(asks / 9..asks), Event::Pass { heard }));
    }
    events.sort_by_key(|(after, _)| *after);
    events
}

/// One request.
pub(super) fn draw(dice: &mut StdRng, members: &Members, known: &Known, now: Time) -> Ask {
    let account = account(dice, members);
    let amount = dice.random_range(1..120);
    let drawn = match dice.random_range(0..100) {
        0..17 => Some(Ask::Redeem { account, amount }),
        17..32 => about(dice, members, &known.entries).map(|(account, entry)| {
            let amount = [0, dice.random_range(1..60)][dice.random_range(0..2)];
            Ask::Reverse { account, entry, amount }
        }),
        32..44 => Some(Ask::Hold {
            account,
            amount,
            ttl_seconds: dice.random_range(60..4 * 86_400),
        }),
        44..49 => about(dice, members, &known.holds).map(|(account, hold)| {
            let amount = [0, dice.random_range(1..60)][dice.random_range(0..2)];
            Ask::Capture { account, hold, amount }
        }),
        49..52 => about(dice, members, &known.holds).map(|(account, hold)| Ask::Release { account, hold }),
        52..58 => Some(Ask::Transfer {
            account,
            to: (account.member + dice.random_range(1..members.ids.len())) % members.ids.len(),
            amount,
        }),
        58..62 => Some(Ask::Adjust {
            account,
            amount: [amount, -amount][dice.random_range(0..2)],
        }),
        62..66 => waiting(dice, members, known).map(|(account, entry)| Ask::Confirm { account, entry }),
        66..68 => waiting(dice, members, known).map(|(account, entry)| Ask::Cancel { account, entry }),
        _ => None,
    };
    drawn.unwrap_or_else(|| earn(dice, account, now))
}

/// One that can be a part of a batch or of a stream.
pub(super) fn draw_posting(dice: &mut StdRng, members: &Members, known: &Known, now: Time) -> Ask {
    let account = account(dice, members);
    let amount = dice.random_range(1..120);
    let drawn = match dice.random_range(0..10) {
        0..4 => Some(Ask::Redeem { account, amount }),
        4..6 => about(dice, members, &known.entries).map(|(account, entry)| {
            let amount = dice.random_range(0..60);
            Ask::Reverse { account, entry, amount }
        }),
        _ => None,
    };
    drawn.unwrap_or_else(|| earn(dice, account, now))
}

fn earn(dice: &mut StdRng, account: Account, now: Time) -> Ask {
    let waits = match dice.random_range(0..8) {
        0 => Waits::Until(later(dice, now, 3)),
        1 => Waits::ForConfirmation,
        _ => Waits::No,
    };
    let begin = match waits {
        Waits::Until(time) => time,
        Waits::No | Waits::ForConfirmation => now,
    };
    Ask::Earn {
        account,
        amount: dice.random_range(1..150),
        expire_time: dice.random_bool(0.6).then(|| later(dice, begin, 10)),
        waits,
    }
}

fn later(dice: &mut StdRng, time: Time, days: i64) -> Time {
    Time::from_micros(time.micros() + dice.random_range(1..days * HOURS_PER_DAY) * HOUR)
}

fn account(dice: &mut StdRng, members: &Members) -> Account {
    let of_family = dice.random_bool(0.5);
    Account {
        member: if of_family {
            dice.random_range(members.family())
        } else {
            dice.random_range(0..members.ids.len())
        },
        asset: dice.random_range(0..WITNESS),
    }
}

/// One of the last that are known: the older ones have mostly been dealt with. Now and then another one of the family asks,
/// who may be the same by now.
fn about(dice: &mut StdRng, members: &Members, known: &[(Account, String)]) -> Option<(Account, String)> {
    const LAST: usize = 24;
    let begin = known.len().saturating_sub(LAST);
    let asked = known
        .get(begin..)?
        .iter()
        .filter(|(account, _)| account.asset != WITNESS);
    let (mut account, id) = asked.choose(dice).cloned()?;
    if !members.stays(account.member) && dice.random_bool(0.3) {
        account.member = dice.random_range(members.family());
    }
    Some((account, id))
}

/// An earn that may be pending; now and then it is said to be of another asset.
fn waiting(dice: &mut StdRng, members: &Members, known: &Known) -> Option<(Account, String)> {
    let (mut account, entry) = about(dice, members, &known.pending)?;
    if dice.random_bool(0.1) {
        account.asset = dice.random_range(0..WITNESS);
    }
    Some((account, entry))
}
