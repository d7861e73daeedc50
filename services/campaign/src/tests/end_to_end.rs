use contracts_campaign::v1::journey_run_service_client::JourneyRunServiceClient;
use contracts_campaign::v1::journey_service_client::JourneyServiceClient;
use contracts_campaign::v1::*;
use contracts_identity::v1::{MemberRegistered, MembersMerged};
use contracts_tagging::v1::{Activity, ActivityRecorded, SegmentEntered};
use testkit::harness_with_peers;

use super::drafts::*;
use super::lifecycle::lifecycle;
use super::world::{self, World};
use crate::run::MemberId;

/// The whole service, with its own workers, fed by the feeds of its peers.
#[tokio::test]
async fn facts_of_all_streams_move_members_through_their_journeys() {
    let world = World::default();
    let harness = harness_with_peers(
        crate::NAME,
        crate::migrations(),
        crate::service,
        world.routes(),
        &world::CONTRACT,
    )
    .await;
    let mut journeys = JourneyServiceClient::new(harness.channel());
    let entered = journey(
        pattern("tagging.segment_entered", "vips"),
        vec![issue("gift", "vip", "end", ""), exit("end")],
    );
    for (code, definition) in [("lifecycle", lifecycle()), ("vips", entered)] {
        let journey = Journey {
            code: code.to_owned(),
            definition: Some(definition),
            ..Journey::default()
        };
        let request = CreateJourneyRequest {
            request_id: format!("create {code}"),
            journey: Some(journey),
        };
        journeys.create_journey(request).await.unwrap();
        let request = PublishJourneyRequest {
            request_id: format!("publish {code}"),
            journey_code: code.to_owned(),
            etag: String::new(),
        };
        journeys.publish_journey(request).await.unwrap();
    }
    let (ann, twin) = (MemberId::generate(&harness.clock), MemberId::generate(&harness.clock));
    let registered = MemberRegistered {
        member_id: twin.to_string(),
        ..MemberRegistered::default()
    };
    harness.publish("identity", &registered, &twin.to_string());
    harness.settle().await;
    let merged = MembersMerged {
        surviving_member_id: ann.to_string(),
        absorbed_member_id: twin.to_string(),
        ..MembersMerged::default()
    };
    harness.publish("identity", &merged, &ann.to_string());
    harness.settle().await;
    let order = Activity {
        member_id: ann.to_string(),
        activity_type: "order_paid".to_owned(),
        ..Activity::default()
    };
    harness.publish("tagging", &ActivityRecorded { activity: Some(order) }, &ann.to_string());
    let segment = SegmentEntered {
        segment_code: "vips".to_owned(),
        member_id: ann.to_string(),
        enter_time: None,
    };
    harness.publish("tagging", &segment, &ann.to_string());
    harness.settle().await;

    let request = ListMemberJourneyRunsRequest {
        member_id: ann.to_string(),
        ..ListMemberJourneyRunsRequest::default()
    };
    let runs = JourneyRunServiceClient::new(harness.channel())
        .list_member_journey_runs(request)
        .await
        .unwrap();
    let mut stands: Vec<(String, String)> = runs
        .into_inner()
        .runs
        .into_iter()
        .map(|run| (run.journey_code, run.node_id))
        .collect();
    stands.sort();
    assert_eq!(
        stands,
        [
            ("lifecycle".to_owned(), "repeat".to_owned()),
            ("vips".to_owned(), "end".to_owned())
        ]
    );
    assert_eq!(world.state().coupons.len(), 2);
    let kinds: Vec<String> = harness.published().await.into_iter().map(|fact| fact.kind).collect();
    assert!(kinds.contains(&"campaign.journey_completed".to_owned()), "{kinds:?}");
}
