//! The undo of a merge puts places in pools back, whatever happened between.

use contracts_points::v1::*;

use crate::brand::{brand, reason};
use crate::pools::joined;

#[tokio::test]
async fn a_place_and_the_ownership_come_back_and_a_later_owner_keeps_it() {
    for handed_on in [false, true] {
        let brand = brand().await;
        let (pool, owner, member) = brand.family().await;
        let before = brand.pool(&pool).await;
        let survivor = brand.member();
        let merge = brand.merged(&owner, &survivor).await;
        if handed_on {
            let to = Pool {
                owner_member_id: member.clone(),
                ..Pool::default()
            };
            brand.update_pool(&pool, to, &["owner_member_id"], "").await.unwrap();
        }
        brand.unmerged(&merge, &owner, &survivor).await;
        let after = brand.pool(&pool).await;
        assert_eq!(after.members, before.members, "with their times");
        assert_eq!(&after.owner_member_id, if handed_on { &member } else { &owner });
        assert_eq!(brand.pools_of(&survivor).await, Vec::<String>::new());
        brand.contribute(&pool, &owner, 10).await.unwrap();
        let refused = brand.contribute(&pool, &survivor, 1).await.unwrap_err();
        assert_eq!(reason(&refused), "POOL_MEMBERSHIP_REQUIRED");
    }
}

#[tokio::test]
async fn a_place_that_was_left_or_taken_since_stays_left() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    let survivor = brand.member();
    let merge = brand.merged(&member, &survivor).await;
    brand.leave(&pool, &survivor).await.unwrap();
    brand.turn_days(1);
    brand.invite(&pool, &survivor).await.unwrap();
    brand.unmerged(&merge, &member, &survivor).await;
    assert_eq!(joined(&brand.pool(&pool).await), [&owner]);
    assert_eq!(brand.pools_of(&member).await, Vec::<String>::new());
    assert_eq!(
        brand.pools_of(&survivor).await,
        [pool],
        "the new invitation is the survivor's"
    );
}

#[tokio::test]
async fn of_two_members_of_one_pool_each_has_its_own_place_again() {
    for owner_goes in [true, false] {
        let brand = brand().await;
        let (pool, owner, member) = brand.family().await;
        let before = brand.pool(&pool).await;
        let (from, to) = if owner_goes {
            (&owner, &member)
        } else {
            (&member, &owner)
        };
        let merge = brand.merged(from, to).await;
        assert_eq!(joined(&brand.pool(&pool).await), [to]);
        brand.unmerged(&merge, from, to).await;
        let after = brand.pool(&pool).await;
        assert_eq!((after.members, after.owner_member_id), (before.members, owner));
    }
}

#[tokio::test]
async fn of_two_who_became_one_each_has_its_own_place_again_in_whatever_order_they_part() {
    for owner_first in [true, false] {
        let brand = brand().await;
        let (pool, owner, member) = brand.family().await;
        let before = brand.pool(&pool).await;
        let survivor = brand.member();
        let merges = [
            (brand.merged(&owner, &survivor).await, &owner),
            (brand.merged(&member, &survivor).await, &member),
        ];
        let [first, second] = if owner_first { [0, 1] } else { [1, 0] };
        brand.unmerged(&merges[first].0, merges[first].1, &survivor).await;
        let mut both = [merges[first].1.as_str(), survivor.as_str()];
        both.sort_unstable();
        let between = brand.pool(&pool).await;
        let mut there = joined(&between);
        there.sort_unstable();
        assert_eq!(there, both, "the other's is the survivor's still");
        brand.contribute(&pool, merges[second].1, 1).await.unwrap();
        brand.unmerged(&merges[second].0, merges[second].1, &survivor).await;
        let after = brand.pool(&pool).await;
        assert_eq!((after.members, after.owner_member_id), (before.members, owner));
    }
}

#[tokio::test]
async fn an_invitation_that_a_merge_made_a_place_of_is_an_invitation_again() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    let invited = brand.member();
    brand.invite(&pool, &invited).await.unwrap();
    let merge = brand.merged(&member, &invited).await;
    assert_eq!(joined(&brand.pool(&pool).await).len(), 2);
    brand.unmerged(&merge, &member, &invited).await;
    let after = brand.pool(&pool).await;
    assert_eq!(
        (joined(&after), after.members.len()),
        (vec![owner.as_str(), member.as_str()], 3)
    );
}

#[tokio::test]
async fn a_place_that_ended_for_another_pool_comes_back_even_to_a_full_one() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    let (other, survivor, _) = brand.family().await;
    let merge = brand.merged(&owner, &survivor).await;
    assert_eq!(brand.pool(&pool).await.owner_member_id, member);
    for _ in 0..2 {
        brand.invite(&pool, &brand.member()).await.unwrap();
    }
    brand.unmerged(&merge, &owner, &survivor).await;
    let after = brand.pool(&pool).await;
    assert_eq!(
        (joined(&after).len(), after.members.len(), &after.owner_member_id),
        (2, 4, &owner)
    );
    assert_eq!(brand.pools_of(&survivor).await, [other]);
    let full = brand.invite(&pool, &brand.member()).await.unwrap_err();
    assert_eq!(reason(&full), "POOL_FULL");
    assert_eq!(
        brand.told("points.pool_member_joined").await,
        3,
        "two families, and once more"
    );
}

#[tokio::test]
async fn a_pool_that_the_merge_had_ended_goes_on_with_what_is_still_there() {
    let brand = brand().await;
    let (pool, owner, member) = brand.family().await;
    let (_, survivor, _) = brand.family().await;
    brand.contribute(&pool, &owner, 60).await.unwrap();
    let spent = brand.redeem_of(&pool, &owner, 10).await.unwrap();
    let hold = brand.hold_of(&pool, &owner, 20).await.unwrap();
    brand.leave(&pool, &member).await.unwrap();
    let merge = brand.merged(&owner, &survivor).await;
    assert!(brand.pool(&pool).await.dissolve_time.is_some());
    assert_eq!(brand.standing(&survivor).await, (100 + 40 + 30, 20));
    brand.give_back(&pool, &spent.entry_id, 4).await.unwrap();
    brand.unmerged(&merge, &owner, &survivor).await;
    let after = brand.pool(&pool).await;
    assert_eq!((joined(&after), after.dissolve_time), (vec![owner.as_str()], None));
    assert_eq!((brand.pool_holds(&pool).await, after.balance.unwrap().held), (34, 20));
    assert_eq!((brand.balance(&owner).await, brand.balance(&survivor).await), (40, 100));
    let captured = brand.capture(&hold.hold_id, 5).await.unwrap().entry.unwrap();
    assert_eq!((&captured.member_id, captured.balance), (&pool, 49));
    brand.give_back(&pool, &spent.entry_id, 0).await.unwrap();
    brand.redeem_of(&pool, &owner, 55).await.unwrap();
    assert_eq!(brand.told("points.pool_reopened").await, 1);
    assert_eq!(brand.told("points.pool_points_restored").await, 1);
    brand.check().await;
}

#[tokio::test]
async fn what_is_left_of_a_pool_that_was_dissolved_goes_with_its_owner() {
    for dissolved_before in [true, false] {
        let brand = brand().await;
        let (pool, owner, member) = brand.family().await;
        brand.contribute(&pool, &member, 60).await.unwrap();
        let spent = brand.redeem_of(&pool, &member, 10).await.unwrap();
        if dissolved_before {
            brand.dissolve(&pool).await.unwrap();
        }
        let survivor = brand.member();
        let merge = brand.merged(&owner, &survivor).await;
        if !dissolved_before {
            brand.dissolve(&pool).await.unwrap();
        }
        assert_eq!(brand.balance(&survivor).await, 150);
        brand.unmerged(&merge, &owner, &survivor).await;
        assert!(brand.pool(&pool).await.dissolve_time.is_some());
        assert_eq!((brand.balance(&owner).await, brand.balance(&survivor).await), (150, 0));
        brand.give_back(&pool, &spent.entry_id, 0).await.unwrap();
        assert_eq!(brand.balance(&owner).await, 160);
        brand.check().await;
    }
}

#[tokio::test]
async fn of_a_chain_each_has_its_own_place_again_even_if_all_is_told_at_once() {
    for at_once in [false, true] {
        let brand = brand().await;
        let (pool, owner, member) = brand.family().await;
        let before = brand.pool(&pool).await;
        brand.contribute(&pool, &owner, 60).await.unwrap();
        let (through, last) = (brand.member(), brand.member());
        let merges = [
            brand.merge_as(&member, &owner),
            brand.merge_as(&owner, &through),
            brand.merge_as(&through, &last),
        ];
        if !at_once {
            brand.h.settle().await;
            assert_eq!(joined(&brand.pool(&pool).await), [&last]);
        }
        brand.undo(&merges[2], &through, &last, &[&owner, &member]);
        if !at_once {
            brand.h.settle().await;
            assert_eq!(joined(&brand.pool(&pool).await), [&through]);
            brand.redeem_of(&pool, &member, 1).await.unwrap();
        }
        brand.undo(&merges[1], &owner, &through, &[&member]);
        brand.undo(&merges[0], &member, &owner, &[]);
        // Told once more, neither is anything.
        brand.tell_merged(&merges[0], &member, &owner);
        brand.undo(&merges[1], &owner, &through, &[&member]);
        brand.h.settle().await;
        let after = brand.pool(&pool).await;
        assert_eq!((after.members, after.owner_member_id), (before.members, owner));
        brand.redeem_of(&pool, &member, 59).await.unwrap();
        assert_eq!(brand.pool_holds(&pool).await, i64::from(at_once));
        assert_eq!(brand.count("SELECT COUNT(*) FROM handed_place").await, 0);
        brand.check().await;
    }
}

#[tokio::test]
async fn a_pool_goes_on_at_once_and_its_points_when_the_frozen_side_is_unfrozen() {
    for (freeze_before, freeze_pool) in [(true, true), (false, false)] {
        let brand = brand().await;
        let (pool, owner, member) = brand.family().await;
        let (_, survivor, _) = brand.family().await;
        brand.contribute(&pool, &owner, 60).await.unwrap();
        brand.leave(&pool, &member).await.unwrap();
        let frozen = if freeze_pool { &pool } else { &survivor };
        if freeze_before {
            brand.freeze(frozen).await.unwrap();
        }
        let merge = brand.merged(&owner, &survivor).await;
        if !freeze_before {
            brand.freeze(frozen).await.unwrap();
        }
        brand.unmerged(&merge, &owner, &survivor).await;
        assert_eq!(joined(&brand.pool(&pool).await), [&owner]);
        let held = brand.pool_holds(&pool).await;
        brand.unfreeze(frozen).await.unwrap();
        assert_eq!(held, if freeze_pool { 60 } else { 0 }, "it waits, or has never gone");
        assert_eq!(brand.pool_holds(&pool).await, 60);
        assert_eq!((brand.balance(&owner).await, brand.balance(&survivor).await), (40, 100));
        brand.redeem_of(&pool, &owner, 60).await.unwrap();
        brand.check().await;
    }
}
