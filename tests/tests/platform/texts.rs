//! What no text may hold is refused alike, wherever it stands and however it comes.

use contracts_tagging::v1::{Activity, ActivityOutcome, RecordActivitiesRequest};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use rpc::{Access, Method};
use serde_json::json;
use tests::brand::TMALL;
use tests::{Api, story};
use tokio_stream::once;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status};
use tonic_types::StatusExt;

use crate::host::Host;

/// A text that no database would take alike.
const WITH_NUL: &str = "a\0b";
/// How deep a condition may hold conditions before it has shown all its fields.
const DEPTH_MAX: usize = 6;
/// `buf.validate.Ignore.IGNORE_ALWAYS`.
const IGNORE_ALWAYS: i32 = 3;

#[tokio::test]
async fn no_text_of_any_method_may_hold_nul() {
    let host = Host::start().await;
    let mut tried = 0;
    for method in contracts_all::CONTRACT.methods().unwrap().iter() {
        if method.access == Access::Internal {
            continue;
        }
        for (path, request) in with_nul_somewhere(&method.descriptor.input(), DEPTH_MAX) {
            let status = call(&host.api, method, request).await.unwrap_err();
            let told = status
                .get_details_bad_request()
                .unwrap_or_else(|| panic!("{} {path}: {status:?}", method.full_name));
            let violation = told.field_violations.iter().find(|violation| violation.field == path);
            let told = violation.map(|violation| violation.description.as_str());
            assert!(
                told.is_some_and(|told| told.contains("U+0000")),
                "{} {path}: {status:?}",
                method.full_name
            );
            tried += 1;
        }
    }
    assert!(tried > 500, "{tried}");
    host.stop().await;
}

/// A request for each of its texts that are not an item's, with a NUL in that text alone, and the text's path.
fn with_nul_somewhere(message: &MessageDescriptor, depth: usize) -> Vec<(String, DynamicMessage)> {
    let mut requests = Vec::new();
    for field in message.fields().filter(|field| !is_left_alone(field)) {
        let mut request = |path: String, value: Value| {
            let mut request = DynamicMessage::new(message.clone());
            request.set_field(&field, value);
            requests.push((path, request));
        };
        let name = field.name();
        match field.kind() {
            Kind::String if field.is_list() => {
                request(format!("{name}[0]"), Value::List(vec![Value::String(WITH_NUL.into())]));
            }
            Kind::String => request(name.to_owned(), Value::String(WITH_NUL.into())),
            Kind::Message(_) if field.is_map() => {
                let map = |key: &str, value: &str| {
                    Value::Map([(MapKey::String(key.into()), Value::String(value.into()))].into())
                };
                request(format!("{name}[\"k\"]"), map("k", WITH_NUL));
                request(format!("{name}[\"a\\0b\"]"), map(WITH_NUL, "v"));
            }
            Kind::Message(part) if depth > 0 => {
                for (path, part) in with_nul_somewhere(&part, depth - 1) {
                    match field.is_list() {
                        true => request(format!("{name}[0].{path}"), Value::List(vec![Value::Message(part)])),
                        false => request(format!("{name}.{path}"), Value::Message(part)),
                    }
                }
            }
            _ => {}
        }
    }
    requests
}

fn is_left_alone(field: &FieldDescriptor) -> bool {
    let rules = contracts_all::CONTRACT
        .descriptors()
        .get_extension_by_name("buf.validate.field")
        .unwrap();
    let options = field.options();
    let rules = options.get_extension(&rules);
    let ignore = rules.as_message().and_then(|rules| rules.get_field_by_name("ignore"));
    ignore.is_some_and(|ignore| ignore.as_enum_number() == Some(IGNORE_ALWAYS))
}

/// Calls any method with one message, whether or not it takes a stream of them: on the wire that is the same.
async fn call(api: &Api, method: &'static Method, request: DynamicMessage) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(api.connection());
    client.ready().await.unwrap();
    let path = PathAndQuery::try_from(format!("/{}", method.full_name)).unwrap();
    let codec = tonic_prost::ProstCodec::<DynamicMessage, ()>::default();
    let answer = client.streaming(Request::new(once(request)), path, codec).await?;
    answer.into_inner().message().await.map(drop)
}

#[tokio::test]
async fn nul_is_refused_in_every_part_of_a_call_by_rest() {
    let host = Host::with_brand().await;
    let rest = host.rest();
    let channel = json!({"requestId": "c1", "channel": {"channelCode": "shop", "kind": "CHANNEL_KIND_TMALL", "displayName": "a\u{0}b"}});
    for (what, answer) in [
        ("path", rest.get("/v1/members/mbr%00").await),
        ("query", rest.get("/v1/members?channelCode=a%00").await),
        ("body", rest.post("/v1/channels", &channel).await),
    ] {
        assert_eq!(
            (answer.status.as_u16(), &*answer.reason()),
            (400, "INVALID_FIELD"),
            "{what}: {}",
            answer.text
        );
        assert!(answer.text.contains("U+0000"), "{what}: {}", answer.text);
    }
    host.stop().await;
}

#[tokio::test]
async fn one_order_is_one_order_by_grpc_and_by_rest_however_its_id_is_written() {
    let host = Host::with_brand().await;
    let rest = host.rest();
    story::arrive(&host.api, TMALL, "tb-1", None).await.unwrap();
    let mut outcomes = Vec::new();
    let written = [
        "x1",
        "x1 ",
        "\u{feff}x1",
        "x\u{ad}1",
        "x\u{2060}1",
        "ｘ１",
        "\u{3000}x1\r\n",
    ];
    for (index, source_id) in written.into_iter().enumerate() {
        let by_rest = json!({"requestId": format!("rest-{index}"), "activities": [{
            "channelCode": TMALL, "externalId": "tb\u{200b}-1", "sourceId": source_id, "activityType": "order_paid",
            "occurTime": host.now().to_string(),
        }]});
        let answer = rest.post("/v1/activities:batchRecord", &by_rest).await;
        outcomes.push(answer.json()["results"][0]["outcome"].clone());
        let by_grpc = RecordActivitiesRequest {
            unreadable_items: Vec::new(),
            request_id: format!("grpc-{index}"),
            activities: vec![Activity {
                external_id: "tb-1 ".to_owned(),
                channel_code: TMALL.to_owned(),
                source_id: source_id.to_owned(),
                activity_type: "order_paid".to_owned(),
                occur_time: Some(host.now().to_wire()),
                ..Activity::default()
            }],
            validate_only: false,
        };
        let answer = host
            .api
            .activities()
            .record_activities(by_grpc)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.results[0].outcome(), ActivityOutcome::Duplicate, "{source_id:?}");
    }
    let mut expected = vec![json!("ACTIVITY_OUTCOME_DUPLICATE"); written.len()];
    expected[0] = json!("ACTIVITY_OUTCOME_RECORDED");
    assert_eq!(outcomes, expected);
    host.stop().await;
}
