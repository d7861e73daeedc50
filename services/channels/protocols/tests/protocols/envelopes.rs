//! WeCom and WeChat: the vectors that Tencent publishes with its libraries, and what must be refused.

use channel_protocols::envelope::Secret;
use channel_protocols::{Method, Received, Refusal, Reply, Request, wechat, wecom};
use kernel::Time;
use proptest::prelude::*;

/// The sample of WeCom's library (`WXBizMsgCrypt`, Sample.cpp) and of its documentation.
const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const CORP: &str = "wx5823bf96d3bd56c7";
const ECHO: &str = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780\
    &echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
const PUSHED: &str = "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
const SEALED: &str = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";

fn at(seconds: i64) -> Time {
    Time::from_seconds(seconds)
}

fn get(query: &str) -> Request<'_> {
    Request {
        method: Method::Get,
        query,
        headers: &[],
        body: b"",
    }
}

fn post<'a>(query: &'a str, body: &'a [u8]) -> Request<'a> {
    Request {
        method: Method::Post,
        query,
        headers: &[],
        body,
    }
}

fn corporation() -> wecom::Account {
    wecom::Account {
        receive_id: CORP.to_owned(),
        secrets: vec![Secret::new(TOKEN, KEY).unwrap()],
    }
}

fn sample() -> Vec<u8> {
    format!("<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{SEALED}]]></Encrypt></xml>")
        .into_bytes()
}

#[test]
fn the_published_check_of_an_address_is_answered_with_its_text() {
    let received = wecom::receive(&corporation(), &get(ECHO), at(1_409_659_600));
    assert_eq!(received, Ok(Received::Greeting(Reply::text("1616140317555161061"))));
}

#[test]
fn the_published_message_is_read() {
    let received = wecom::receive(&corporation(), &post(PUSHED, &sample()), at(1_409_659_813)).unwrap();
    let Received::Message(message, reply) = received else {
        panic!("a message is no greeting");
    };
    assert_eq!(reply, Reply::text(""));
    assert_eq!(
        (message.kind.as_str(), message.source_id.as_str()),
        ("text", "msg_4561255354251345929")
    );
    assert_eq!(message.content["Content"], "hello");
    assert_eq!(message.content["AgentID"], "218", "what nobody needs is kept too");
    assert_eq!(message.event_time, Some(at(1_409_659_813)));
    assert_eq!(
        wecom::meaning(&message).unwrap().arrival,
        None,
        "an employee is no member"
    );
}

/// The library's own test of encryption, with its random bytes: the key ends in G, whose last bits belong to no byte.
#[test]
fn the_published_answer_is_sealed_to_the_byte() {
    let secret = Secret::new("pamtest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
    let sealed = secret.seal("我是中文abcd123".as_bytes(), "wxb11529c136998cb6", *b"aaaabbbbccccdddd");
    assert_eq!(
        sealed.as_deref(),
        Some("jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==")
    );
}

#[test]
fn what_is_stale_or_for_another_is_refused() {
    let (account, body) = (corporation(), sample());
    let late = wecom::receive(&account, &post(PUSHED, &body), at(1_409_659_813 + 301));
    assert_eq!(late, Err(Refusal::Stale));
    let early = wecom::receive(&account, &post(PUSHED, &body), at(1_409_659_813 - 301));
    assert_eq!(early, Err(Refusal::Stale));
    assert!(wecom::receive(&account, &post(PUSHED, &body), at(1_409_659_813 + 300)).is_ok());
    let other = wecom::Account {
        receive_id: "wx_other".to_owned(),
        ..corporation()
    };
    assert_eq!(
        wecom::receive(&other, &post(PUSHED, &body), at(1_409_659_813)),
        Err(Refusal::WrongReceiver)
    );
    let doubled = format!("{PUSHED}&nonce=1");
    assert_eq!(
        wecom::receive(&account, &post(&doubled, &body), at(1_409_659_813)),
        Err(Refusal::Unsigned)
    );
}

#[test]
fn while_secrets_rotate_either_is_right() {
    let mut account = corporation();
    account.secrets.insert(
        0,
        Secret::new("the_new_token", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap(),
    );
    assert!(wecom::receive(&account, &post(PUSHED, &sample()), at(1_409_659_813)).is_ok());
    account.secrets.pop();
    assert_eq!(
        wecom::receive(&account, &post(PUSHED, &sample()), at(1_409_659_813)),
        Err(Refusal::BadSignature)
    );
}

#[test]
fn a_customer_who_is_added_arrives_and_has_done_so() {
    let secret = Secret::new(TOKEN, KEY).unwrap();
    let event = "<xml><ToUserName>c</ToUserName><FromUserName>sys</FromUserName><CreateTime>1403610513</CreateTime>\
        <MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType>\
        <UserID>zhangsan</UserID><ExternalUserID>woAJ2GCAAAXtWyujaWJHDDGi0mAAAA</ExternalUserID><State>teststate</State></xml>";
    let sealed = secret.seal(event.as_bytes(), CORP, [7; 16]).unwrap();
    let query = format!(
        "msg_signature={}&timestamp=1403610513&nonce=n",
        secret.sign("1403610513", "n", &sealed)
    );
    let body = format!("<xml><Encrypt>{sealed}</Encrypt></xml>");
    let Ok(Received::Message(message, _)) =
        wecom::receive(&corporation(), &post(&query, body.as_bytes()), at(1_403_610_513))
    else {
        panic!("it is signed");
    };
    let meaning = wecom::meaning(&message).unwrap();
    assert_eq!(meaning.arrival.unwrap().external_id, "woAJ2GCAAAXtWyujaWJHDDGi0mAAAA");
    let activity = meaning.activity.unwrap();
    assert_eq!(activity.activity_type, "wecom_contact_added");
    assert_eq!(activity.attributes["state"], "teststate");
}

fn official(plain_allowed: bool) -> wechat::Account {
    wechat::Account {
        app_id: CORP.to_owned(),
        secrets: vec![Secret::new(TOKEN, KEY).unwrap()],
        plain_allowed,
    }
}

/// SHA-1 of "13726231491409659813QDG6eK": the plain signature of the sample's time, nonce and token.
const PLAIN: &str = "signature=d2157f2f9079f4d6257b45edf665c43c62e60a0a&timestamp=1409659813&nonce=1372623149";

#[test]
fn the_safe_mode_of_wechat_opens_the_same_envelope() {
    let query = format!("{PUSHED}&encrypt_type=aes&signature=0");
    let received = wechat::receive(&official(false), &post(&query, &sample()), at(1_409_659_813)).unwrap();
    let Received::Message(message, reply) = received else {
        panic!("a message is no greeting");
    };
    assert_eq!(reply, Reply::text("success"));
    let meaning = wechat::meaning(&message).unwrap();
    assert_eq!(meaning.arrival.unwrap().external_id, "mycreate");
    assert_eq!(meaning.activity.unwrap().activity_type, "wechat_message_sent");
}

#[test]
fn plain_messages_are_taken_only_where_the_account_says_so() {
    let body = br#"{"ToUserName":"gh_1","FromUserName":"o1","CreateTime":1409659813,"MsgType":"event","Event":"subscribe","EventKey":"qrscene_7"}"#;
    let received = wechat::receive(&official(true), &post(PLAIN, body), at(1_409_659_813)).unwrap();
    let Received::Message(message, _) = received else {
        panic!("a message is no greeting");
    };
    assert_eq!(message.kind, "event.subscribe");
    let meaning = wechat::meaning(&message).unwrap();
    assert_eq!(meaning.activity.unwrap().attributes["event_key"], "qrscene_7");
    assert_eq!(
        wechat::receive(&official(false), &post(PLAIN, body), at(1_409_659_813)),
        Err(Refusal::NotAllowed)
    );
    let greeting = format!("{PLAIN}&echostr=5838479218127813673");
    assert_eq!(
        wechat::receive(&official(false), &get(&greeting), at(1_409_659_813)),
        Ok(Received::Greeting(Reply::text("5838479218127813673")))
    );
}

#[test]
fn two_events_of_one_second_are_two_and_a_repetition_is_one() {
    let id = |event: &str, key: &str| {
        let body = format!(
            r#"{{"FromUserName":"o1","CreateTime":1409659813,"MsgType":"event","Event":"{event}","EventKey":"{key}"}}"#
        );
        match wechat::receive(&official(true), &post(PLAIN, body.as_bytes()), at(1_409_659_813)).unwrap() {
            Received::Message(message, _) => message.source_id,
            Received::Greeting(_) | Received::Question(_) => panic!("a message is no greeting"),
        }
    };
    assert_eq!(id("subscribe", "qrscene_7"), id("subscribe", "qrscene_7"));
    assert_ne!(id("subscribe", "qrscene_7"), id("SCAN", "7"));
    assert_ne!(id("CLICK", "a"), id("CLICK", "b"));
}

#[test]
fn an_event_that_nobody_knows_is_not_understood_but_read() {
    let body = br#"{"FromUserName":"o1","CreateTime":1409659813,"MsgType":"event","Event":"brand_new"}"#;
    let Ok(Received::Message(message, _)) = wechat::receive(&official(true), &post(PLAIN, body), at(1_409_659_813))
    else {
        panic!("it is signed");
    };
    assert!(wechat::meaning(&message).unwrap_err().0.contains("event.brand_new"));
}

proptest! {
    /// Whatever bit of what is signed is flipped, the message is refused.
    #[test]
    fn any_flipped_bit_is_refused(at_byte in 0..SEALED.len(), bit in 0..8_u8) {
        let mut sealed = SEALED.as_bytes().to_vec();
        sealed[at_byte] ^= 1 << bit;
        let mut body = b"<xml><Encrypt><![CDATA[".to_vec();
        body.extend(sealed);
        body.extend(b"]]></Encrypt></xml>");
        prop_assert!(wecom::receive(&corporation(), &post(PUSHED, &body), at(1_409_659_813)).is_err());
    }

    #[test]
    fn any_flipped_bit_of_the_query_is_refused(at_byte in 0..PUSHED.len(), bit in 0..7_u8) {
        let mut query = PUSHED.as_bytes().to_vec();
        query[at_byte] ^= 1 << bit;
        let query = String::from_utf8(query).unwrap();
        // The hexadecimal digits of a signature may be written in either case, which is the only bit that says nothing.
        prop_assume!(!query.eq_ignore_ascii_case(PUSHED));
        prop_assert!(wecom::receive(&corporation(), &post(&query, &sample()), at(1_409_659_813)).is_err());
    }

    #[test]
    fn no_body_and_no_query_make_it_panic(query in ".{0,200}", body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = wecom::receive(&corporation(), &post(&query, &body), at(0));
        let _ = wechat::receive(&official(true), &post(&format!("{PLAIN}&{query}"), &body), at(1_409_659_813));
    }

    #[test]
    fn what_is_sealed_is_opened(message in ".{0,300}", random in any::<[u8; 16]>()) {
        let secret = Secret::new(TOKEN, KEY).unwrap();
        let inner = format!("<xml><Content><![CDATA[{}]]></Content><MsgType>text</MsgType></xml>", message.replace("]]>", ""));
        let sealed = secret.seal(inner.as_bytes(), CORP, random).unwrap();
        let query = format!("msg_signature={}&timestamp=1&nonce=n", secret.sign("1", "n", &sealed));
        let body = format!("<xml><Encrypt>{sealed}</Encrypt></xml>");
        let received = wecom::receive(&corporation(), &post(&query, body.as_bytes()), at(1));
        prop_assert!(matches!(received, Ok(Received::Message(..))), "{received:?}");
    }
}
