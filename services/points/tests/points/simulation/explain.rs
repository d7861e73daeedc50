//! Whether the answers fit together: there is one order of everything that was done which nobody can have seen otherwise,
//! and every refusal was right at some moment while it was asked for.

use kernel::Time;

use super::answer::{Outcome, Refused};
use super::ask::{Ask, Change, Waits};
use super::brand::Account;
use super::history::{Attempt, Op};
use super::pools::Pool;
use super::replay::Replay;

/// An answer that has to be explained by what was so when it was given: a refusal, or that a place is as was wished, of which
/// no fact tells where it was so before. And after how many facts it may have been decided.
pub(super) struct Riddle {
    id: String,
    ask: Ask,
    attempt: Attempt,
    /// None where it was done.
    refused: Option<Refused>,
    earliest: usize,
    latest: usize,
    solved: bool,
}

/// What was answered before something else was asked, was done before it.
pub(super) fn check_order(replay: &Replay) {
    let mut done: Vec<(usize, &String, &Op)> = Vec::new();
    done.extend(
        replay
            .done
            .iter()
            .map(|(id, position)| (*position, id, &replay.ops[id])),
    );
    done.sort_by_key(|(position, ..)| *position);
    let mut known = (u64::MAX, String::new());
    for (_, id, op) in done.into_iter().rev() {
        assert!(
            op.first_asked() <= known.0,
            "{id} was asked after {} was answered, and was done before it",
            known.1
        );
        if op.first_known() < known.0 {
            known = (op.first_known(), id.clone());
        }
    }
}

/// All refusals, with the places that the first replay has found for them.
pub(super) fn riddles(replay: &Replay) -> Vec<Riddle> {
    let mut riddles = Vec::new();
    for (id, op) in &replay.ops {
        for attempt in &op.attempts {
            if let Outcome::Refused(refused) = &attempt.outcome {
                let (earliest, latest) = place(replay, id, attempt);
                riddles.push(Riddle {
                    id: id.clone(),
                    ask: op.ask.clone(),
                    attempt: attempt.clone(),
                    refused: Some(refused.clone()),
                    earliest,
                    latest,
                    solved: false,
                });
            }
        }
        riddles.extend(place_riddle(replay, id, op));
    }
    riddles
}

/// That a place was once as somebody wished it.
fn place_riddle(replay: &Replay, id: &str, op: &Op) -> Option<Riddle> {
    let done = op.attempts.iter().filter(|it| matches!(it.outcome, Outcome::Done(_)));
    let done = done.min_by_key(|attempt| attempt.answered.tick)?;
    let first = op
        .attempts
        .iter()
        .map(|attempt| attempt.asked)
        .min_by_key(|asked| asked.tick)?;
    let attempt = Attempt {
        asked: first,
        ..done.clone()
    };
    let (earliest, latest) = place(replay, id, &attempt);
    matches!(op.ask, Ask::Place { .. }).then(|| Riddle {
        id: id.to_owned(),
        ask: op.ask.clone(),
        attempt,
        refused: None,
        earliest,
        latest,
        solved: false,
    })
}

/// Not before what was known to be done when it was asked, not after what was only asked when it was answered, and not
/// after it was done itself.
fn place(replay: &Replay, id: &str, attempt: &Attempt) -> (usize, usize) {
    let (mut earliest, mut latest) = (0, replay.position);
    for (other, position) in &replay.done {
        let op = &replay.ops[other];
        if other != id && op.first_known() < attempt.asked.tick {
            earliest = earliest.max(*position);
        }
        if other == id || op.first_asked() > attempt.answered.tick {
            latest = latest.min(position.saturating_sub(1));
        }
    }
    (earliest, latest)
}

impl Riddle {
    /// Looks whether this is a moment at which it was right.
    pub(super) fn look(&mut self, replay: &Replay, times: &[Time]) {
        if self.solved || !(self.earliest..=self.latest).contains(&replay.position) {
            return;
        }
        let during = self.attempt.asked.time..=self.attempt.answered.time;
        let mut times = times.iter().filter(|time| during.contains(time));
        self.solved = times.any(|now| self.is_right(replay, *now));
    }

    pub(super) fn check(&self) {
        assert!(
            self.solved,
            "{} was wrong at every moment from the {}th fact to the {}th: {:?}, {:?}",
            self.id, self.earliest, self.latest, self.ask, self.attempt
        );
    }

    fn is_right(&self, replay: &Replay, now: Time) -> bool {
        let (named, leads) = (self.ask.account(), &replay.family.leads);
        let account = Account {
            member: leads.of(named.member),
            ..named
        };
        let Some(refused) = &self.refused else {
            return self.is_placed(replay);
        };
        match &*refused.reason {
            "INSUFFICIENT_POINTS" => self.is_insufficient(replay, refused, account.holder(), now),
            "NOT_FOUND" => self.is_another_s(replay, account),
            "POOL_DISSOLVED" => pool_of(&self.ask).is_some_and(|pool| replay.dissolved.contains(&pool)),
            "POOL_MEMBERSHIP_REQUIRED" | "POOL_OWNER_REQUIRED" => self.may_not(replay, refused),
            "REVERSAL_EXCEEDS_ENTRY" => self.exceeds_entry(replay, refused),
            "HOLD_NOT_OPEN" => self
                .hold(replay)
                .is_some_and(|(open, deadline, _)| !open || deadline <= now),
            "CAPTURE_EXCEEDS_HOLD" => {
                let Ask::Capture { amount, .. } = self.ask else {
                    return false;
                };
                self.hold(replay)
                    .is_some_and(|(open, deadline, held)| open && deadline > now && amount > held)
            }
            "NOT_PENDING" => self.is_not_pending(replay, account.holder()),
            "EXPIRY_PASSED" => {
                let Ask::Earn { expire_time, waits, .. } = self.ask else {
                    return false;
                };
                let begin = match waits {
                    Waits::Until(time) => time.max(now),
                    Waits::No | Waits::ForConfirmation => now,
                };
                expire_time.is_some_and(|time| time <= begin)
            }
            "TRANSFER_TO_SELF" => {
                let Ask::Transfer { account, to, .. } = self.ask else {
                    return false;
                };
                leads.of(account.member) == leads.of(to)
            }
            "OTHERS_REFUSED" => self.attempt.together,
            _ => false,
        }
    }

    fn is_insufficient(&self, replay: &Replay, refused: &Refused, holder: usize, now: Time) -> bool {
        let available = replay.model.available(holder, now);
        let wanted = match &self.ask {
            Ask::Redeem { amount, .. }
            | Ask::Hold { amount, .. }
            | Ask::Transfer { amount, .. }
            | Ask::Contribute { amount, .. }
            | Ask::Spend { amount, .. }
            | Ask::HoldPool { amount, .. } => *amount,
            Ask::Adjust { amount, .. } => -amount,
            Ask::Reverse { entry, amount, .. } => {
                // Nothing at all is left to take back.
                let Some((_, own, granted, back)) = replay.model.earns.get(&entry.parse().unwrap()) else {
                    return false;
                };
                let pending = replay.model.lots[own].pending;
                let wanted = if *amount == 0 { granted - back } else { *amount };
                return available == 0 && pending == 0 && refused.number("requested") == wanted;
            }
            _ => return false,
        };
        let told = (refused.number("available"), refused.number("requested"));
        told == (available, wanted) && available < wanted
    }

    fn exceeds_entry(&self, replay: &Replay, refused: &Refused) -> bool {
        let (Ask::Reverse { entry, amount, .. } | Ask::GiveBack { entry, amount, .. }) = &self.ask else {
            return false;
        };
        let id = entry.parse().unwrap();
        let earned = replay.model.earns.get(&id).map(|(_, _, granted, back)| granted - back);
        let spent = replay.model.spends.get(&id);
        let spent = spent.map(|(_, taken)| taken.iter().map(|part| part.amount - part.back).sum::<i64>());
        let Some(left) = earned.or(spent) else { return false };
        refused.number("reversible") == left && (*amount > left || left == 0)
    }

    /// Whether the hold is open, until when, and how much it is.
    fn hold(&self, replay: &Replay) -> Option<(bool, Time, i64)> {
        let (Ask::Capture { hold, .. } | Ask::Release { hold, .. }) = &self.ask else {
            return None;
        };
        let hold = replay.model.holds.get(&hold.parse().unwrap())?;
        Some((hold.open, hold.deadline, hold.parts.iter().map(|(_, part)| part).sum()))
    }

    /// An entry that is to be reversed is of a member who is not the one that asks, or not the pool's.
    fn is_another_s(&self, replay: &Replay, account: Account) -> bool {
        let owner = |entry: &str| replay.account_of_entry(entry);
        match &self.ask {
            Ask::Reverse { entry, .. } => {
                owner(entry).is_some_and(|owner| replay.family.leads.of(owner.member) != account.member)
            }
            Ask::GiveBack { entry, pool, .. } => owner(entry).is_some_and(|owner| owner != Pool::account(*pool)),
            _ => false,
        }
    }

    /// A member has no place in the pool, or is not its owner, who alone spends of it.
    fn may_not(&self, replay: &Replay, refused: &Refused) -> bool {
        let (pool, named) = match &self.ask {
            Ask::Contribute { pool, account, .. } => (*pool, account.member),
            Ask::Spend { pool, by: member, .. }
            | Ask::HoldPool { pool, by: member, .. }
            | Ask::Place { pool, member, .. } => (*pool, *member),
            _ => return false,
        };
        let member = replay.family.leads.of(named);
        let joined = replay.joined(pool).contains(&member);
        let is_right = match (&*refused.reason, &self.ask) {
            ("POOL_MEMBERSHIP_REQUIRED", Ask::Place { .. }) => !replay.has_place(pool, member),
            ("POOL_MEMBERSHIP_REQUIRED", _) => !joined,
            (_, Ask::Spend { .. } | Ask::HoldPool { .. }) => joined && !replay.may_spend(pool, member),
            _ => false,
        };
        is_right && refused.metadata.get("member_id") == Some(&replay.members.id(member))
    }

    /// A place is as was wished.
    fn is_placed(&self, replay: &Replay) -> bool {
        let Ask::Place { pool, member, change } = self.ask else {
            return false;
        };
        match change {
            Change::Invite => replay.has_place(pool, member),
            Change::Join => replay.joined(pool).contains(&member),
            Change::Leave => !replay.has_place(pool, member),
        }
    }

    fn is_not_pending(&self, replay: &Replay, holder: usize) -> bool {
        let (Ask::Confirm { entry, .. } | Ask::Cancel { entry, .. }) = &self.ask else {
            return false;
        };
        let own = replay.model.earns.get(&entry.parse().unwrap());
        let own = own.map(|(_, own, ..)| &replay.model.lots[own]);
        own.is_some_and(|lot| lot.pending == 0 || lot.holder != holder)
    }
}

/// The pool that is asked for.
fn pool_of(ask: &Ask) -> Option<usize> {
    match ask {
        Ask::Contribute { pool, .. } => Some(*pool),
        other => other.account().pool(),
    }
}
