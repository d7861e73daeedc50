use contracts_campaign::v1::*;
use kernel::{Tenant, Time};
use runtime::Worker;
use sea_orm::ConnectionTrait;

use super::drafts::*;
use super::stage::Stage;
use crate::fact::FactType;
use crate::fact::{heard, listeners};

fn waiting() -> JourneyDefinition {
    journey(
        registered(),
        vec![until("order", order_paid(), DAY, "end", "end"), exit("end")],
    )
}

async fn awaited(stage: &Stage) -> usize {
    let types: [(Tenant, FactType); 1] = [(stage.tenant, FactType::ActivityRecorded)];
    listeners::awaited(stage.db.read(), &types.into()).await.unwrap().len()
}

#[tokio::test]
async fn facts_are_forgotten_once_no_run_can_need_them() {
    let mut stage = Stage::new().await;
    stage.open("hello", waiting()).await;
    let ann = stage.member();
    stage.tell(&[stage.order(ann, 1)]).await;
    let kept = async |stage: &Stage| {
        let members = [(stage.tenant, ann)].into();
        heard::about(stage.db.read(), &members, Time::EPOCH)
            .await
            .unwrap()
            .len()
    };
    stage.turn(59 * DAY).await;
    stage.tidy.tick().await.unwrap();
    assert_eq!(kept(&stage).await, 1);
    stage.turn(2 * DAY).await;
    assert_eq!(stage.tidy.tick().await.unwrap(), 1);
    assert_eq!(kept(&stage).await, 0);
    assert_eq!(stage.tidy.tick().await.unwrap(), 0);
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_no_longer_listened_to() {
    let mut stage = Stage::new().await;
    stage.open("hello", waiting()).await;
    stage.tell(&[stage.registered(stage.member())]).await;
    stage.run().await;
    stage.replace("hello", journey(registered(), vec![exit("end")])).await;
    // The old version's run still waits.
    stage.pass(60);
    stage.tidy.tick().await.unwrap();
    assert_eq!(awaited(&stage).await, 1);
    stage.turn(DAY).await;
    stage.tidy.tick().await.unwrap();
    assert_eq!(awaited(&stage).await, 0);
}

#[tokio::test]
async fn what_was_written_for_a_member_during_his_merge_comes_home() {
    let mut stage = Stage::new().await;
    stage.open("hello", waiting()).await;
    let (old, new) = (stage.member(), stage.member());
    stage.tell(&[stage.merged(new, old)]).await;
    // As if the transaction of this run had not seen the merge.
    let tx = stage.db.begin().await.unwrap();
    tx.execute_unprepared("DELETE FROM redirect").await.unwrap();
    tx.commit().await.unwrap();
    stage.tell(&[stage.registered(new)]).await;
    stage.run().await;
    assert!(stage.runs_of(old).await.is_empty());
    assert_eq!(stage.strays.tick().await.unwrap(), 0);
    stage.pass(60);
    assert_eq!(stage.strays.tick().await.unwrap(), 1);
    assert_eq!(stage.run_of(old).await.member_id, old.to_string());
    assert_eq!(stage.strays.tick().await.unwrap(), 0);
}
