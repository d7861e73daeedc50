//! What a call reads does not grow with the members that there are: PostgreSQL plans a statement once, perhaps while its
//! table is empty, and nothing tells it later that the table has grown.

use std::cell::Cell;

use contracts_identity::v1::IdentityKind;
use testkit::reads::grown;

use crate::world::{World, arrival};

const FEW: u32 = 200;
const MANY: u32 = 50_000;

/// Members as there are already, each with an identity.
async fn multiply(world: &World) {
    let harness = &world.harness;
    harness
        .multiply("member", "TRUE", 0..MANY, "'member_id', md5(n::text)::uuid")
        .await;
    let with = "'member_id', md5(n::text)::uuid, 'identity_id', md5('i' || n)::uuid, 'value', 'made-' || n";
    harness.multiply("identity", "TRUE", 0..MANY, with).await;
}

#[tokio::test]
async fn a_call_reads_no_more_of_fifty_thousand_members_than_of_two_hundred() {
    let world = World::new().await;
    if !world.harness.leave_unanalysed().await {
        return;
    }
    let mut member = String::new();
    for number in 0..FEW {
        member = world
            .resolve(arrival("tmall", &format!("tb-{number}"), []))
            .await
            .member_id;
    }
    let turn = Cell::new(0_u32);
    let new = || {
        turn.set(turn.get() + 1);
        format!("new-{}", turn.get())
    };
    let known = async || drop(world.resolve(arrival("tmall", "tb-7", [])).await);
    let unknown = async || drop(world.resolve(arrival("tmall", &new(), [])).await);
    let get = async || drop(world.get(&member).await);
    let look_up = async || drop(world.look_up(IdentityKind::ExternalId, "tb-7", "tmall").await.unwrap());
    let merge = async || {
        let one = world.resolve(arrival("tmall", &new(), [])).await.member_id;
        let other = world.resolve(arrival("jd", &new(), [])).await.member_id;
        world.merge(&one, &other, true).await.unwrap();
        // What was absorbed leads on, and is read by its redirect.
        world.get(&one).await;
        world.get(&other).await;
    };
    macro_rules! measured {
        ($($call:ident),*) => {[$((stringify!($call), world.harness.rows_read(&$call).await)),*]};
    }
    world.harness.warm(&known).await;
    world.harness.warm(&unknown).await;
    world.harness.warm(&get).await;
    world.harness.warm(&look_up).await;
    world.harness.warm(&merge).await;
    let before = measured![known, unknown, get, look_up, merge];
    multiply(&world).await;
    let after = measured![known, unknown, get, look_up, merge];
    let grown = grown(&before, &after);
    assert!(grown.is_empty(), "{grown:#?}");
}
