//! The undo of a merge: what came with the restored member and is still there goes back.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, reason};

/// Lots of a member: when they expire, in days from the beginning, and what is left.
async fn lots(brand: &Brand, member: &str) -> Vec<(String, i64)> {
    let lots = brand.lots(member).await;
    lots.into_iter().map(|lot| (lot.lot_id, lot.remaining)).collect()
}

#[tokio::test]
async fn what_is_left_goes_back_lot_by_lot_and_what_was_spent_stays_spent() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 30, 5).await;
    brand.earn(&old, 40, 9).await;
    brand.earn_of(&old, "growth", 11).await.unwrap();
    brand.earn(&new, 7, 7).await;
    let [first, second] = lots(&brand, &old).await.try_into().unwrap();
    let own = lots(&brand, &new).await;
    let merge = brand.merged(&old, &new).await;
    // Of what expires in 5 days: 25 of the old one's 30.
    let spent = brand.redeem(&new, 25).await.unwrap();
    brand.earn(&old, 3, 8).await;
    brand.unmerged(&merge, &old, &new).await;

    assert_eq!(lots(&brand, &old).await, [(first.0, 5), second], "with their expiry");
    assert_eq!(brand.balance(&old).await, 45);
    let left = lots(&brand, &new).await;
    assert_eq!(
        (&left[0], left[1].1, brand.balance(&new).await),
        (&own[0], 3, 10),
        "what was earned since stays"
    );
    assert_eq!(brand.balance_of(&old, "growth").await.available, 11);
    assert_eq!(brand.balance_of(&new, "growth").await.available, 0);
    let (out, into) = (
        &brand.entries(&new, "points").await[0],
        &brand.entries(&old, "points").await[0],
    );
    assert_eq!(
        (out.kind(), out.amount, &out.counterpart_member_id),
        (EntryKind::MoveOut, -45, &old)
    );
    assert_eq!(
        (into.kind(), into.amount, &into.counterpart_member_id),
        (EntryKind::MoveIn, 45, &new)
    );
    assert_eq!(spent.member_id, new, "and is the survivor's");
    brand.check().await;

    let earn = brand.earn(&old, 1, 0).await;
    assert_eq!(
        (&earn.member_id, brand.balance(&old).await),
        (&old, 46),
        "the account is open again"
    );
    brand.check().await;
}

#[tokio::test]
async fn told_twice_and_in_any_order_an_undo_is_done_once_and_the_two_can_merge_again() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 30, 5).await;
    brand.earn(&new, 7, 7).await;
    let first = brand.merge_as(&old, &new);
    brand.undo(&first, &old, &new, &[]);
    brand.tell_merged(&first, &old, &new);
    brand.h.settle().await;
    brand.tell_merged(&first, &old, &new);
    brand.h.settle().await;
    assert_eq!((brand.balance(&old).await, brand.balance(&new).await), (30, 7));
    let second = brand.merged(&old, &new).await;
    assert_eq!(brand.balance(&old).await, 37);
    brand.unmerged(&first, &old, &new).await;
    assert_eq!(brand.balance(&old).await, 37, "the first undo is told again");
    brand.unmerged(&second, &old, &new).await;
    assert_eq!((brand.balance(&old).await, brand.balance(&new).await), (30, 7));
    let told = brand.h.published().await;
    assert_eq!(told.iter().filter(|fact| fact.kind == "points.moved").count(), 4);
    brand.check().await;
}

#[tokio::test]
async fn of_a_chain_each_member_gets_its_own() {
    let brand = brand().await;
    let (a, b, c) = (brand.member(), brand.member(), brand.member());
    for (member, amount) in [(&a, 1), (&b, 10), (&c, 100)] {
        brand.earn(member, amount, 0).await;
    }
    let first = brand.merge_as(&a, &b);
    let second = brand.merged(&b, &c).await;
    assert_eq!(brand.balance(&a).await, 111);
    brand.undo(&second, &b, &c, &[&a]);
    brand.h.settle().await;
    let balances = [
        brand.balance(&a).await,
        brand.balance(&b).await,
        brand.balance(&c).await,
    ];
    assert_eq!(balances, [11, 11, 100], "the first leads to the second again");
    brand.unmerged(&first, &a, &b).await;
    let balances = [
        brand.balance(&a).await,
        brand.balance(&b).await,
        brand.balance(&c).await,
    ];
    assert_eq!(balances, [1, 10, 100]);
    brand.check().await;
}

#[tokio::test]
async fn what_is_given_back_of_a_spend_goes_to_the_member_who_spent_it() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 30, 5).await;
    brand.earn(&old, 40, 9).await;
    brand.earn(&new, 7, 0).await;
    let before = brand.redeem(&old, 10).await.unwrap();
    let merge = brand.merged(&old, &new).await;
    let since = brand.redeem(&new, 50).await.unwrap();
    let given_back_since = brand.reverse_as(&new, &before.entry_id, 4).await.unwrap();
    assert_eq!(given_back_since.entry.unwrap().member_id, new);
    brand.unmerged(&merge, &old, &new).await;
    // 20 + 30 were spent, 4 came back to the first lot; 10 are left of the second.
    assert_eq!((brand.balance(&old).await, brand.balance(&new).await), (14, 7));
    let back = brand.reverse_as(&new, &since.entry_id, 0).await.unwrap();
    assert_eq!(
        (back.balance, brand.balance(&old).await),
        (57, 14),
        "the survivor had spent it"
    );
    let refused = brand.reverse_as(&old, &since.entry_id, 1).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND", "it is another's entry");
    let back = brand.reverse_as(&old, &before.entry_id, 0).await.unwrap();
    assert_eq!((back.balance, brand.balance(&new).await), (20, 57));
    brand.check().await;
    brand.redeem(&new, 57).await.unwrap();
    brand.redeem(&old, 20).await.unwrap();
    brand.check().await;
}

#[tokio::test]
async fn holds_of_the_restored_member_go_back_and_those_of_since_stay() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 100, 5).await;
    let own = brand.hold(&old, 20, 864_000).await.unwrap();
    brand.earn(&new, 7, 9).await;
    let merge = brand.merged(&old, &new).await;
    let since = brand.hold(&new, 30, 864_000).await.unwrap();
    brand.unmerged(&merge, &old, &new).await;
    assert_eq!(brand.standing(&old).await, (50, 20));
    assert_eq!(
        brand.standing(&new).await,
        (7, 30),
        "what is set aside is as good as spent"
    );
    brand.check().await;
    let captured = brand.capture(&own.hold_id, 0).await.unwrap().entry.unwrap();
    assert_eq!((captured.member_id, captured.balance), (old.clone(), 50));
    let captured = brand.capture(&since.hold_id, 10).await.unwrap().entry.unwrap();
    assert_eq!((captured.member_id, captured.balance), (new.clone(), 27));
    assert_eq!(brand.standing(&new).await, (27, 0));
    brand.check().await;
}

#[tokio::test]
async fn a_lot_of_which_all_is_set_aside_since_stays_with_the_hold() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 40, 5).await;
    brand.earn(&old, 9, 9).await;
    let merge = brand.merged(&old, &new).await;
    let since = brand.hold(&new, 40, 864_000).await.unwrap();
    brand.unmerged(&merge, &old, &new).await;
    assert_eq!(
        (brand.standing(&old).await, brand.standing(&new).await),
        ((9, 0), (0, 40))
    );
    brand.release(&since.hold_id).await.unwrap();
    assert_eq!(
        (brand.standing(&old).await, brand.standing(&new).await),
        ((9, 0), (40, 0))
    );
    brand.check().await;
}

#[tokio::test]
async fn a_lot_that_a_hold_has_kept_whole_is_the_survivor_s_in_whatever_comes_later() {
    let brand = brand().await;
    let (old, new, third) = (brand.member(), brand.member(), brand.member());
    brand.earn(&old, 40, 5).await;
    brand.earn(&old, 9, 9).await;
    let merge = brand.merged(&old, &new).await;
    let since = brand.hold(&new, 40, 864_000).await.unwrap();
    brand.unmerged(&merge, &old, &new).await;

    let merge = brand.merge_as(&new, &third);
    brand.unmerged(&merge, &new, &third).await;
    assert_eq!(brand.standing(&new).await, (0, 40), "it goes along with its hold");
    brand.release(&since.hold_id).await.unwrap();
    let merge = brand.merge_as(&old, &new);
    brand.unmerged(&merge, &old, &new).await;
    assert_eq!((brand.balance(&old).await, brand.balance(&new).await), (9, 40));
    brand.check().await;
}

#[tokio::test]
async fn what_comes_back_of_a_lot_that_the_survivor_had_emptied_is_the_survivor_s_in_whatever_comes_later() {
    let brand = brand().await;
    let (old, new, third) = (brand.member(), brand.member(), brand.member());
    brand.earn(&old, 30, 5).await;
    let before = brand.redeem(&old, 10).await.unwrap();
    let merge = brand.merged(&old, &new).await;
    let since = brand.redeem(&new, 20).await.unwrap();
    brand.unmerged(&merge, &old, &new).await;
    brand.reverse_as(&new, &since.entry_id, 0).await.unwrap();
    brand.check().await;

    for (absorbed, survivor) in [(&old, &new), (&new, &third)] {
        let merge = brand.merge_as(absorbed, survivor);
        brand.unmerged(&merge, absorbed, survivor).await;
        assert_eq!((brand.balance(&old).await, brand.balance(&new).await), (0, 20));
        brand.check().await;
    }
    let back = brand
        .reverse_as(&old, &before.entry_id, 0)
        .await
        .unwrap()
        .entry
        .unwrap();
    assert_eq!(
        back.lots[0].lot_id, before.lots[0].lot_id,
        "the lot itself, wherever it was emptied"
    );
    brand.check().await;
}

#[tokio::test]
async fn what_is_pending_and_what_is_owed_go_back() {
    let brand = brand().await;
    brand.set_clawback(ClawbackPolicy::Debt).await;
    let (old, new) = (brand.member(), brand.member());
    let earn = brand.earn(&old, 30, 0).await;
    brand.redeem(&old, 30).await.unwrap();
    let pending = brand.earn_pending(&old, 100, 0, "order-1").await;
    brand.reverse(&earn, 0).await.unwrap();
    brand.earn(&new, 12, 0).await;
    let merge = brand.merged(&old, &new).await;
    assert_eq!(brand.owing(&new).await, (0, 18), "12 were paid, and stay paid");
    brand.unmerged(&merge, &old, &new).await;
    assert_eq!((brand.owing(&old).await, brand.owing(&new).await), ((0, 18), (0, 0)));
    assert_eq!(brand.waiting(&old).await, (0, 100));
    brand.check().await;
    let confirmed = brand.confirm(&old, &pending.entry_id, "").await.unwrap();
    assert_eq!((confirmed.confirmed_amount, confirmed.repaid_amount), (100, 18));
    brand.check().await;
}

#[tokio::test]
async fn an_undo_waits_for_the_frozen_side_and_is_made_up_for() {
    for freeze_old in [true, false] {
        let brand = brand().await;
        let (old, new) = (brand.member(), brand.member());
        brand.earn(&old, 30, 0).await;
        brand.earn(&new, 5, 0).await;
        let merge = brand.merged(&old, &new).await;
        if freeze_old {
            brand
                .execute("UPDATE account SET frozen_reason = 'a test', frozen_time = 1 WHERE moved_to_member_id IS NOT NULL AND asset_code = 'points'")
                .await
                .unwrap();
            brand
                .execute(
                    "INSERT INTO account_freeze (tenant_id, freeze_id, member_id, asset_code, reason, freeze_time, frozen_by) \
                     SELECT tenant_id, member_id, member_id, asset_code, 'a test', 1, 'a test' FROM account \
                     WHERE frozen_time IS NOT NULL",
                )
                .await
                .unwrap();
        } else {
            brand.freeze(&new).await.unwrap();
        }
        brand.unmerged(&merge, &old, &new).await;
        assert_eq!(
            (brand.balance(&old).await, brand.balance(&new).await),
            (0, 35),
            "it waits"
        );
        if !freeze_old {
            assert_eq!(
                brand.earn(&old, 1, 0).await.member_id,
                old,
                "but nobody is led on any more"
            );
        }
        let frozen = if freeze_old { &old } else { &new };
        brand.unfreeze(frozen).await.unwrap();
        let earned = i64::from(!freeze_old);
        assert_eq!((brand.balance(&old).await, brand.balance(&new).await), (30 + earned, 5));
        brand.check().await;
    }
}
