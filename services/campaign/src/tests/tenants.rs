use contracts_campaign::v1::*;
use kernel::Tenant;
use tonic::Code;

use super::drafts::*;
use super::stage::Stage;

/// A stage on which a member of its tenant is under way, and another tenant.
async fn two_tenants() -> (Stage, JourneyRun, Tenant) {
    let mut stage = Stage::new().await;
    stage
        .open(
            "hello",
            journey(registered(), vec![wait("pause", DAY, "end"), exit("end")]),
        )
        .await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    let run = stage.run_of(ann).await;
    let other = Tenant::from_uuid(stage.clock.uuid());
    (stage, run, other)
}

fn hello() -> String {
    "hello".to_owned()
}

#[tokio::test]
async fn no_tenant_changes_another_s_journeys() {
    let (stage, _, other) = two_tenants().await;
    let before = stage
        .journeys()
        .get_journey(GetJourneyRequest { journey_code: hello() })
        .await
        .unwrap()
        .into_inner();
    let mut journeys = stage.journeys_of(other);
    let update = UpdateJourneyRequest {
        request_id: stage.request_id(),
        journey: Some(Journey {
            code: hello(),
            definition: Some(journey(registered(), vec![exit("end")])),
            ..Journey::default()
        }),
        update_mask: None,
    };
    assert_eq!(
        journeys.update_journey(update).await.unwrap_err().code(),
        Code::NotFound
    );
    let publish = PublishJourneyRequest {
        request_id: stage.request_id(),
        journey_code: hello(),
        etag: String::new(),
    };
    assert_eq!(
        journeys.publish_journey(publish).await.unwrap_err().code(),
        Code::NotFound
    );
    let archive = ArchiveJourneyRequest {
        request_id: stage.request_id(),
        journey_code: hello(),
        etag: String::new(),
    };
    assert_eq!(
        journeys.archive_journey(archive).await.unwrap_err().code(),
        Code::NotFound
    );
    let after = stage
        .journeys()
        .get_journey(GetJourneyRequest { journey_code: hello() })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(before, after);
}

#[tokio::test]
async fn no_tenant_sees_another_s_journeys_and_runs() {
    let (stage, run, other) = two_tenants().await;
    let (mut journeys, mut runs) = (stage.journeys_of(other), stage.runs_of_tenant(other));
    let get = GetJourneyRequest { journey_code: hello() };
    assert_eq!(journeys.get_journey(get).await.unwrap_err().code(), Code::NotFound);
    let version = GetJourneyVersionRequest {
        journey_code: hello(),
        version: 1,
    };
    assert_eq!(
        journeys.get_journey_version(version).await.unwrap_err().code(),
        Code::NotFound
    );
    let statistics = GetJourneyStatisticsRequest {
        journey_code: hello(),
        version: 0,
    };
    assert_eq!(
        journeys.get_journey_statistics(statistics).await.unwrap_err().code(),
        Code::NotFound
    );
    let get = GetJourneyRunRequest { run_id: run.run_id };
    assert_eq!(runs.get_journey_run(get).await.unwrap_err().code(), Code::NotFound);
    let list = ListJourneysRequest {
        include_archived: true,
        ..ListJourneysRequest::default()
    };
    assert!(
        journeys
            .list_journeys(list)
            .await
            .unwrap()
            .into_inner()
            .journeys
            .is_empty()
    );
    let list = ListJourneyRunsRequest {
        journey_code: hello(),
        ..ListJourneyRunsRequest::default()
    };
    assert!(runs.list_journey_runs(list).await.unwrap().into_inner().runs.is_empty());
    let list = ListMemberJourneyRunsRequest {
        member_id: run.member_id,
        ..ListMemberJourneyRunsRequest::default()
    };
    assert!(
        runs.list_member_journey_runs(list)
            .await
            .unwrap()
            .into_inner()
            .runs
            .is_empty()
    );
}

#[tokio::test]
async fn facts_of_one_tenant_move_nobody_of_another() {
    let mut stage = Stage::new().await;
    let definition = || {
        let nodes = vec![until("order", order_paid(), DAY, "yes", "no"), exit("yes"), exit("no")];
        journey(registered(), nodes)
    };
    let other = Tenant::from_uuid(stage.clock.uuid());
    stage.open("hello", definition()).await;
    stage.open_for(other, "hello", definition()).await;
    // The very same member id in both; and one batch holds facts of both.
    let ann = stage.member();
    let theirs = events::Envelope {
        tenant: other,
        ..stage.registered(ann)
    };
    stage.tell(&[stage.registered(ann), theirs]).await;
    let theirs = events::Envelope {
        tenant: other,
        ..stage.order(ann, 1)
    };
    stage.tell(&[theirs]).await;
    let merged = events::Envelope {
        tenant: other,
        ..stage.merged(ann, stage.member())
    };
    stage.tell(&[merged]).await;
    stage.run().await;
    assert_eq!(stage.run_of(ann).await.node_id, "order");
    stage.check_figures("hello").await;
}
