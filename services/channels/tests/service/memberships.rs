//! Memberships of platforms: answered at once, and the same in whatever order a day's messages come, however often.

use std::collections::BTreeMap;

use contracts_channels::v1::*;
use md5::{Digest, Md5};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::senders::{Stage, shop, stage};

/// One event of a day: what happened, to whom, in which second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Event {
    binds: bool,
    buyer: u8,
    second: i64,
}

/// A request as the Taobao platform forwards it at the present moment, signed by MD5.
async fn forward(stage: &Stage, account: &ChannelAccount, method: &str, body: &str) -> String {
    let now = stage.harness.clock.now().to_datetime().unwrap();
    let beijing = now.to_offset(time::macros::offset!(+8));
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let timestamp = beijing.format(format).unwrap();
    let said = format!("method{method}timestamp{timestamp}");
    let digest = hex::encode(Md5::digest(format!("helloworld{said}{body}helloworld")));
    let request = ReceiveCallbackRequest {
        query: format!(
            "method={method}&timestamp={}&sign={digest}",
            timestamp.replace(' ', "+")
        ),
        headers: vec![HttpHeader {
            name: "content-type".to_owned(),
            value: "application/json".to_owned(),
        }],
        body: body.as_bytes().to_vec(),
        ..ReceiveCallbackRequest::default()
    };
    let answer = stage.send(account, request).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    String::from_utf8(answer.body).unwrap()
}

impl Event {
    async fn tell(self, stage: &Stage, account: &ChannelAccount) {
        let Self { binds, buyer, second } = self;
        let method = match binds {
            true => "tmall.mei.crm.bind",
            false => "tmall.crm.member.front.unbind",
        };
        let body = format!(
            r#"{{"ouid":"buyer{buyer}","mobile":"1380013800{buyer}","event_time":"2026-01-01 08:00:{second:02}"}}"#
        );
        forward(stage, account, method, &body).await;
    }
}

/// Who is bound in the end, by whose phone.
async fn ends_in(events: &[Event]) -> Vec<(String, String)> {
    let stage = stage().await;
    let account = stage.create(shop()).await.unwrap();
    for event in events {
        event.tell(&stage, &account).await;
        stage.harness.settle().await;
    }
    stage.harness.settle().await;
    let world = stage.world.state();
    let bound = world
        .links
        .iter()
        .map(|(id, number)| (id.clone(), world.members[*number].clone()));
    bound.collect()
}

async fn any_order_ends_alike() {
    let event = (any::<bool>(), 0..3_u8, 0..60_i64).prop_map(|(binds, buyer, second)| Event { binds, buyer, second });
    let day = proptest::collection::vec(event, 1..8).prop_flat_map(|day| {
        let repeated: Vec<Event> = day.iter().chain(&day).copied().collect();
        (Just(day), Just(repeated).prop_shuffle())
    });
    let mut runner = TestRunner::deterministic();
    for _ in 0..12 {
        let (mut day, told) = day.new_tree(&mut runner).unwrap().current();
        // Of two events about one person in one second nobody can tell which was later.
        day.sort_by_key(|event| (event.second, event.buyer));
        let doubtful = day
            .windows(2)
            .any(|two| (two[0].second, two[0].buyer) == (two[1].second, two[1].buyer));
        if !doubtful {
            let latest: BTreeMap<u8, bool> = day.iter().map(|event| (event.buyer, event.binds)).collect();
            let bound = latest.into_iter().filter(|(_, binds)| *binds);
            let bound: Vec<String> = bound.map(|(buyer, _)| format!("buyer{buyer}")).collect();
            let (ended, in_order) = (ends_in(&told).await, ends_in(&day).await);
            assert_eq!(ended, in_order, "{told:?}");
            let ended: Vec<String> = ended.into_iter().map(|(id, _)| id).collect();
            assert_eq!(ended, bound, "{told:?}");
        }
    }
}

#[tokio::test]
async fn any_order_and_repetition_of_a_day_s_messages_ends_as_once_in_order() {
    any_order_ends_alike().await;
}

#[tokio::test]
async fn tmall_is_told_of_a_member_at_once_and_to_ask_again_while_peers_are_away() {
    let stage = stage().await;
    let account = stage.create(shop()).await.unwrap();
    let query = r#"{"ouid":"buyer1"}"#;
    let asked = async || forward(&stage, &account, "tmall.mei.crm.member.bind.query", query).await;
    assert_eq!(asked().await, r#"{"query_code":"E01"}"#);
    stage.world.state().is_away = true;
    let bind = r#"{"ouid":"buyer1","mobile":"13800138001"}"#;
    let bound = forward(&stage, &account, "tmall.mei.crm.bind", bind).await;
    assert_eq!(bound, r#"{"bind_code":"E04"}"#);
    assert_eq!(asked().await, r#"{"query_code":"E04"}"#);
    stage.world.state().is_away = false;
    stage.harness.settle().await;
    let known = asked().await;
    assert!(
        known.contains(r#""query_code":"SUC""#) && known.contains(r#""point":2000"#),
        "{known}"
    );
    let again = forward(&stage, &account, "tmall.mei.crm.bind", bind).await;
    assert!(again.contains(r#""bind_code":"SUC""#), "{again}");
    assert_eq!(stage.world.state().members.len(), 1);
}
