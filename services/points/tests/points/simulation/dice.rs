//! What is done in a run, from a seed.

use kernel::Time;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;

use super::ask::{Ask, Change, Waits};
use super::brand::{Account, Members, WITNESS};
use super::history::Known;
use super::pools::POOLS;

const HOUR: i64 = 3_600 * 1_000_000;
const HOURS_PER_DAY: i64 = 24;
/// How many merges and undos there are in a run.
const PASSAGES_MAX: usize = 16;

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
    let passages = [0, 4, PASSAGES_MAX, PASSAGES_MAX][dice.random_range(0..4)];
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
        0..14 => Some(redeem(dice, known, account)),
        14..26 => reversal(dice, members, known),
        26..36 => Some(Ask::Hold {
            account,
            amount,
            ttl_seconds: dice.random_range(60..4 * 86_400),
        }),
        36..41 => about(dice, members, &known.holds).map(|(account, hold)| {
            let amount = [0, dice.random_range(1..60)][dice.random_range(0..2)];
            Ask::Capture { account, hold, amount }
        }),
        41..44 => about(dice, members, &known.holds).map(|(account, hold)| Ask::Release { account, hold }),
        44..49 => Some(Ask::Transfer {
            account,
            to: (account.member + dice.random_range(1..members.ids.len())) % members.ids.len(),
            amount,
        }),
        49..52 => Some(Ask::Adjust {
            account,
            amount: [amount, -amount][dice.random_range(0..2)],
        }),
        52..55 => waiting(dice, members, known).map(|(account, entry)| Ask::Confirm { account, entry }),
        55..57 => waiting(dice, members, known).map(|(account, entry)| Ask::Cancel { account, entry }),
        57..72 => Some(of_pool(dice, members)),
        72..78 if dice.random_bool(0.1) => Some(Ask::Dissolve {
            pool: dice.random_range(0..POOLS.len()),
        }),
        72..78 => Some(place(dice, members)),
        _ => None,
    };
    drawn.unwrap_or_else(|| earn(dice, account, now))
}

/// One that can be a part of a batch or of a stream.
pub(super) fn draw_posting(dice: &mut StdRng, members: &Members, known: &Known, now: Time) -> Ask {
    let account = account(dice, members);
    let drawn = match dice.random_range(0..10) {
        0..3 => Some(redeem(dice, known, account)),
        3..5 => reversal(dice, members, known),
        5..7 => Some(of_pool(dice, members)),
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
        amount: dice.random_range(1..200),
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

/// Now and then all that there was: a member who has nothing left owes what is taken back.
fn redeem(dice: &mut StdRng, known: &Known, account: Account) -> Ask {
    let all = known.balances.get(&account).copied().filter(|balance| *balance > 0);
    let all = all.filter(|_| dice.random_bool(0.4));
    Ask::Redeem {
        account,
        amount: all.unwrap_or_else(|| dice.random_range(1..120)),
    }
}

/// An earn or a spend is taken back, mostly by whose it is.
fn reversal(dice: &mut StdRng, members: &Members, known: &Known) -> Option<Ask> {
    let (account, entry) = about(dice, members, &known.entries)?;
    let amount = [0, dice.random_range(1..60)][dice.random_range(0..2)];
    Some(match account.pool().filter(|_| dice.random_bool(0.95)) {
        Some(pool) => Ask::GiveBack { pool, entry, amount },
        None if account.pool().is_some() || dice.random_bool(0.02) => Ask::GiveBack {
            pool: dice.random_range(0..POOLS.len()),
            entry,
            amount,
        },
        None => Ask::Reverse { account, entry, amount },
    })
}

fn of_pool(dice: &mut StdRng, members: &Members) -> Ask {
    let pool = dice.random_range(0..POOLS.len());
    let places = POOLS[pool].members;
    let by = match dice.random_range(0..4) {
        0 => dice.random_range(0..members.ids.len()),
        1 => places[0],
        _ => places[dice.random_range(0..places.len())],
    };
    let asset = POOLS[pool].asset;
    match dice.random_range(0..10) {
        0..5 => Ask::Contribute {
            account: Account { member: by, asset },
            pool,
            amount: dice.random_range(1..90),
        },
        5..8 => Ask::Spend {
            pool,
            by,
            amount: dice.random_range(1..60),
        },
        _ => Ask::HoldPool {
            pool,
            by,
            amount: dice.random_range(1..60),
            ttl_seconds: dice.random_range(60..4 * 86_400),
        },
    }
}

/// Somebody who is not of the family comes or goes.
fn place(dice: &mut StdRng, members: &Members) -> Ask {
    Ask::Place {
        pool: dice.random_range(0..POOLS.len()),
        member: dice.random_range(members.family().end..members.ids.len()),
        change: match dice.random_range(0..5) {
            0 | 1 => Change::Invite,
            2 | 3 => Change::Join,
            _ => Change::Leave,
        },
    }
}
