use contracts_campaign::v1::*;
use tonic::Code;
use tonic_types::StatusExt;

use super::drafts::*;
use super::stage::Stage;

#[tokio::test]
async fn runs_are_listed_in_pages_the_newest_first() {
    let mut stage = Stage::new().await;
    stage
        .open("thanks", again(journey(order_paid(), vec![exit("end")])))
        .await;
    let ann = stage.member();
    for amount in 1..=3 {
        stage.tell(&[stage.order(ann, amount)]).await;
        stage.turn(1).await;
    }
    let all: Vec<String> = stage.runs_of(ann).await.into_iter().map(|run| run.run_id).collect();
    assert!(all.is_sorted_by(|one, next| one > next) && all.len() == 3);

    let page = |page_token: &str| ListJourneyRunsRequest {
        journey_code: "thanks".to_owned(),
        page_size: 2,
        page_token: page_token.to_owned(),
    };
    let first = stage.runs().list_journey_runs(page("")).await.unwrap().into_inner();
    let second = stage
        .runs()
        .list_journey_runs(page(&first.next_page_token))
        .await
        .unwrap()
        .into_inner();
    let listed: Vec<String> = first
        .runs
        .into_iter()
        .chain(second.runs)
        .map(|run| run.run_id)
        .collect();
    assert_eq!((listed, second.next_page_token), (all, String::new()));
}

#[tokio::test]
async fn a_page_token_belongs_to_its_list() {
    let stage = Stage::new().await;
    let request = ListJourneyRunsRequest {
        journey_code: "thanks".to_owned(),
        page_token: "00ff".to_owned(),
        ..ListJourneyRunsRequest::default()
    };
    let status = stage.runs().list_journey_runs(request).await.unwrap_err();
    assert_eq!(
        status.get_error_details().error_info().unwrap().reason,
        "PAGE_TOKEN_INVALID"
    );
    let request = ListMemberJourneyRunsRequest {
        member_id: stage.member().to_string(),
        page_token: "zz".to_owned(),
        ..ListMemberJourneyRunsRequest::default()
    };
    let status = stage.runs().list_member_journey_runs(request).await.unwrap_err();
    assert_eq!(
        status.get_error_details().error_info().unwrap().reason,
        "PAGE_TOKEN_INVALID"
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_and_one_of_nothing_is_not_found() {
    let stage = Stage::new().await;
    let get = |run_id: String| GetJourneyRunRequest { run_id };
    let status = stage.runs().get_journey_run(get("mbr_1".to_owned())).await.unwrap_err();
    assert_eq!(
        (
            status.code(),
            status.get_error_details().bad_request().unwrap().field_violations[0]
                .field
                .as_str()
        ),
        (Code::InvalidArgument, "run_id")
    );
    let nobody = crate::run::RunId::generate(&stage.clock);
    let status = stage.runs().get_journey_run(get(nobody.to_string())).await.unwrap_err();
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "NOT_FOUND");
    let list = ListMemberJourneyRunsRequest {
        member_id: "ann".to_owned(),
        ..ListMemberJourneyRunsRequest::default()
    };
    assert_eq!(
        stage.runs().list_member_journey_runs(list).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn an_end_is_told() {
    let mut stage = Stage::new().await;
    stage.open("hello", journey(registered(), vec![exit("greeted")])).await;
    let ann = stage.member();
    stage.tell(&[stage.registered(ann)]).await;
    stage.run().await;
    while stage.db.sequence().await.unwrap() > 0 {}
    let facts = stage.db.facts_after(0, None, 100).await.unwrap().facts;
    let fact: JourneyCompleted = prost::Message::decode(facts.last().unwrap().payload.as_slice()).unwrap();
    assert_eq!(
        (fact.member_id, fact.outcome_code.as_str()),
        (ann.to_string(), "greeted")
    );
}
