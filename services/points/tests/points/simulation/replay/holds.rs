//! What happens without an entry: holds are made and end, what is pending becomes available.

use contracts_points::v1::{HoldState, PointsConfirmed, PointsHeld, PointsHoldEnded};
use kernel::Time;
use ledger::{EntryId, HoldId};

use super::{Effect, Replay, lot_parts, sum, time};
use crate::simulation::answer::Answer;
use crate::simulation::ask::Ask;
use crate::simulation::model::ModelHold;
use crate::simulation::pools::Pool;

impl Replay {
    pub(super) fn hold(&mut self, held: &PointsHeld, by: &str) {
        let op = self.cause(&Effect::Held(held.hold_id.clone()));
        let (account, amount, told) = match (&op.ask, op.done()) {
            (Ask::Hold { account, amount, .. }, Some(Answer::Hold(told))) => (*account, amount, &told.hold),
            (
                Ask::HoldPool {
                    pool,
                    by: named,
                    amount,
                    ..
                },
                Some(Answer::HoldPool(told)),
            ) => {
                self.check_spender(*pool, *named, by);
                (Pool::account(*pool), amount, &told.hold)
            }
            _ => panic!("not asked for: {held:?}"),
        };
        let named = self.members.account(&held.member_id, &held.asset_code);
        assert!(
            named.asset == account.asset && self.leads_to(account.member, named),
            "{held:?}"
        );
        let (holder, now) = (named.holder(), time(held.create_time.as_ref()));
        let parts = self.model.take(holder, now, *amount, None);
        assert_eq!(sum(&parts), *amount, "there was less: {held:?}");
        for (key, part) in &parts {
            self.model.lots.get_mut(key).unwrap().held += part;
        }
        let told = told.clone().unwrap();
        assert_eq!(
            (told.amount, told.expire_time, &*told.acting_member_id),
            (held.amount, held.expire_time, by),
            "{held:?}"
        );
        assert_eq!(lot_parts(&told.lots), parts, "{held:?}");
        let hold = ModelHold {
            holder,
            parts,
            deadline: time(held.expire_time.as_ref()),
            open: true,
        };
        let id: HoldId = held.hold_id.parse().unwrap();
        self.family.makers.insert(id, named.member);
        self.actors.insert(id, by.to_owned());
        self.model.holds.insert(id, hold);
    }

    /// By a call, by its deadline; or it was captured, which its entry has told.
    pub(super) fn end_hold(&mut self, ended: &PointsHoldEnded, by: &str) {
        let (id, now): (HoldId, Time) = (ended.hold_id.parse().unwrap(), time(ended.end_time.as_ref()));
        let hold = self.model.holds[&id].clone();
        let account = self.members.account(&ended.member_id, &ended.asset_code);
        assert_eq!(hold.holder, account.holder(), "{ended:?}");
        let actor = account.pool().map_or("", |_| &*self.actors[&id]);
        assert_eq!(by, actor, "{ended:?}");
        match ended.state() {
            HoldState::Captured => {
                assert!(!hold.open, "no entry captures {ended:?}");
                return;
            }
            HoldState::Released => {
                let op = self.cause(&Effect::Released(ended.hold_id.clone()));
                assert!(
                    matches!(op.ask, Ask::Release { .. }) && hold.deadline > now,
                    "{ended:?}"
                );
            }
            HoldState::Expired => assert!(hold.deadline <= now, "{ended:?}"),
            HoldState::Unspecified | HoldState::Held => panic!("it has not ended: {ended:?}"),
        }
        assert!(hold.open, "it ends twice: {ended:?}");
        assert_eq!(ended.released_amount, sum(&hold.parts), "{ended:?}");
        self.model.put_back(&hold.parts);
        self.model.holds.get_mut(&id).unwrap().open = false;
    }

    /// By a call, or by its time.
    pub(super) fn confirm(&mut self, confirmed: &PointsConfirmed) {
        let id: EntryId = confirmed.entry_id.parse().unwrap();
        let (_, key, at) = self.model.waiting[&id];
        let effect = Effect::Confirmed(confirmed.entry_id.clone());
        if self.causes.contains_key(&effect) {
            let op = self.cause(&effect);
            let Some(Answer::Confirm(told)) = op.done() else {
                panic!("not asked for: {confirmed:?}")
            };
            assert_eq!(told.confirmed_amount, confirmed.amount);
        } else {
            let now = time(confirmed.confirm_time.as_ref());
            assert!(at.is_some_and(|at| at <= now), "nobody confirmed it: {confirmed:?}");
        }
        let lot = self.model.lots.get_mut(&key).unwrap();
        assert_eq!(lot.pending, confirmed.amount, "{confirmed:?}");
        assert!(lot.pending > 0);
        (lot.available, lot.pending) = (lot.pending, 0);
    }
}
