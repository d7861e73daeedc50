//! Accounts that come to be while somebody posts.

use std::collections::BTreeSet;

use contracts_points::v1::EarnPointsResponse;
use ledger::{AccountKey, Act, Posting, Refusal, decide};

use super::world::World;
use crate::account::rows::lock_existing;
use crate::asset::rows::assets;
use crate::posting::load::{asset_of, read, state_of};

#[tokio::test]
async fn who_spends_of_an_account_that_is_not_there_yet_does_not_see_what_it_is_given_meanwhile() {
    let world = World::new(1, 100).await;
    let key = AccountKey {
        tenant: world.tenant,
        member: world.member(),
        asset: "points".into(),
    };
    let keys = BTreeSet::from([key.clone()]);
    let tx = world.db.begin().await.unwrap();
    let assets = assets(&*tx, BTreeSet::from([asset_of(&key)])).await.unwrap();
    let locked = lock_existing(&tx, &keys).await.unwrap();
    assert_eq!(locked.len(), 0);
    drop(tx);
    world
        .engine
        .post::<EarnPointsResponse>(world.earn("first", key.member, 71))
        .await
        .unwrap();
    let tx = world.db.begin().await.unwrap();
    let mut state = state_of(&world.clock, &keys, locked, &assets);
    let spend = Posting::new(key, Act::Redeem { amount: 71 });
    read(&tx, &mut state, &[&spend], usize::MAX).await.unwrap();
    let refused = decide(&mut state, &spend).unwrap_err();
    assert!(
        matches!(refused, Refusal::Insufficient { available: 0, .. }),
        "{refused:?}"
    );
}
