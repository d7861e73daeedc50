//! Facts for those who keep a place in them.

use std::time::Duration;

use contracts_channels::v1::fact_stream_service_client::FactStreamServiceClient;
use contracts_channels::v1::*;
use fault::Fault;
use testkit::until;
use tonic::Status;

use crate::brand::{Brand, brand, earned, wrong_fields};
use crate::receiver::Receiver;

impl Brand {
    /// What there is, told to its end.
    async fn stream(&self, request: StreamFactsRequest) -> Result<Vec<StreamFactsResponse>, Status> {
        let mut client = FactStreamServiceClient::new(self.harness.channel());
        let request = StreamFactsRequest {
            until_now: true,
            ..request
        };
        let mut stream = client.stream_facts(request).await?.into_inner();
        let mut told = Vec::new();
        while let Some(message) = stream.message().await? {
            told.push(message);
        }
        Ok(told)
    }
}

fn since_the_beginning() -> StreamFactsRequest {
    StreamFactsRequest {
        start_time: Some(prost_types::Timestamp {
            seconds: 1_700_000_000,
            nanos: 0,
        }),
        ..StreamFactsRequest::default()
    }
}

fn amounts(told: &[StreamFactsResponse]) -> Vec<String> {
    let facts = told.iter().filter_map(|message| message.fact.as_ref());
    let amount = |fact: &Fact| {
        let data = fact.data.clone().unwrap();
        match data.fields["amount"].kind.clone().unwrap() {
            prost_types::value::Kind::StringValue(amount) => amount,
            other => panic!("{other:?}"),
        }
    };
    facts.map(amount).collect()
}

#[tokio::test]
async fn a_stream_goes_on_behind_any_of_its_cursors_with_the_same_facts() {
    let brand = brand().await;
    for amount in 1..=600 {
        brand.earn(&format!("mbr_{}", amount % 7), amount);
    }
    let all = brand.stream(since_the_beginning()).await.unwrap();
    let expected: Vec<String> = (1..=600).map(|amount: i64| amount.to_string()).collect();
    assert_eq!(amounts(&all), expected);
    assert!(
        all.last().unwrap().fact.is_none(),
        "the last message tells the place alone"
    );
    for at in [0, 255, 256, 599] {
        let resumed = StreamFactsRequest {
            cursor: all[at].cursor.clone(),
            ..StreamFactsRequest::default()
        };
        let rest = brand.stream(resumed).await.unwrap();
        assert_eq!(amounts(&rest), expected[at + 1..], "{at}");
        assert_eq!(rest.first().unwrap().fact, all[at + 1].fact);
    }
    let from_the_end = StreamFactsRequest {
        cursor: all.last().unwrap().cursor.clone(),
        ..StreamFactsRequest::default()
    };
    assert!(amounts(&brand.stream(from_the_end.clone()).await.unwrap()).is_empty());
    brand.earn("mbr_1", 601);
    assert_eq!(amounts(&brand.stream(from_the_end).await.unwrap()), ["601"]);
}

#[tokio::test]
async fn a_stream_begins_at_a_time_or_now() {
    let brand = brand().await;
    for amount in 1..=100 {
        brand.earn("mbr_1", amount);
        brand.harness.clock.advance(Duration::from_mins(1));
    }
    brand.harness.settle().await;
    let start = testkit_start(90);
    let request = StreamFactsRequest {
        start_time: Some(start),
        ..StreamFactsRequest::default()
    };
    let told = brand.stream(request).await.unwrap();
    assert_eq!(amounts(&told).first().unwrap(), "91");
    assert_eq!(amounts(&told).len(), 10);
    assert!(amounts(&brand.stream(StreamFactsRequest::default()).await.unwrap()).is_empty());
}

/// So many minutes after the clock of the tests began.
fn testkit_start(minutes: i64) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: 1_767_225_600 + minutes * 60,
        nanos: 0,
    }
}

#[tokio::test]
async fn a_stream_has_types_and_a_filter_and_is_one_tenant_s_own() {
    let brand = brand().await;
    for amount in 1..=10 {
        brand.earn("mbr_1", amount);
    }
    let other = brand.harness.other_tenant();
    brand.harness.publish_of(other, "points", &earned("mbr_1", 9), "mbr_1");
    let filtered = StreamFactsRequest {
        fact_types: vec!["points.earned".to_owned()],
        filter: "fact.data.amount >= 8".to_owned(),
        ..since_the_beginning()
    };
    assert_eq!(amounts(&brand.stream(filtered).await.unwrap()), ["8", "9", "10"]);
    let others = StreamFactsRequest {
        fact_types: vec!["points.redeemed".to_owned()],
        ..since_the_beginning()
    };
    assert!(amounts(&brand.stream(others).await.unwrap()).is_empty());

    let wrong = StreamFactsRequest {
        cursor: "x".to_owned(),
        fact_types: vec!["points.lost".to_owned()],
        ..since_the_beginning()
    };
    assert_eq!(wrong_fields(brand.stream(wrong).await), ["start_time", "fact_types[0]"]);
    let untyped = StreamFactsRequest {
        filter: "fact.data.amount >= 8".to_owned(),
        ..StreamFactsRequest::default()
    };
    assert_eq!(wrong_fields(brand.stream(untyped).await), ["fact_types"]);
    let strange = StreamFactsRequest {
        cursor: "elsewhere".to_owned(),
        ..StreamFactsRequest::default()
    };
    match Fault::from_peer(brand.stream(strange).await.unwrap_err()) {
        Fault::Refused(refusal) => assert_eq!(refusal.reason, "PAGE_TOKEN_INVALID"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stream_tells_what_a_webhook_tells() {
    let (brand, receiver) = (brand().await, Receiver::start().await);
    brand.subscribe(&receiver.url()).await;
    brand.earn("mbr_1", 7);
    until("it arrives", 1, async || {
        brand.harness.settle().await;
        receiver.arrivals().len()
    })
    .await;
    let streamed = brand
        .stream(since_the_beginning())
        .await
        .unwrap()
        .remove(0)
        .fact
        .unwrap();
    let body = receiver.arrivals().remove(0).body;
    assert_eq!(body["id"], streamed.id);
    assert_eq!(body["type"], streamed.r#type);
    assert_eq!(body["tenantId"], streamed.tenant_id);
    assert_eq!(body["subject"], streamed.subject);
    let fields = streamed.data.unwrap().fields;
    let names: Vec<&String> = fields.keys().collect();
    let told: Vec<&String> = body["data"].as_object().unwrap().keys().collect();
    assert_eq!(names, told);
}
