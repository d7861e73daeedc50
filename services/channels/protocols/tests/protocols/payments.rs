//! Notifications of WeChat Pay: the documentation's example, sealed and signed by a key of the tests'.

use channel_protocols::wechat_pay::{Account, PlatformKey, meaning, receive};
use channel_protocols::{Method, Received, Refusal, Request};
use kernel::Time;
use proptest::prelude::*;

const BODY: &str = include_str!("pay/notification.json");
const SIGNATURE: &str = include_str!("pay/signature.txt");
const PUBLIC_KEY: &str = include_str!("pay/platform_public_key.pem");
const CERTIFICATE: &str = include_str!("pay/platform_certificate.pem");
const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
const AT: Time = Time::from_seconds(1_528_425_296);

fn account(pem: &str) -> Account {
    Account {
        platform_keys: vec![PlatformKey::new(SERIAL, pem).unwrap()],
        api_v3_keys: vec![[0; 32], *b"0123456789abcdef0123456789ABCDEF"],
    }
}

fn headers(signature: &str, serial: &str) -> Vec<(String, String)> {
    [
        ("Wechatpay-Timestamp", "1528425296"),
        ("Wechatpay-Nonce", "EkHKD8QQKFhvQ6QleEB4J58t"),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Serial", serial),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn receive_at(account: &Account, headers: &[(String, String)], body: &[u8], now: Time) -> Result<Received, Refusal> {
    let request = Request {
        method: Method::Post,
        query: "",
        headers,
        body,
    };
    receive(account, &request, now)
}

#[test]
fn a_payment_is_verified_opened_and_understood_by_certificate_and_by_public_key() {
    for pem in [PUBLIC_KEY, CERTIFICATE] {
        let received = receive_at(&account(pem), &headers(SIGNATURE, SERIAL), BODY.as_bytes(), AT).unwrap();
        let Received::Message(message, reply) = received else {
            panic!("a notification asks nothing");
        };
        assert_eq!(
            (reply.status, message.source_id.as_str()),
            (200, "EV-2018022511223320873")
        );
        let meaning = meaning(&message).unwrap();
        assert_eq!(meaning.arrival.unwrap().external_id, "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");
        let activity = meaning.activity.unwrap();
        assert_eq!(activity.source_id, "1217752501201407033233368018");
        assert_eq!(activity.amount, Some((100, "CNY".to_owned())));
        assert_eq!(activity.attributes["attach"], "自定义数据");
    }
}

#[test]
fn the_platform_s_test_signatures_are_refused_and_counted_apart() {
    let probe = headers("WECHATPAY/SIGNTEST/ZOJDOJC1FYI", SERIAL);
    assert_eq!(
        receive_at(&account(PUBLIC_KEY), &probe, BODY.as_bytes(), AT),
        Err(Refusal::Probe)
    );
}

#[test]
fn what_is_stale_of_an_unknown_key_or_sealed_for_another_is_refused() {
    let right = headers(SIGNATURE, SERIAL);
    let late = Time::from_seconds(1_528_425_296 + 301);
    assert_eq!(
        receive_at(&account(PUBLIC_KEY), &right, BODY.as_bytes(), late),
        Err(Refusal::Stale)
    );
    let unknown = headers(SIGNATURE, "00");
    assert_eq!(
        receive_at(&account(PUBLIC_KEY), &unknown, BODY.as_bytes(), AT),
        Err(Refusal::BadSignature)
    );
    let mut other = account(PUBLIC_KEY);
    other.api_v3_keys.pop();
    assert_eq!(
        receive_at(&other, &right, BODY.as_bytes(), AT),
        Err(Refusal::BadSignature)
    );
    assert!(PlatformKey::new(SERIAL, "no key").is_none());
}

proptest! {
    #[test]
    fn any_flipped_bit_is_refused(at_byte in 0..BODY.len(), bit in 0..8_u8) {
        let mut body = BODY.as_bytes().to_vec();
        body[at_byte] ^= 1 << bit;
        let received = receive_at(&account(PUBLIC_KEY), &headers(SIGNATURE, SERIAL), &body, AT);
        prop_assert_eq!(received, Err(Refusal::BadSignature));
    }
}
