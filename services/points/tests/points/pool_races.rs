//! A member who gets a place, gives or spends while merges, removals and the end of the pool go on at the same moment.

use contracts_points::v1::*;

use crate::brand::{Brand, brand, reason};

const ROUNDS: usize = 8;

impl Brand {
    /// A member who was merged has no place of its own any more, and every open pool has its owner among its members.
    async fn check_places(&self) {
        let left = "SELECT COUNT(*) FROM pool_member AS m CROSS JOIN redirect AS r \
             WHERE r.tenant_id = m.tenant_id AND r.from_id = m.member_id";
        assert_eq!(self.count(left).await, 0, "a merged member has a place");
        let ownerless = "SELECT COUNT(*) FROM pool AS p WHERE p.dissolve_time IS NULL AND NOT EXISTS (SELECT 1 \
             FROM pool_member AS m WHERE m.tenant_id = p.tenant_id AND m.pool_id = p.pool_id \
             AND m.member_id = p.owner_member_id AND m.join_time IS NOT NULL)";
        assert_eq!(self.count(ownerless).await, 0, "an owner is no member");
        self.check().await;
    }

    /// Sixteen times, so that whatever goes on meanwhile meets a spend at each of its steps.
    async fn spend_on_and_on(&self, pool: &str, member: &str) {
        let lane = async || {
            for _ in 0..4 {
                self.redeem_of(pool, member, 1).await.unwrap();
            }
        };
        futures::join!(lane(), lane(), lane(), lane());
    }

    /// Whether something of a pool is told after another.
    async fn is_told_after(&self, pool: &str, first: &str, then: &str) -> bool {
        let told = self.h.published().await;
        let of_pool = told.iter().filter(|row| row.subject == pool);
        let mut rest = of_pool.skip_while(|row| row.kind != first);
        rest.any(|row| row.kind == then)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_member_who_is_invited_or_creates_a_pool_while_being_merged_leaves_no_place_behind() {
    let brand = brand().await;
    for _ in 0..ROUNDS {
        let (owner, survivor) = (brand.member(), brand.member());
        let pool = brand
            .create_pool(&owner, PoolRedeemPolicy::Members)
            .await
            .unwrap()
            .pool_id;
        let absorbed: Vec<String> = (0..2).map(|_| brand.member()).collect();
        for member in &absorbed {
            brand.merge(member, &survivor);
        }
        let asks = async {
            futures::join!(
                brand.invite(&pool, &absorbed[0]),
                brand.create_pool(&absorbed[1], PoolRedeemPolicy::Owner),
                brand.create_pool(&survivor, PoolRedeemPolicy::Owner)
            )
        };
        let (outcomes, ()) = futures::join!(asks, brand.h.settle());
        outcomes.0.unwrap();
        for created in [outcomes.1, outcomes.2] {
            if let Err(refused) = created {
                assert_eq!(reason(&refused), "POOL_MEMBER_ELSEWHERE");
            }
        }
        brand.h.settle().await;
        brand.check_places().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_member_who_gives_spends_and_holds_while_being_merged_keeps_its_place_all_the_time() {
    let brand = brand().await;
    for _ in 0..ROUNDS {
        let (pool, owner, member) = brand.family().await;
        brand.contribute(&pool, &owner, 50).await.unwrap();
        let survivor = brand.member();
        brand.merge(&member, &survivor);
        let asks = async {
            futures::join!(
                brand.contribute(&pool, &member, 20),
                brand.spend_on_and_on(&pool, &member),
                brand.hold_of(&pool, &member, 6),
                brand.join(&pool, &member)
            )
        };
        // Nobody is ever between two places: none of them may be refused.
        let (outcomes, ()) = futures::join!(asks, brand.h.settle());
        outcomes.0.unwrap();
        outcomes.2.unwrap();
        outcomes.3.unwrap();
        brand.h.settle().await;
        assert_eq!(brand.pool_holds(&pool).await, 50 + 20 - 16 - 6);
        assert_eq!(brand.balance(&survivor).await, 80);
        brand.check_places().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_member_who_gives_spends_and_holds_while_its_merge_is_undone_keeps_its_place_all_the_time() {
    let brand = brand().await;
    for _ in 0..ROUNDS {
        let (pool, owner, member) = brand.family().await;
        brand.contribute(&pool, &owner, 50).await.unwrap();
        let survivor = brand.member();
        let merge = brand.merged(&member, &survivor).await;
        brand.undo(&merge, &member, &survivor, &[]);
        let asks = async {
            futures::join!(
                brand.contribute(&pool, &member, 20),
                brand.redeem_of(&pool, &member, 5),
                brand.hold_of(&pool, &member, 6),
                brand.leave(&pool, &survivor)
            )
        };
        let (outcomes, ()) = futures::join!(asks, brand.h.settle());
        // The survivor may leave for both before the undo, and only then is anybody refused.
        let left = outcomes.3.is_ok();
        let done = [
            outcomes.0.map(drop).map(|()| 20),
            outcomes.1.map(drop).map(|()| -5),
            outcomes.2.map(drop).map(|()| -6),
        ];
        let mut held = 50;
        for outcome in done {
            match outcome {
                Ok(amount) => held += amount,
                Err(refused) => assert!(left && reason(&refused) == "POOL_MEMBERSHIP_REQUIRED", "{refused:?}"),
            }
        }
        brand.h.settle().await;
        assert_eq!(brand.pool_holds(&pool).await, held);
        let places = brand.pools_of(&member).await.len();
        assert_eq!((places, brand.pools_of(&survivor).await.len()), (usize::from(!left), 0));
        brand.check_places().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_member_who_is_removed_or_whose_pool_is_dissolved_spends_before_or_not_at_all() {
    let brand = brand().await;
    for round in 0..ROUNDS {
        let (pool, owner, member) = brand.family().await;
        brand.contribute(&pool, &owner, 90).await.unwrap();
        let spends = async {
            let spends = (0..6).map(|_| brand.redeem_of(&pool, &member, 10));
            futures::future::join_all(spends).await
        };
        let end = async {
            if round % 2 == 0 {
                brand.leave(&pool, &member).await.map(drop)
            } else {
                brand.dissolve(&pool).await.map(drop)
            }
        };
        let (spends, ended) = futures::join!(spends, end);
        ended.unwrap();
        let mut spent = 0;
        for outcome in spends {
            match outcome {
                Ok(_) => spent += 10,
                Err(refused) => assert!(
                    ["POOL_MEMBERSHIP_REQUIRED", "POOL_DISSOLVED"].contains(&reason(&refused).as_str()),
                    "{refused:?}"
                ),
            }
        }
        let left = match round % 2 {
            0 => brand.pool_holds(&pool).await,
            _ => brand.balance(&owner).await - 10,
        };
        assert_eq!(left, 90 - spent);
        for end in ["points.pool_member_left", "points.pool_dissolved"] {
            let late = brand.is_told_after(&pool, end, "points.pool_points_redeemed").await;
            assert!(!late, "a member spends after {end}");
        }
        brand.check_places().await;
    }
}
