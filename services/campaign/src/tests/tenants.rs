use contracts::campaign::v1::*;
use kernel::Tenant;
use tonic::Code;

use super::drafts::*;
use super::stage::Stage;

#[tokio::test]
async fn no_tenant_sees_or_changes_another_s_journeys_and_runs() {
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
    let run_id = stage.run_of(ann).await.run_id;

    let other = Tenant::from_uuid(stage.clock.uuid());
    let (mut journeys, mut runs) = (stage.journeys_of(other), stage.runs_of_tenant(other));
    let journey_code = || "hello".to_owned();
    let request_id = || stage.request_id();
    let codes = [
        journeys
            .get_journey(GetJourneyRequest {
                journey_code: journey_code(),
            })
            .await
            .unwrap_err(),
        journeys
            .update_journey(UpdateJourneyRequest {
                request_id: request_id(),
                journey: Some(Journey {
                    code: journey_code(),
                    definition: Some(journey(registered(), vec![exit("end")])),
                    ..Journey::default()
                }),
                update_mask: None,
            })
            .await
            .unwrap_err(),
        journeys
            .publish_journey(PublishJourneyRequest {
                request_id: request_id(),
                journey_code: journey_code(),
                etag: String::new(),
            })
            .await
            .unwrap_err(),
        journeys
            .archive_journey(ArchiveJourneyRequest {
                request_id: request_id(),
                journey_code: journey_code(),
                etag: String::new(),
            })
            .await
            .unwrap_err(),
        journeys
            .get_journey_version(GetJourneyVersionRequest {
                journey_code: journey_code(),
                version: 1,
            })
            .await
            .unwrap_err(),
        journeys
            .get_journey_statistics(GetJourneyStatisticsRequest {
                journey_code: journey_code(),
                version: 0,
            })
            .await
            .unwrap_err(),
        runs.get_journey_run(GetJourneyRunRequest { run_id }).await.unwrap_err(),
    ];
    assert!(codes.iter().all(|status| status.code() == Code::NotFound), "{codes:?}");
    let request = ListJourneysRequest {
        include_archived: true,
        ..ListJourneysRequest::default()
    };
    assert!(
        journeys
            .list_journeys(request)
            .await
            .unwrap()
            .into_inner()
            .journeys
            .is_empty()
    );
    let request = ListJourneyRunsRequest {
        journey_code: journey_code(),
        ..ListJourneyRunsRequest::default()
    };
    assert!(
        runs.list_journey_runs(request)
            .await
            .unwrap()
            .into_inner()
            .runs
            .is_empty()
    );
    let request = ListMemberJourneyRunsRequest {
        member_id: ann.to_string(),
        ..ListMemberJourneyRunsRequest::default()
    };
    assert!(
        runs.list_member_journey_runs(request)
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
