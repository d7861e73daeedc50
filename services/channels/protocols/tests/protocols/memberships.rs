//! Memberships of Tmall and Douyin. Neither publishes a vector: the signatures here were made by another program from the
//! published rules.

use channel_protocols::{Card, Membership, Message, Method, Outcome, Received, Refusal, Request, douyin, tmall};
use kernel::Time;
use proptest::prelude::*;

const BIND: &str = r#"{"seller_name":"天猫魔盒","nick":"zhangsan","mobile":"15088890012"}"#;
const QUERY: &str = "method=tmall.mei.crm.bind&timestamp=2026-11-11+00%3A00%3A07&app_key=12345678&v=2.0";
const BIND_AT: Time = Time::from_seconds(1_794_326_407);

fn shop() -> tmall::Account {
    tmall::Account {
        seller_name: "天猫魔盒".to_owned(),
        secrets: vec!["newer".to_owned(), "helloworld".to_owned()],
    }
}

fn tmall_at(query: &str, body: &[u8], now: Time) -> Result<Received, Refusal> {
    let headers = [("content-type".to_owned(), "application/json;charset=utf-8".to_owned())];
    let request = Request {
        method: Method::Post,
        query,
        headers: &headers,
        body,
    };
    tmall::receive(&shop(), &request, now)
}

fn question(received: Result<Received, Refusal>) -> Message {
    match received.unwrap() {
        Received::Question(message) => message,
        Received::Message(..) | Received::Greeting(_) => panic!("it asks something"),
    }
}

#[test]
fn each_way_in_which_taobao_signs_is_verified() {
    for signed in [
        "&sign=FA6D752AADAAF654D9BFE862E59428FE",
        "&sign_method=hmac-sha256&sign=113D87ED9A4111485B35628023C0111A64CB115EAF44C9D1E368192EBE4C2102",
        "&sign_method=hmac&sign=0025976F4F52459B6BF9AB10DF555A8F",
    ] {
        let message = question(tmall_at(&format!("{QUERY}{signed}"), BIND.as_bytes(), BIND_AT));
        let meaning = tmall::meaning(&message).unwrap();
        assert_eq!(meaning.membership, Some(Membership::Bound));
        let arrival = meaning.arrival.unwrap();
        assert_eq!((arrival.external_id.as_str(), arrival.evidence.len()), ("zhangsan", 1));
        assert_eq!(message.event_time, Some(BIND_AT));
    }
    let crossed = format!("{QUERY}&sign_method=hmac&sign=FA6D752AADAAF654D9BFE862E59428FE");
    assert_eq!(tmall_at(&crossed, BIND.as_bytes(), BIND_AT), Err(Refusal::BadSignature));
    let late = Time::from_seconds(1_794_326_407 + 301);
    assert_eq!(
        tmall_at(
            &format!("{QUERY}&sign=FA6D752AADAAF654D9BFE862E59428FE"),
            BIND.as_bytes(),
            late
        ),
        Err(Refusal::Stale)
    );
}

#[test]
fn a_replay_that_is_signed_anew_is_the_same_message() {
    let id = |time: i64| {
        let mut message = question(tmall_at(
            &format!("{QUERY}&sign=FA6D752AADAAF654D9BFE862E59428FE"),
            BIND.as_bytes(),
            BIND_AT,
        ));
        message.event_time = Some(Time::from_seconds(time));
        message.source_id
    };
    assert_eq!(id(1), id(2));
}

#[test]
fn tmall_is_answered_in_its_own_codes() {
    let message = question(tmall_at(
        &format!("{QUERY}&sign=FA6D752AADAAF654D9BFE862E59428FE"),
        BIND.as_bytes(),
        BIND_AT,
    ));
    let said = |outcome: &Outcome| String::from_utf8(tmall::answer(&message, outcome).body).unwrap();
    assert_eq!(said(&Outcome::Later), r#"{"bind_code":"E04"}"#);
    assert_eq!(said(&Outcome::Unknown), r#"{"bind_code":"E01"}"#);
    let member = said(&Outcome::Member(Card {
        points: Some(2_000),
        level: None,
    }));
    assert!(
        member.contains(r#""bind_code":"SUC""#) && member.contains(r#""point":2000"#) && !member.contains("level"),
        "{member}"
    );
}

const JOIN: &str =
    r#"{"open_id":"f6e35c98-1e53-4943-ad6d-f476f869deab","account_id":"17371731","mobile":"13527153122"}"#;

fn douyin_at(query: &str, body: &[u8], now: Time) -> Result<Received, Refusal> {
    let account = douyin::Account {
        account_id: "17371731".to_owned(),
        secrets: vec!["yyyyyy".to_owned()],
    };
    let headers = [(
        "x-life-sign".to_owned(),
        "23f9556a6d0bc21fb66fa51f2e06400d4a84fe12b04b834e812293cea7f3ceb0".to_owned(),
    )];
    let request = Request {
        method: Method::Post,
        query,
        headers: &headers,
        body,
    };
    douyin::receive(&account, &request, now)
}

#[test]
fn douyin_s_join_is_verified_and_answered() {
    let now = Time::from_seconds(1_624_293_280);
    let query = "client_key=xxxxxx&timestamp=1624293280123&action=join";
    let message = question(douyin_at(&format!("{query}&sign=whatever"), JOIN.as_bytes(), now));
    assert_eq!(douyin::meaning(&message).unwrap().membership, Some(Membership::Bound));
    let later = douyin::answer(&message, &Outcome::Later);
    assert!(String::from_utf8(later.body).unwrap().contains(r#""error_code":100"#));
    let left = query.replace("join", "leave");
    assert_eq!(
        douyin_at(&left, JOIN.as_bytes(), now),
        Err(Refusal::BadSignature),
        "the action is signed"
    );
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(at_byte in 0..JOIN.len(), bit in 0..8_u8) {
        let mut body = JOIN.as_bytes().to_vec();
        body[at_byte] ^= 1 << bit;
        let query = "client_key=xxxxxx&timestamp=1624293280123&action=join";
        prop_assert!(douyin_at(query, &body, Time::from_seconds(1_624_293_280)).is_err());
    }

    #[test]
    fn any_flipped_bit_is_refused_of_tmall_too(at_byte in 0..BIND.len(), bit in 0..8_u8) {
        let mut body = BIND.as_bytes().to_vec();
        body[at_byte] ^= 1 << bit;
        let query = format!("{QUERY}&sign=FA6D752AADAAF654D9BFE862E59428FE");
        prop_assert!(tmall_at(&query, &body, BIND_AT).is_err());
    }
}
