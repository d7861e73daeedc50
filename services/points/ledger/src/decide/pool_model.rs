//! Random lives of a pool against a plain model of it: for each holder a map from expiry to amount.
//!
//! The model knows nothing of lots, accounts or transfers. It takes what expires first, remembers what each spend took, and
//! gives back what expires last; what comes back too late expires at once.

use std::collections::BTreeMap;

use super::tests::{Ledger, earn_of, member};
use super::*;
use crate::{AssetKind, Extent, MemberId, Standing, holder_of, new_pool_id};
use proptest::prelude::*;

/// What a holder has, by when it expires.
type Purse = BTreeMap<Time, i64>;

#[derive(Default)]
struct Model {
    purses: BTreeMap<MemberId, Purse>,
    /// What each spend of the pool took, and how much of that is not back.
    spends: Vec<(EntryId, Purse)>,
    granted: i64,
    expired: i64,
}

#[derive(Clone, Debug)]
enum Command {
    Earn { who: usize, amount: i64, days: i64 },
    Contribute { who: usize, amount: i64 },
    Redeem { who: usize, amount: i64 },
    Reverse { which: usize, amount: i64 },
    Dissolve,
    Pass { days: i64 },
}

fn command() -> impl Strategy<Value = Command> {
    let who = || 1..3_usize;
    prop_oneof![
        5 => (who(), 1..200_i64, 1..20_i64).prop_map(|(who, amount, days)| Command::Earn { who, amount, days }),
        6 => (who(), 1..150_i64).prop_map(|(who, amount)| Command::Contribute { who, amount }),
        5 => (who(), 1..150_i64).prop_map(|(who, amount)| Command::Redeem { who, amount }),
        4 => (0..8_usize, 1..120_i64).prop_map(|(which, amount)| Command::Reverse { which, amount }),
        1 => Just(Command::Dissolve),
        2 => (1..6_i64).prop_map(|days| Command::Pass { days }),
    ]
}

impl Ledger {
    fn key_of_pool(&self, pool: MemberId) -> AccountKey {
        AccountKey {
            member: pool,
            ..self.key.clone()
        }
    }
}

impl Model {
    /// Takes what expires first; nothing where there is not enough.
    fn take(&mut self, holder: MemberId, amount: i64) -> Option<Purse> {
        let purse = self.purses.entry(holder).or_default();
        if purse.values().sum::<i64>() < amount {
            return None;
        }
        let (mut left, mut taken) = (amount, Purse::new());
        for (expiry, has) in purse.iter_mut() {
            let part = left.min(*has);
            *has -= part;
            left -= part;
            if part > 0 {
                taken.insert(*expiry, part);
            }
        }
        Some(taken)
    }

    fn put(&mut self, holder: MemberId, purse: &Purse) {
        for (expiry, amount) in purse {
            *self.purses.entry(holder).or_default().entry(*expiry).or_default() += amount;
        }
    }

    /// Gives back what expires last of a spend; none where less of it is left.
    fn give_back(&mut self, which: usize, holder: MemberId, amount: i64) -> Option<()> {
        let (_, taken) = &mut self.spends[which];
        if taken.values().sum::<i64>() < amount {
            return None;
        }
        let (mut left, mut back) = (amount, Purse::new());
        for (expiry, out) in taken.iter_mut().rev() {
            let part = left.min(*out);
            *out -= part;
            left -= part;
            back.insert(*expiry, part);
        }
        self.put(holder, &back);
        Some(())
    }

    fn expire(&mut self, now: Time) {
        for purse in self.purses.values_mut() {
            let later = purse.split_off(&Time::from_micros(now.micros() + 1));
            self.expired += purse.values().sum::<i64>();
            *purse = later;
        }
    }
}

/// The ledger, its model, and whether the pool goes on.
struct Both {
    ledger: Ledger,
    model: Model,
    pool: MemberId,
    dissolved: bool,
}

impl Both {
    fn new() -> Self {
        let mut ledger = Ledger::new(AssetKind::Points, 0);
        let pool = holder_of(new_pool_id(uuid::Uuid::from_u128(7)));
        let key = ledger.key_of_pool(pool);
        let asset = ledger.state.asset(&ledger.key);
        ledger.state.load(key.clone(), Account::new(asset, Standing::default()));
        ledger.state.account_mut(&key).set_complete();
        Self {
            ledger,
            model: Model::default(),
            pool,
            dissolved: false,
        }
    }

    fn post(&mut self, holder: MemberId, act: Act) -> Result<Effects, Refusal> {
        self.ledger.key.member = holder;
        self.ledger.post(act)
    }

    /// The pool's account; after its end that of its owner.
    fn holder(&self) -> MemberId {
        if self.dissolved { member(1) } else { self.pool }
    }

    fn run(&mut self, command: Command) {
        match command {
            Command::Earn { who, amount, days } => {
                let who = member(who as u128);
                let expiry = self.ledger.state.now.plus_days(days);
                self.post(who, earn_of(amount, Some(expiry))).unwrap();
                self.model.put(who, &Purse::from([(expiry, amount)]));
                self.model.granted += amount;
            }
            Command::Contribute { who, amount } if !self.dissolved => {
                let who = member(who as u128);
                let outcome = self.post(who, Act::Transfer { to: self.pool, amount });
                let taken = self.model.take(who, amount);
                assert_eq!(outcome.is_ok(), taken.is_some(), "{outcome:?}");
                self.model.put(self.pool, &taken.unwrap_or_default());
            }
            Command::Redeem { who, amount } if !self.dissolved => self.redeem(member(who as u128), amount),
            Command::Reverse { which, amount } if which < self.model.spends.len() => self.reverse(which, amount),
            Command::Dissolve if !self.dissolved => self.dissolve(),
            Command::Pass { days } => self.ledger.pass(days),
            Command::Contribute { .. } | Command::Redeem { .. } | Command::Reverse { .. } | Command::Dissolve => {}
        }
        self.model.expire(self.ledger.state.now);
        self.check();
    }

    fn redeem(&mut self, by: MemberId, amount: i64) {
        let outcome = self.post(self.pool, Act::RedeemPool { by, amount });
        let taken = self.model.take(self.pool, amount);
        assert_eq!(outcome.is_ok(), taken.is_some(), "{outcome:?}");
        if let (Ok(effects), Some(taken)) = (outcome, taken) {
            let entry = effects.entry().unwrap();
            assert_eq!((entry.kind, entry.acting), (EntryKind::Redeem, Some(by)));
            self.model.spends.push((entry.id, taken));
        }
    }

    fn reverse(&mut self, which: usize, amount: i64) {
        let (entry, holder) = (self.model.spends[which].0, self.holder());
        if self.dissolved {
            self.load_spent_lots(entry);
        }
        let extent = Extent::Amount(amount);
        let outcome = self.post(holder, Act::Reverse { entry, extent });
        let back = self.model.give_back(which, holder, amount);
        assert_eq!(outcome.is_ok(), back.is_some(), "{outcome:?}");
    }

    fn dissolve(&mut self) {
        self.post(self.pool, Act::Move { to: member(1) }).unwrap();
        let left = self.model.purses.remove(&self.pool).unwrap_or_default();
        self.model.put(member(1), &left);
        self.dissolved = true;
    }

    /// The empty lots of a spend, which stay with the pool when it ends, and which the owner's reversal would read from the
    /// database.
    fn load_spent_lots(&mut self, entry: EntryId) {
        let (pool, owner) = (self.ledger.key_of_pool(self.pool), self.ledger.key_of(1));
        let parts = self.ledger.state.reversible(entry).unwrap().parts.clone();
        for part in parts {
            if self.ledger.state.account(&pool).lot(part.key()).is_some() {
                let empty = self.ledger.state.account_mut(&pool).give_away(part.key());
                self.ledger.state.account_mut(&owner).take_in(empty);
            }
        }
    }

    fn check(&mut self) {
        let mut held = 0;
        for holder in [member(1), member(2), self.pool] {
            if holder == self.pool && self.dissolved {
                let account = self.ledger.state.account(&self.ledger.key_of_pool(holder));
                assert_eq!((account.balance, account.moved_to), (0, Some(member(1))));
                continue;
            }
            self.post(holder, Act::Expire { lots: Vec::new() }).unwrap();
            let account = self.ledger.state.account(&self.ledger.key);
            let mut lots = Purse::new();
            for lot in account.open_lots() {
                *lots.entry(lot.expire_time).or_default() += lot.remaining;
            }
            let mut expected = self.model.purses.get(&holder).cloned().unwrap_or_default();
            expected.retain(|_, amount| *amount > 0);
            assert_eq!(lots, expected, "{holder}");
            assert_eq!(account.balance, expected.values().sum::<i64>());
            held += account.balance;
        }
        let spent: i64 = self.model.spends.iter().flat_map(|(_, taken)| taken.values()).sum();
        assert_eq!(
            self.model.granted,
            held + spent + self.model.expired,
            "nothing minted, nothing lost"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_pool_does_what_a_plain_purse_does(commands in prop::collection::vec(command(), 1..60)) {
        let mut both = Both::new();
        for command in commands {
            both.run(command);
        }
    }
}
