//! How much waits, and how much one transaction reads.

use contracts_points::v1::EarnPointsResponse;
use ledger::MemberId;
use store::Tx;

use super::world::{World, reason, redeemed};
use crate::posting::engine::{Ask, Pending};

impl World {
    /// A member with so many points in as many lots.
    async fn endow(&self, name: &str, points: usize) -> MemberId {
        let member = self.member();
        self.earn_ones(name, member, points).await;
        member
    }

    async fn earn_ones(&self, name: &str, member: MemberId, points: usize) {
        let asks = (0..points).map(|n| self.earn(&format!("{name}-{n}"), member, 1));
        for pending in self.engine.hand_in_all(asks.collect()).await.unwrap() {
            pending.answer().await.unwrap();
        }
    }

    fn redeem_ones(&self, name: &str, member: MemberId, postings: usize) -> Vec<Ask> {
        let asks = (0..postings).map(|n| self.redeem(&format!("{name}-{n}"), member, 1));
        asks.collect()
    }

    /// The writer is busy with one posting until the transaction is dropped, and nothing waits.
    async fn busy(&self, member: MemberId) -> (Tx, Pending) {
        let hold = self.hold(member).await;
        let all = self.engine.writers.room(0);
        let first = self.engine.hand_in(self.redeem("first", member, 1)).unwrap();
        self.until_room(all).await;
        (hold, first)
    }

    async fn until_room(&self, jobs: usize) {
        while self.engine.writers.room(0) != jobs {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn many_at_a_time_wait_in_one_half_and_leave_the_other_to_callers_of_one() {
    let world = World::new(1, 8).await;
    let member = world.endow("endow", 100).await;
    let (hold, first) = world.busy(member).await;
    let batches = ["a", "b"].map(|name| {
        let (engine, asks) = (world.engine.clone(), world.redeem_ones(name, member, 20));
        tokio::spawn(async move { engine.hand_in_all(asks).await.unwrap() })
    });
    world.until_room(4).await;
    let singles = world.redeem_ones("single", member, 4);
    let singles: Vec<Pending> = singles
        .into_iter()
        .map(|ask| world.engine.hand_in(ask).unwrap())
        .collect();
    let refused = world.engine.hand_in(world.redeem("one-more", member, 1)).err().unwrap();
    assert_eq!(refused.reason(), "OVERLOADED");
    drop(hold);
    redeemed(first.answer().await);
    for batch in batches {
        for pending in batch.await.unwrap() {
            redeemed(pending.answer().await);
        }
    }
    for pending in singles {
        redeemed(pending.answer().await);
    }
    assert_eq!(world.balance(member).await, 100 - 1 - 2 * 20 - 4);
}

#[tokio::test]
async fn a_call_that_ends_while_it_waits_for_room_posts_nothing_more() {
    let world = World::new(1, 8).await;
    let member = world.endow("endow", 100).await;
    let (hold, first) = world.busy(member).await;
    let (engine, asks) = (world.engine.clone(), world.redeem_ones("gone", member, 20));
    let batch = tokio::spawn(async move { engine.hand_in_all(asks).await.map(|_| ()) });
    world.until_room(4).await;
    batch.abort();
    assert!(batch.await.is_err());
    drop(hold);
    redeemed(first.answer().await);
    // Its places are free again, and others have them.
    for pending in world
        .engine
        .hand_in_all(world.redeem_ones("next", member, 20))
        .await
        .unwrap()
    {
        redeemed(pending.answer().await);
    }
    assert_eq!(world.balance(member).await, 100 - 1 - 20);
}

#[tokio::test]
async fn a_transaction_of_several_postings_reads_a_bounded_number_of_lots() {
    let world = World::bounded(1, 100, 20).await;
    let (one, other, third) = (
        world.endow("one", 30).await,
        world.endow("other", 30).await,
        world.endow("third", 2).await,
    );
    // They are asked for together, and posted one by one: each is allowed what it needs.
    let (hold, first) = world.busy(third).await;
    let asks = [
        world.redeem("one", one, 30),
        world.redeem("third", third, 1),
        world.redeem("other", other, 30),
    ];
    let pending: Vec<Pending> = asks.into_iter().map(|ask| world.engine.hand_in(ask).unwrap()).collect();
    drop(hold);
    redeemed(first.answer().await);
    for pending in pending {
        redeemed(pending.answer().await);
    }

    world.earn_ones("one-more", one, 15).await;
    world.earn_ones("other-more", other, 15).await;
    let both = [
        world.redeem("one-again", one, 15),
        world.redeem("other-again", other, 15),
    ];
    let refused = world.engine.post_together(&both, true).await.map(|_| Vec::new());
    assert_eq!(reason(&refused), "TOO_MANY_LOTS");
    assert_eq!((world.balance(one).await, world.balance(other).await), (15, 15));
    for alone in both {
        let posted = world.engine.post_together(&[alone], true).await.unwrap();
        assert!(posted[0].as_ref().unwrap().is_ok());
    }
    // What spends a little reads a little, however much there is.
    world.earn_ones("rich", one, 60).await;
    let little = world.redeem_ones("little", one, 3);
    assert!(world.engine.post_together(&little, true).await.is_ok());
    world
        .engine
        .post::<EarnPointsResponse>(world.earn("last", other, 1))
        .await
        .unwrap();
}
