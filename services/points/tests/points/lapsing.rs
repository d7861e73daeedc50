//! Holds give back at their deadlines by themselves: the clock is turned to the very deadline, and nobody asks the worker to
//! look.

use std::time::Duration;

use testkit::until;

use crate::brand::{Brand, brand};

/// So little before the deadline that a worker who rested from then on would come too late.
const JUST_BEFORE: Duration = Duration::from_millis(100);

impl Brand {
    /// Turns the clock to just before the end of a hold that was just made, lets everybody look, and then turns it on.
    async fn pass_deadline(&self, ttl: Duration) {
        self.h.clock.advance(ttl.checked_sub(JUST_BEFORE).unwrap());
        self.h.settle().await;
        self.h.clock.advance(JUST_BEFORE);
    }

    async fn until_given_back(&self, member: &str, available: i64) {
        until("the points are given back", (available, 0), async || {
            self.standing(member).await
        })
        .await;
    }
}

#[tokio::test]
async fn a_hold_gives_its_points_back_at_its_deadline() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    brand.hold(&member, 40, 30).await.unwrap();
    brand.hold(&member, 10, 1_800).await.unwrap();
    brand.pass_deadline(Duration::from_secs(30)).await;
    until("the first gives back", (90, 10), async || brand.standing(&member).await).await;
    brand.pass_deadline(Duration::from_secs(1_770)).await;
    brand.until_given_back(&member, 100).await;
    brand.check().await;
}

#[tokio::test]
async fn a_hold_that_lasts_a_second_and_is_made_while_the_worker_sleeps_wakes_it() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    brand.h.settle().await;
    brand.hold(&member, 40, 1).await.unwrap();
    assert_eq!(brand.standing(&member).await, (60, 40));
    brand.h.clock.advance(Duration::from_secs(1));
    brand.until_given_back(&member, 100).await;
}

#[tokio::test]
async fn a_frozen_account_whose_hold_has_lapsed_holds_up_nobody_else_s() {
    let brand = brand().await;
    let (frozen, free) = (brand.member(), brand.member());
    for member in [&frozen, &free] {
        brand.earn(member, 100, 0).await;
        brand.hold(member, 40, 30).await.unwrap();
    }
    brand.hold(&free, 20, 60).await.unwrap();
    brand.freeze(&frozen).await.unwrap();
    brand.pass_deadline(Duration::from_secs(30)).await;
    until("the free one's gives back", (80, 20), async || {
        brand.standing(&free).await
    })
    .await;
    brand.pass_deadline(Duration::from_secs(30)).await;
    brand.until_given_back(&free, 100).await;
    assert_eq!(brand.standing(&frozen).await, (60, 40), "it waits until it is unfrozen");
}
