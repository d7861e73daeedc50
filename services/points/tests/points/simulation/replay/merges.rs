//! What merges and their undos do: all that an absorbed member has goes over to the survivor, and what is left of it comes
//! back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use contracts_points::v1::Entry;
use ledger::{HoldId, LotKey};

use super::{Replay, negative, parts};
use crate::simulation::brand::{ASSETS, Account, WITNESS};
use crate::simulation::identity::{Leads, Passage};
use crate::simulation::model::{ModelHold, Whereabouts};

/// Who is who, and what of whom is where.
pub(crate) struct Family {
    pub(crate) leads: Leads,
    /// Whom members have led to before.
    pub(super) led: HashSet<(usize, usize)>,
    /// Accounts that were handed over.
    pub(super) closed: HashSet<usize>,
    /// With whom a lot comes back.
    pub(super) belongs: HashMap<LotKey, usize>,
    /// Who made a hold.
    pub(super) makers: HashMap<HoldId, usize>,
    /// How many moves there have been from one member to another one, of an asset.
    pub(super) moves: HashMap<(String, String, String), usize>,
    /// What was owed when an account was handed over.
    moved_debts: BTreeMap<usize, i64>,
    to_come: VecDeque<Passage>,
    /// The one that facts tell of, and the assets that they have told of.
    under_way: Option<(Passage, BTreeSet<usize>)>,
}

/// What moves from one account to another.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Moving {
    pub(super) out: Vec<(LotKey, i64)>,
    pub(super) into: Vec<(LotKey, i64)>,
    debt: i64,
}

impl Family {
    pub(super) fn new(members: usize, passages: Vec<Passage>) -> Self {
        Self {
            leads: Leads::new(members),
            led: HashSet::new(),
            closed: HashSet::new(),
            belongs: HashMap::new(),
            makers: HashMap::new(),
            moves: HashMap::new(),
            moved_debts: BTreeMap::new(),
            to_come: passages.into(),
            under_way: None,
        }
    }

    pub(super) fn check_complete(&self) {
        assert!(self.to_come.is_empty(), "nobody told of {:?}", self.to_come);
        assert_eq!(self.under_way, None, "the witness's fact ends it");
    }

    /// What comes next: from now on everybody is who that says.
    fn begin(&mut self) -> Passage {
        let passage = self.to_come.pop_front().expect("something has moved by no cause");
        self.led.extend(self.leads.pairs());
        self.leads.pass(passage, String::new());
        if let Passage::Undone { restored, .. } = passage {
            self.closed
                .retain(|holder| Account::of_holder(*holder).member != restored);
        }
        passage
    }
}

impl Passage {
    fn direction(self) -> (usize, usize) {
        match self {
            Self::Merged { absorbed, survivor } => (absorbed, survivor),
            Self::Undone { restored, survivor } => (survivor, restored),
        }
    }
}

impl Replay {
    /// A fact of a move, by what is under way or comes next.
    pub(super) fn pass_on(&mut self, out: &Entry, into: &Entry) {
        let ((from, _), (to, _)) = (self.holder(out), self.holder(into));
        let under_way = self.family.under_way.take();
        let (passage, mut told) = under_way.unwrap_or_else(|| (self.family.begin(), BTreeSet::new()));
        assert!(told.insert(from.asset), "told twice: {into:?}");
        assert_eq!(from.asset, to.asset, "{into:?}");
        assert_eq!(passage.direction(), (from.member, to.member), "{into:?}");
        let mut own: Vec<LotKey> = parts(out).iter().filter(|(_, part)| *part > 0).map(|it| it.0).collect();
        own.sort_unstable_by_key(|(_, id)| *id);
        let mut moving = self.carry(passage, from.asset, own);
        moving.out.sort_unstable();
        assert_eq!(parts(into), moving.into, "{into:?}");
        assert_eq!(parts(out), moving.out, "{out:?}");
        assert_eq!((out.debt_amount, into.debt_amount), (-moving.debt, moving.debt));
        self.family.under_way = Some((passage, told));
    }

    /// After the last fact: of what was not told of there was nothing.
    pub(super) fn end_passage(&mut self, out: &Entry) {
        let (account, _) = self.holder(out);
        let Some((passage, told)) = self.family.under_way.take_if(|_| account.asset == WITNESS) else {
            return;
        };
        for asset in (0..ASSETS.len()).filter(|asset| !told.contains(asset)) {
            let moving = self.carry(passage, asset, Vec::new());
            assert_eq!(moving, Moving::default(), "nobody told that it moved by {passage:?}");
        }
        if let Passage::Merged { absorbed: member, .. } = passage {
            let assets = 0..ASSETS.len();
            let closed = assets.map(|asset| Account { member, asset }.holder());
            self.family.closed.extend(closed);
        }
    }

    fn carry(&mut self, passage: Passage, asset: usize, own: Vec<LotKey>) -> Moving {
        let (from, to) = passage.direction();
        let of = |member| Account { member, asset };
        match passage {
            Passage::Merged { .. } => self.hand_over(of(from).holder(), of(to).holder()),
            Passage::Undone { .. } => self.part(of(from), of(to), own),
        }
    }

    /// All that is left of every lot, with the holds on it, what waits in it and what is owed.
    pub(super) fn hand_over(&mut self, giver: usize, receiver: usize) -> Moving {
        let mut moving = Moving::default();
        let lots = self.model.lots.iter_mut();
        for (key, lot) in lots.filter(|(_, lot)| lot.holder == giver && !lot.is_empty()) {
            lot.holder = receiver;
            let worth = lot.available + lot.held + lot.pending;
            moving.into.push((*key, worth));
        }
        moving.out = negative(&moving.into);
        moving.debt = self.model.debts.remove(&giver).unwrap_or(0);
        *self.model.debts.entry(receiver).or_default() += moving.debt;
        self.family.moved_debts.insert(giver, moving.debt);
        let holds = self.model.holds.values_mut();
        for hold in holds.filter(|hold| hold.open && hold.holder == giver) {
            hold.holder = receiver;
        }
        moving
    }

    /// Of every lot that belongs to the restored member what is left, but for what the survivor has set aside since: that is
    /// the survivor's from now on, as what it has spent is.
    fn part(&mut self, from: Account, to: Account, own: Vec<LotKey>) -> Moving {
        let members = self.family.leads.led_to(to.member);
        let (survivor, restored) = (from.holder(), to.holder());
        let open = self.model.holds.iter();
        let open = open.filter(|(_, hold)| hold.open && hold.holder == survivor);
        let (back, staying): (Vec<HoldId>, Vec<HoldId>) = open
            .map(|(id, _)| *id)
            .partition(|id| members.contains(&self.family.makers[id]));
        let lots = self.model.lots.iter();
        let belong = lots.filter(|(key, lot)| lot.holder == survivor && members.contains(&self.family.belongs[*key]));
        let (mut moving, mut own) = (Moving::default(), own.into_iter());
        for key in belong.map(|(key, _)| *key).collect::<Vec<_>>() {
            let held = staying.iter().flat_map(|id| &self.model.holds[id].parts);
            let kept: i64 = held.filter(|(lot, _)| *lot == key).map(|(_, part)| part).sum();
            let lot = &self.model.lots[&key];
            let worth = lot.available + lot.held + lot.pending;
            self.see("lots kept in part", 0 < kept && kept < worth);
            self.see("lots kept", 0 < kept && kept == worth);
            let lot = self.model.lots.get_mut(&key).unwrap();
            if worth == 0 {
                continue;
            }
            if kept == worth {
                self.family.belongs.insert(key, from.member);
                continue;
            }
            lot.holder = restored;
            moving.into.push((key, worth - kept));
            moving.out.push((key, -worth));
            if kept > 0 {
                let own = own.next().expect("what is kept of a lot is in a lot of its own");
                assert_eq!(own.0, key.0, "nothing becomes younger");
                self.keep(key, own, kept, from, &staying);
                moving.out.push((own, kept));
            }
        }
        for id in back {
            self.see("holds returned", true);
            self.model.holds.get_mut(&id).unwrap().holder = restored;
        }
        let debt = self.family.moved_debts.remove(&restored).unwrap_or(0);
        moving.debt = debt.min(self.model.debt(survivor));
        self.see("debts returned", moving.debt > 0);
        *self.model.debts.entry(survivor).or_default() -= moving.debt;
        *self.model.debts.entry(restored).or_default() += moving.debt;
        moving
    }

    /// Keeps in a lot of its own what the survivor's holds have set aside of one that goes back.
    fn keep(&mut self, key: LotKey, own: LotKey, kept: i64, survivor: Account, holds: &[HoldId]) {
        let lot = self.model.lots.get_mut(&key).unwrap();
        lot.held -= kept;
        lot.given += kept;
        self.grant(survivor.holder(), own, kept, survivor.member);
        let lot = self.model.lots.get_mut(&own).unwrap();
        (lot.available, lot.held) = (0, kept);
        for id in holds {
            let ModelHold { parts, .. } = self.model.holds.get_mut(id).unwrap();
            for (lot, _) in parts.iter_mut().filter(|(lot, _)| *lot == key) {
                *lot = own;
            }
            parts.sort_unstable();
        }
    }

    /// An account that was handed over has nothing of its own any more.
    pub(crate) fn check_nothing_left(&self, holder: usize) {
        let mut lots = self.model.lots.values().filter(|lot| lot.holder == holder);
        assert!(lots.all(Whereabouts::is_empty), "holder {holder}");
        let mut holds = self.model.holds.values();
        assert!(!holds.any(|hold| hold.open && hold.holder == holder), "holder {holder}");
        assert_eq!(self.model.debt(holder), 0, "holder {holder}");
    }

    /// Whose an entry is, as the member was then.
    pub(crate) fn account_of_entry(&self, id: &str) -> Option<Account> {
        let entry = self.entries.get(id)?;
        Some(self.members.account(&entry.member_id, &entry.asset_code))
    }
}
