//! What is named by somebody whose it is not, or not any more.

use fault::Fault;
use ledger::{
    AccountKey, Act, Availability, ConfirmCause, Earns, Effects, Extent, MemberId, Posting, Refusal, ReleaseCause,
};

use super::world::World;
use crate::posting::post::post_many;

impl World {
    fn posting(&self, member: MemberId, act: Act) -> Posting {
        let account = AccountKey {
            tenant: self.tenant,
            member,
            asset: "points".into(),
        };
        Posting::new(account, act)
    }

    async fn post_all(&self, postings: &[Posting]) -> Result<Vec<Result<Effects, Refusal>>, Fault> {
        let tx = self.db.begin().await?;
        let decided = post_many(&tx, &self.clock, postings).await?;
        tx.commit().await?;
        Ok(decided)
    }

    async fn post_alone(&self, member: MemberId, act: Act) -> Effects {
        let decided = self.post_all(&[self.posting(member, act)]).await.unwrap().pop();
        decided.unwrap().unwrap()
    }
}

fn earn(amount: i64, availability: Availability) -> Act {
    Act::Earn {
        amount,
        expire_time: None,
        availability,
    }
}

#[tokio::test]
async fn a_stranger_who_names_a_lot_in_the_same_transaction_keeps_nobody_from_it() {
    let world = World::new(1, 8).await;
    let (member, stranger) = (world.member(), world.member());
    let earned = world.post_alone(member, earn(30, Availability::AtOnce)).await;
    let spent = world.post_alone(member, Act::Redeem { amount: 30 }).await;
    let own = earned.entry().unwrap();
    let back = Act::Reverse {
        entry: spent.entry().unwrap().id,
        extent: Extent::Rest,
    };
    let confirm = Act::Confirm {
        earns: Earns::Entry(own.id),
        cause: ConfirmCause::Call,
    };
    let postings = [world.posting(member, back), world.posting(stranger, confirm)];
    let decided = world.post_all(&postings).await.unwrap();
    let [Ok(back), Err(refusal)] = &decided[..] else {
        panic!("{decided:?}")
    };
    assert_eq!(*refusal, Refusal::NotPending { entry: own.id });
    let [part] = &back.entry().unwrap().lots[..] else {
        panic!("{back:?}")
    };
    assert_eq!((part.lot, part.regranted), (own.lots[0].lot, false), "the very lot");
}

#[tokio::test]
async fn a_hold_that_has_gone_to_another_account_since_it_was_found_is_looked_for_again() {
    let world = World::new(1, 8).await;
    let (member, other) = (world.member(), world.member());
    for who in [member, other] {
        world.post_alone(who, earn(30, Availability::AtOnce)).await;
    }
    let ttl = std::time::Duration::from_mins(1);
    let held = world.post_alone(member, Act::Hold { amount: 20, ttl }).await;
    let hold = held.hold.unwrap().id;
    world.clock.advance(ttl);
    let release = || {
        let cause = ReleaseCause::Deadline;
        Act::Release { hold, cause }
    };
    let outcome = world.post_all(&[world.posting(other, release())]).await;
    assert!(matches!(outcome, Err(Fault::Contended)), "{outcome:?}");
    let released = world.post_alone(member, release()).await;
    assert_eq!(released.hold.unwrap().end_time, Some(world.clock.now()));
    let again = world.post_all(&[world.posting(other, release())]).await;
    assert!(again.is_ok(), "one that has ended is nobody's any more: {again:?}");
}
