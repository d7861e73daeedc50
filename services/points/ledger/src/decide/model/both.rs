//! One command to the ledger and to its model, and what each must come to.

use super::plain::{Model, ModelHold};
use super::*;

/// The ledger and its model, and what to do to both of them.
pub(super) struct Both {
    pub(super) ledger: Ledger,
    pub(super) model: Model,
    pub(super) holder: usize,
    pub(super) policy: ClawbackPolicy,
}

impl Both {
    fn now(&self) -> Time {
        self.ledger.state.now
    }

    fn post(&mut self, act: Act) -> Result<Effects, Refusal> {
        self.ledger.key = self.ledger.key_of(self.holder);
        let outcome = self.ledger.post(act);
        if outcome.is_ok() {
            self.model.settle_like_the_ledger(&self.ledger, self.holder);
        }
        outcome
    }

    pub(super) fn run(&mut self, command: Command) {
        match command {
            Command::Earn { amount, days } => self.earn(amount, days),
            Command::EarnPending { amount, days, wait } => self.earn_pending(amount, days, wait),
            Command::Confirm { which, call } => self.confirm(which, call),
            Command::Cancel { which } => self.cancel(which),
            Command::Redeem { amount } => self.redeem(amount),
            Command::Reverse { which, amount } => self.reverse(which, amount),
            Command::Hold { amount, days } => self.hold(amount, days),
            Command::Capture { which, amount } => self.capture(which, amount),
            Command::Release { which } => self.release(which, ReleaseCause::Call),
            Command::Lapse { which } => self.release(which, ReleaseCause::Deadline),
            Command::Transfer { amount } => self.transfer(amount),
            Command::Adjust { amount } => self.adjust(amount),
            Command::Expire => {
                self.post(Act::Expire { lots: Vec::new() }).unwrap();
            }
            Command::Pass { days } => self.ledger.pass(days),
        }
        for holder in HOLDERS {
            self.model.repay(holder, self.now());
        }
        self.model.check(&self.ledger);
    }

    fn transfer(&mut self, amount: i64) {
        let (now, available) = (self.now(), self.model.available(self.holder, self.now()));
        let receiver = HOLDERS.into_iter().find(|holder| *holder != self.holder).unwrap();
        let to = self.ledger.key_of(receiver).member;
        let Ok(effects) = self.post(Act::Transfer { to, amount }) else {
            assert!(available < amount);
            return;
        };
        let mut expected: BTreeMap<Time, i64> = BTreeMap::new();
        for (key, part) in self.model.take(self.holder, now, amount, None) {
            self.model.lots.get_mut(&key).unwrap().given += part;
            *expected.entry(key.0).or_default() += part;
        }
        let into = effects
            .entries
            .iter()
            .find(|entry| entry.kind == EntryKind::TransferIn)
            .unwrap();
        let arrived: BTreeMap<Time, i64> = into.lots.iter().map(|part| (part.expire_time, part.amount)).collect();
        assert_eq!(arrived, expected, "nothing becomes younger");
        for part in &into.lots {
            self.model.grant(receiver, (part.expire_time, part.lot), part.amount);
        }
    }

    fn adjust(&mut self, amount: i64) {
        let (now, available) = (self.now(), self.model.available(self.holder, self.now()));
        let correction = Correction {
            amount,
            reason_code: "recount".to_owned(),
            note: String::new(),
            cost_centre: None,
            creator: "somebody".to_owned(),
        };
        let Ok(effects) = self.post(Act::Adjust(correction)) else {
            assert!(available < -amount);
            return;
        };
        let entry = effects.entry().unwrap();
        if amount > 0 {
            self.model
                .grant(self.holder, (Time::MAX, LotId::from_uuid(entry.id.uuid())), amount);
        } else {
            let taken = self.model.take(self.holder, now, -amount, None);
            assert_eq!(self.model.claw(&taken), -amount);
        }
    }

    /// Waits for so many days; 0 waits for a confirmation.
    fn earn_pending(&mut self, amount: i64, days: i64, wait: i64) {
        let at = (wait > 0).then(|| self.now().plus_days(wait));
        let expire_time = at.unwrap_or(self.now()).plus_days(days);
        let act = Act::Earn {
            amount,
            expire_time: Some(expire_time),
            availability: at.map_or(Availability::OnConfirmation, Availability::At),
        };
        let entry = self.post(act).unwrap().entry().unwrap().id;
        let key = (expire_time, LotId::from_uuid(entry.uuid()));
        self.model.grant(self.holder, key, amount);
        let lot = self.model.lots.get_mut(&key).unwrap();
        (lot.available, lot.pending) = (0, amount);
        self.model.waiting.insert(entry, (self.holder, key, at));
        self.model.earns.insert(entry, (self.holder, key, amount, 0));
    }

    fn waiting(&self, which: usize) -> Option<(EntryId, LotKey, Option<Time>)> {
        let mine = self
            .model
            .waiting
            .iter()
            .filter(|(_, (holder, ..))| *holder == self.holder);
        mine.map(|(entry, (_, key, at))| (*entry, *key, *at)).nth(which)
    }

    fn confirm(&mut self, which: usize, call: bool) {
        let Some((entry, key, at)) = self.waiting(which) else {
            return;
        };
        let pending = self.model.lots[&key].pending;
        let due = at.is_some_and(|at| at <= self.now());
        let cause = if call { ConfirmCause::Call } else { ConfirmCause::Time };
        let outcome = self.post(Act::Confirm {
            earns: Earns::Entry(entry),
            cause,
        });
        let done = outcome.is_ok_and(|effects| !effects.confirmed.is_empty());
        assert_eq!(done, pending > 0 && (call || due));
        if done {
            let lot = self.model.lots.get_mut(&key).unwrap();
            (lot.available, lot.pending) = (pending, 0);
            self.model.settle_like_the_ledger(&self.ledger, self.holder);
        }
    }

    fn cancel(&mut self, which: usize) {
        let Some((entry, key, _)) = self.waiting(which) else {
            return;
        };
        let pending = self.model.lots[&key].pending;
        let outcome = self.post(Act::Cancel {
            earns: Earns::Entry(entry),
        });
        assert_eq!(outcome.is_ok(), pending > 0);
        let lot = self.model.lots.get_mut(&key).unwrap();
        (lot.clawed, lot.pending) = (lot.clawed + pending, 0);
        self.model.earns.get_mut(&entry).unwrap().3 += pending;
    }

    fn earn(&mut self, amount: i64, days: i64) {
        let expire_time = self.now().plus_days(days);
        let effects = self.post(earn_of(amount, Some(expire_time))).unwrap();
        let entry = effects.entry().unwrap().id;
        let key = (expire_time, LotId::from_uuid(entry.uuid()));
        self.model.grant(self.holder, key, amount);
        self.model.earns.insert(entry, (self.holder, key, amount, 0));
    }

    fn redeem(&mut self, amount: i64) {
        let (now, available) = (self.now(), self.model.available(self.holder, self.now()));
        match self.post(Act::Redeem { amount }) {
            Ok(effects) => {
                let taken = self.model.take(self.holder, now, amount, None);
                self.model.spend(effects.entry().unwrap(), self.holder, &taken);
                assert_eq!(taken.iter().map(|(_, part)| part).sum::<i64>(), amount);
            }
            Err(refusal) => {
                let requested = amount;
                assert_eq!(refusal, Refusal::Insufficient { available, requested });
                assert!(available < amount);
            }
        }
    }

    fn reverse(&mut self, which: usize, amount: i64) {
        let spends = self
            .model
            .spends
            .iter()
            .filter(|(_, (holder, _))| *holder == self.holder);
        let earns = self
            .model
            .earns
            .iter()
            .filter(|(_, (holder, ..))| *holder == self.holder);
        let entries: Vec<EntryId> = spends.map(|(id, _)| *id).chain(earns.map(|(id, _)| *id)).collect();
        let Some(entry) = entries.get(which).copied() else {
            return;
        };
        let extent = Extent::Amount(amount);
        if let Some((_, taken)) = self.model.spends.get(&entry) {
            let left: i64 = taken.iter().map(|part| part.amount - part.back).sum();
            let outcome = self.post(Act::Reverse { entry, extent });
            assert_eq!(outcome.is_ok(), amount <= left, "{outcome:?} of {left}");
            if outcome.is_ok() {
                self.model.give_back(entry, amount);
                self.model.settle_like_the_ledger(&self.ledger, self.holder);
            }
        } else {
            self.take_back(entry, amount);
        }
    }

    fn take_back(&mut self, entry: EntryId, amount: i64) {
        let (_, own, granted, back) = self.model.earns[&entry];
        let (now, available) = (self.now(), self.model.available(self.holder, self.now()));
        let waiting = self.model.lots[&own].pending.min(amount);
        let extent = Extent::Amount(amount);
        match self.post(Act::Reverse { entry, extent }) {
            Ok(effects) => {
                assert!(amount <= granted - back, "never more than was earned");
                let taken = self.model.take(self.holder, now, amount - waiting, Some(own));
                let mut total = self.model.claw(&taken) + waiting;
                let lot = self.model.lots.get_mut(&own).unwrap();
                (lot.pending, lot.clawed) = (lot.pending - waiting, lot.clawed + waiting);
                if self.policy == ClawbackPolicy::Debt {
                    *self.model.debts.entry(self.holder).or_default() += amount - total;
                    total = amount;
                }
                assert_eq!(effects.missing, amount - total);
                self.model.earns.get_mut(&entry).unwrap().3 += total;
            }
            Err(Refusal::ExceedsEntry { .. }) => assert!(amount > granted - back),
            Err(Refusal::Insufficient { .. }) => {
                assert_eq!((available, waiting, self.policy), (0, 0, ClawbackPolicy::WithinBalance));
            }
            Err(refusal) => panic!("unexpected: {refusal}"),
        }
    }

    fn hold(&mut self, amount: i64, days: i64) {
        let (now, available) = (self.now(), self.model.available(self.holder, self.now()));
        let deadline = now.plus_days(days);
        match self.post(Act::Hold {
            amount,
            ttl: std::time::Duration::from_hours(24 * u64::try_from(days).unwrap()),
        }) {
            Ok(effects) => {
                let parts = self.model.take(self.holder, now, amount, None);
                for (key, part) in &parts {
                    self.model.lots.get_mut(key).unwrap().held += part;
                }
                let hold = effects.hold.unwrap();
                let held: Vec<(LotKey, i64)> = hold.parts.iter().map(|part| (part.key(), part.amount)).collect();
                assert_eq!(held, parts);
                let hold_in_model = ModelHold {
                    holder: self.holder,
                    parts,
                    deadline,
                    open: true,
                };
                self.model.holds.insert(hold.id, hold_in_model);
            }
            Err(_) => assert!(available < amount),
        }
    }

    fn hold_of(&self, which: usize) -> Option<(HoldId, ModelHold)> {
        let holds = self.model.holds.iter().filter(|(_, hold)| hold.holder == self.holder);
        holds.map(|(id, hold)| (*id, hold.clone())).nth(which)
    }

    fn capture(&mut self, which: usize, amount: i64) {
        let Some((id, held)) = self.hold_of(which) else { return };
        let total: i64 = held.parts.iter().map(|(_, part)| part).sum();
        let (is_open, act) = (
            held.open && held.deadline > self.now(),
            Act::Capture {
                hold: id,
                amount: Some(amount),
            },
        );
        let outcome = self.post(act);
        assert_eq!(outcome.is_ok(), is_open && amount <= total, "{outcome:?}");
        let Ok(effects) = outcome else { return };
        let (mut left, mut paid, mut rest) = (amount, Vec::new(), Vec::new());
        for (key, part) in &held.parts {
            let pays = left.min(*part);
            left -= pays;
            paid.push((*key, pays));
            rest.push((*key, part - pays));
        }
        for (key, part) in &paid {
            self.model.lots.get_mut(key).unwrap().held -= part;
        }
        self.model.spend(effects.entry().unwrap(), self.holder, &paid);
        self.model.put_back(&rest);
        self.model.holds.get_mut(&id).unwrap().open = false;
        self.model.settle_like_the_ledger(&self.ledger, self.holder);
    }

    fn release(&mut self, which: usize, cause: ReleaseCause) {
        let Some((id, held)) = self.hold_of(which) else { return };
        let due = held.deadline <= self.now();
        let outcome = self.post(Act::Release { hold: id, cause });
        let done = match cause {
            ReleaseCause::Call => outcome.is_ok(),
            ReleaseCause::Deadline => outcome.unwrap().hold.is_some(),
        };
        assert_eq!(done, held.open && due == (cause == ReleaseCause::Deadline));
        if done {
            self.model.put_back(&held.parts);
            self.model.holds.get_mut(&id).unwrap().open = false;
            self.model.settle_like_the_ledger(&self.ledger, self.holder);
            assert_ne!(self.ledger.state.hold(id).state, HoldState::Held);
        }
    }
}
