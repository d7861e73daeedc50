//! A run that cannot be moved on is set aside, and holds up no other one.

use contracts_campaign::v1::*;
use kernel::Tenant;
use runtime::Worker;
use sea_orm::ConnectionTrait;
use store::statement;

use super::drafts::*;
use super::stage::Stage;
use crate::run::MemberId;

impl Stage {
    async fn spoil(&self, change: &str, member: MemberId) {
        let sql = format!("UPDATE run SET {change} WHERE member_id = $1");
        let tx = self.db.begin().await.unwrap();
        tx.execute_raw(statement(&*tx, &sql, [member.uuid().into()]))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Works until so many runs are set aside, and of these so many parked. A transaction that has failed is taken back beside
    /// the work, and until then its runs are passed over.
    async fn until_stuck(&mut self, stuck: usize, parked: usize) {
        for _ in 0..1_000 {
            self.turn(if parked == 0 { 0 } else { 600 }).await;
            let items = self.db.stuck_items(10).await.unwrap();
            let waiting = items.iter().filter(|item| item.is_parked()).count();
            if (items.len(), waiting) == (stuck, parked) {
                return;
            }
        }
        panic!("{:?}", self.db.stuck_items(10).await.unwrap());
    }
}

#[tokio::test]
async fn runs_that_cannot_be_moved_on_are_parked_and_the_others_go_on() {
    let mut stage = Stage::new().await;
    let nodes = vec![wait("pause", DAY, "end"), exit("end")];
    stage.open("slow", journey(registered(), nodes)).await;
    let (ann, bob, cid, dan) = (stage.member(), stage.member(), stage.member(), stage.member());
    let facts: Vec<_> = [ann, bob, cid, dan]
        .into_iter()
        .map(|member| stage.registered(member))
        .collect();
    stage.tell(&facts).await;
    stage.run().await;
    // A row that cannot be read, one that makes no sense, and one whose definition is missing.
    stage.spoil("memory = 'nothing'", ann).await;
    stage.spoil("node_id = 'nowhere'", bob).await;
    stage.spoil("version = 7", cid).await;

    stage.turn(DAY).await;
    stage.until_stuck(3, 0).await;
    assert_eq!(stage.run_of(dan).await.state(), JourneyRunState::Completed);
    stage.until_stuck(3, 3).await;
    let stuck = stage.db.stuck_items(10).await.unwrap();
    assert_eq!(stage.run_of(dan).await.parked, None);
    // That of Cid can be read; it shows that it is parked, in a list and by itself.
    let run = stage.run_of(cid).await;
    let item = stuck.iter().find(|item| item.item == uuid_of(&run)).unwrap();
    let parked = run.parked.clone().unwrap();
    assert_eq!(
        (parked.since_time, &parked.reason),
        (Some(item.fail_time.to_wire()), &item.reason)
    );
    assert_eq!(stage.run_by_id(&run).await, run);

    // Mended and released, they go on.
    stage.spoil("version = 1", cid).await;
    for item in &stuck {
        let tx = stage.db.begin().await.unwrap();
        store::stuck::release(&tx, &item.queue, item.tenant, &item.item)
            .await
            .unwrap();
        let now = stage.clock.now();
        crate::take_up(&tx, &item.queue, item.tenant, &item.item, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    stage.until_stuck(2, 0).await;
    let run = stage.run_of(cid).await;
    assert_eq!(run.state(), JourneyRunState::Completed, "the other two fail again");
    assert_eq!(run.parked, None);
}

/// A run's name in the queue.
fn uuid_of(run: &JourneyRun) -> String {
    let run_id: crate::run::RunId = run.run_id.parse().unwrap();
    run_id.uuid().simple().to_string()
}

#[tokio::test]
async fn a_tenant_with_many_due_runs_delays_another_one_by_a_page() {
    let mut stage = Stage::new().await;
    let other = Tenant::from_uuid(stage.clock.uuid());
    let nodes = || vec![wait("pause", DAY, "end"), exit("end")];
    stage.open("slow", journey(registered(), nodes())).await;
    stage.open_for(other, "slow", journey(registered(), nodes())).await;
    let many: Vec<MemberId> = (0..1_500).map(|_| stage.member()).collect();
    let facts: Vec<_> = many.iter().map(|member| stage.registered(*member)).collect();
    stage.tell(&facts).await;
    stage.run().await;
    // Theirs have been due for longer.
    stage.pass(1);
    let ann = stage.member();
    stage
        .tell(&[events::Envelope {
            tenant: other,
            ..stage.registered(ann)
        }])
        .await;
    stage.run().await;
    stage.pass(86_400);
    stage.runner.tick().await.unwrap();
    let request = ListMemberJourneyRunsRequest {
        member_id: ann.to_string(),
        ..ListMemberJourneyRunsRequest::default()
    };
    let runs = stage
        .runs_of_tenant(other)
        .list_member_journey_runs(request)
        .await
        .unwrap()
        .into_inner()
        .runs;
    assert_eq!(runs[0].state(), JourneyRunState::Completed);
}
