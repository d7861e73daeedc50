//! What only the inside of the engine shows: its queue, its halves, its end. Everything else is tested through the contract.

mod appearing;
mod bounds;
mod naming;
mod world;

use std::time::Duration;

use contracts_points::v1::{EarnPointsResponse, RedeemPointsResponse};
use fault::Fault;
use ledger::MemberId;
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend};
use store::statement;

use super::batch::Poster;
use super::{Engine, LOTS_MAX};
use crate::store::migrations;
use world::{World, reason, redeemed};

/// Everybody waits for the account that the test holds, so that all the others are one batch.
#[tokio::test]
async fn one_transaction_decides_each_in_its_order_and_refuses_only_what_it_must() {
    let world = World::new(1, 100).await;
    let (rich, poor) = (world.member(), world.member());
    world
        .engine
        .post::<EarnPointsResponse>(world.earn("endow", rich, 100))
        .await
        .unwrap();
    let hold = world.hold(rich).await;
    let first = world.engine.hand_in(world.redeem("first", rich, 1)).unwrap();
    let asks = [
        world.redeem("a", rich, 60),
        world.redeem("a", rich, 60),
        world.redeem("a", rich, 61),
        world.redeem("too-much", rich, 60),
        world.redeem("poor", poor, 1),
        world.earn("poor-earns", poor, 5),
        world.redeem("poor", poor, 1),
        world.redeem("b", rich, 39),
    ];
    let pending: Vec<_> = asks.into_iter().map(|ask| world.engine.hand_in(ask).unwrap()).collect();
    drop(hold);
    redeemed(first.answer().await);
    let mut outcomes = Vec::new();
    for pending in pending {
        outcomes.push(pending.answer().await);
    }
    let reasons: Vec<String> = outcomes.iter().map(reason).collect();
    let refused = [
        "",
        "",
        "REQUEST_ID_REUSED",
        "INSUFFICIENT_POINTS",
        "INSUFFICIENT_POINTS",
        "",
        "",
        "",
    ];
    assert_eq!(reasons, refused);
    assert_eq!(
        outcomes[0].as_ref().unwrap(),
        outcomes[1].as_ref().unwrap(),
        "a copy gets the first answer"
    );
    assert_eq!((world.balance(rich).await, world.balance(poor).await), (0, 4));
}

#[tokio::test]
async fn what_breaks_a_transaction_breaks_alone() {
    let world = World::new(1, 100).await;
    let members: Vec<MemberId> = (0..9).map(|_| world.member()).collect();
    for (n, member) in members.iter().enumerate() {
        let earn = world.earn(&format!("endow-{n}"), *member, 10);
        world.engine.post::<EarnPointsResponse>(earn).await.unwrap();
    }
    // The lots hold more than the balance: a spend of all of them would make it negative, and the domain does not have it.
    world
        .execute("UPDATE account SET balance = 1 WHERE member_id = $1", members[4])
        .await;
    // The account has forgotten its entry: the next one has a number that is taken, as if a race were lost for ever.
    world
        .execute("UPDATE account SET sequence = 0 WHERE member_id = $1", members[6])
        .await;
    let hold = world.hold(members[0]).await;
    let first = world.engine.hand_in(world.redeem("first", members[0], 1)).unwrap();
    let pending: Vec<_> = members
        .iter()
        .enumerate()
        .map(|(n, member)| {
            world
                .engine
                .hand_in(world.redeem(&format!("spend-{n}"), *member, 9))
                .unwrap()
        })
        .collect();
    drop(hold);
    redeemed(first.answer().await);
    let mut reasons = Vec::new();
    for pending in pending {
        reasons.push(reason(&pending.answer().await));
    }
    assert_eq!(reasons, ["", "", "", "", "INTERNAL", "", "CONTENDED", "", ""]);
    assert_eq!(world.balance(members[8]).await, 1);
    // The writer lives on.
    let again = world.redeem("again", members[8], 1);
    world.engine.post::<RedeemPointsResponse>(again).await.unwrap();
}

/// PostgreSQL ends the connection of a writer in the middle of its transaction: it is run again on another one.
#[tokio::test]
async fn a_broken_connection_is_not_told_as_a_failure() {
    const BREAK: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))";
    let world = World::new(1, 100).await;
    if world.db.backend() != DbBackend::Postgres {
        return;
    }
    let member = world.member();
    let endow = world.earn("endow", member, 100);
    world.engine.post::<EarnPointsResponse>(endow).await.unwrap();
    let hold = world.hold(member).await;
    let pending = world.engine.hand_in(world.redeem("r", member, 1)).unwrap();
    let mut broken = 0_i64;
    while broken == 0 {
        // Within a transaction the first look at who is there is kept.
        hold.execute_unprepared("SELECT pg_stat_clear_snapshot()")
            .await
            .unwrap();
        let row = hold.query_one_raw(statement(&*hold, BREAK, [])).await.unwrap().unwrap();
        broken = row.try_get_by_index(0).unwrap();
    }
    drop(hold);
    redeemed(pending.answer().await);
    assert_eq!(world.balance(member).await, 99);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let world = World::new(1, 3).await;
    let member = world.member();
    world
        .engine
        .post::<EarnPointsResponse>(world.earn("endow", member, 100))
        .await
        .unwrap();
    let hold = world.hold(member).await;
    // One is with the writer, three wait.
    let mut pending = vec![world.engine.hand_in(world.redeem("r-0", member, 1)).unwrap()];
    while world.engine.writers.room(0) < 3 {
        tokio::task::yield_now().await;
    }
    let asks = (1..4).map(|n| world.redeem(&format!("r-{n}"), member, 1));
    pending.extend(asks.map(|ask| world.engine.hand_in(ask).unwrap()));
    let refused = world.engine.hand_in(world.redeem("r-4", member, 1)).err().unwrap();
    assert_eq!(refused.reason(), "OVERLOADED");
    let Fault::Refused(refusal) = refused else {
        panic!("refused")
    };
    assert!(refusal.retry_after.is_some_and(|after| after > Duration::ZERO));
    drop(hold);
    for pending in pending {
        redeemed(pending.answer().await);
    }
    assert_eq!(world.balance(member).await, 96);
}

#[tokio::test]
async fn a_caller_who_has_gone_while_the_posting_waited_gets_none() {
    let world = World::new(1, 100).await;
    let member = world.member();
    world
        .engine
        .post::<EarnPointsResponse>(world.earn("endow", member, 100))
        .await
        .unwrap();
    let hold = world.hold(member).await;
    let taken = world.engine.hand_in(world.redeem("taken-and-gone", member, 1)).unwrap();
    while world.engine.writers.room(0) < 100 {
        tokio::task::yield_now().await;
    }
    let waiting = world
        .engine
        .hand_in(world.redeem("waiting-and-gone", member, 2))
        .unwrap();
    let stays = world.engine.hand_in(world.redeem("stays", member, 4)).unwrap();
    drop((taken, waiting));
    drop(hold);
    redeemed(stays.answer().await);
    assert_eq!(world.balance(member).await, 96);
}

#[tokio::test]
async fn a_writer_posts_what_was_handed_in_before_it_ends() {
    let world = World::new(2, 100).await;
    let members: Vec<MemberId> = (0..10).map(|_| world.member()).collect();
    let World {
        clock: _,
        tenant: _,
        ref engine,
        ..
    } = world;
    let pending: Vec<_> = members
        .iter()
        .enumerate()
        .map(|(n, member)| engine.hand_in(world.earn(&format!("earn-{n}"), *member, 7)).unwrap())
        .collect();
    let World {
        engine,
        db,
        tenant,
        clock,
        test_db,
    } = world;
    drop(engine);
    for pending in pending {
        pending.answer().await.unwrap();
    }
    let world = World {
        engine: Engine::with(Poster::new(clock.clone(), db.clone(), LOTS_MAX), 1, 1),
        db,
        tenant,
        clock,
        test_db,
    };
    for member in members {
        assert_eq!(world.balance(member).await, 7);
    }
}

/// Two engines with connections of their own, as two replicas have, and every request sent to both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn copies_on_two_replicas_have_one_effect_and_one_answer() {
    let world = World::new(2, 1_000).await;
    let other = world.test_db.another(migrations()).await;
    let other = Engine::with(Poster::new(world.clock.clone(), other, LOTS_MAX), 2, 1_000);
    let members: Vec<MemberId> = (0..8).map(|_| world.member()).collect();
    let mut pairs = Vec::new();
    for round in 0..6 {
        for (n, member) in members.iter().enumerate() {
            let id = format!("earn-{round}-{n}");
            let pair = [&world.engine, &other].map(|it| it.hand_in(world.earn(&id, *member, 10)).unwrap());
            pairs.push(pair);
            let id = format!("redeem-{round}-{n}");
            let pair = [&other, &world.engine].map(|it| it.hand_in(world.redeem(&id, *member, 4)).unwrap());
            pairs.push(pair);
        }
    }
    let mut spent = 0;
    for [one, two] in pairs {
        match (one.answer().await, two.answer().await) {
            (Ok(one), Ok(two)) => {
                assert_eq!(one, two);
                spent += i64::from(RedeemPointsResponse::decode(&*one).unwrap().entry.unwrap().amount == -4);
            }
            // Refused before the member had earned. A refusal is not remembered: the other copy may have come later.
            (one, two) => {
                let refused = [&one, &two].map(reason).contains(&"INSUFFICIENT_POINTS".to_owned());
                assert!(refused, "{one:?} {two:?}");
                spent += i64::from(one.is_ok() || two.is_ok());
            }
        }
    }
    let mut sum = 0;
    for member in members {
        sum += world.balance(member).await;
    }
    assert_eq!(sum, 6 * 8 * 10 - spent * 4);
}

/// The same id with another content, at the same moment: one of them wins, whichever accounts they are about.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_id_for_two_contents_takes_effect_once() {
    let world = World::new(2, 1_000).await;
    let other = world.test_db.another(migrations()).await;
    let other = Engine::with(Poster::new(world.clock.clone(), other, LOTS_MAX), 2, 1_000);
    for round in 0..10 {
        let (a, b) = (world.member(), world.member());
        let id = format!("earn-{round}");
        let one = world.engine.hand_in(world.earn(&id, a, 1)).unwrap();
        let two = other.hand_in(world.earn(&id, b, 1)).unwrap();
        let mut reasons = [reason(&one.answer().await), reason(&two.answer().await)];
        reasons.sort();
        assert_eq!(reasons, ["", "REQUEST_ID_REUSED"]);
        assert_eq!(world.balance(a).await + world.balance(b).await, 1);
    }
}

#[tokio::test]
async fn all_or_nothing_posts_all_or_nothing() {
    let world = World::new(1, 100).await;
    let (rich, poor) = (world.member(), world.member());
    world
        .engine
        .post::<EarnPointsResponse>(world.earn("endow", rich, 10))
        .await
        .unwrap();
    let asks = [
        world.redeem("a", rich, 6),
        world.redeem("b", poor, 1),
        world.redeem("c", rich, 5),
    ];
    let refused = world.engine.post_together(&asks, true).await.unwrap();
    assert!(refused[0].is_none(), "it would have been posted");
    for refused in refused.into_iter().flatten() {
        assert_eq!(reason(&refused), "INSUFFICIENT_POINTS");
    }
    assert_eq!(world.balance(rich).await, 10);
    let asks = [
        world.redeem("a", rich, 6),
        world.earn("d", poor, 1),
        world.redeem("b", poor, 1),
    ];
    let answers = |outcomes: Vec<Option<Result<Vec<u8>, Fault>>>| -> Vec<Vec<u8>> {
        outcomes.into_iter().map(|outcome| outcome.unwrap().unwrap()).collect()
    };
    let asked = world.engine.post_together(&asks, false).await.unwrap();
    assert!(asked.iter().all(Option::is_none), "it was only asked");
    let posted = answers(world.engine.post_together(&asks, true).await.unwrap());
    assert_eq!((world.balance(rich).await, world.balance(poor).await), (4, 0));
    assert_eq!(answers(world.engine.post_together(&asks, true).await.unwrap()), posted);
    let asks = [world.redeem("a", rich, 6), world.redeem("e", poor, 1)];
    let partly = world.engine.post_together(&asks, true).await.unwrap();
    assert_eq!(
        partly[0].as_ref().unwrap().as_ref().unwrap(),
        &posted[0],
        "what was posted before has its answer"
    );
    assert_eq!(reason(partly[1].as_ref().unwrap()), "INSUFFICIENT_POINTS");
    assert_eq!(world.balance(rich).await, 4);
}
