//! What platforms send, through the gateway to identity and tagging.

use serde_json::json;
use tests::brand::TMALL;

use crate::host::Host;
use crate::tenants::told_by_wecom;

#[tokio::test]
async fn what_wecom_sends_becomes_an_activity_of_a_member_once() {
    let host = Host::with_brand().await;
    let account = json!({
        "requestId": "account",
        "account": {"displayName": "WeCom", "protocol": "CHANNEL_PROTOCOL_WECOM", "channelCode": TMALL, "platformAccountId": "corp"},
        "secret": {"token": "token", "encodingAesKey": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"},
    });
    let account = host.rest().post("/v1/channel-accounts", &account).await;
    assert!(account.status.is_success(), "{}", account.text);
    assert!(
        !account.text.contains("jWmYm7qr5"),
        "a secret is never shown: {}",
        account.text
    );
    let path = account.json()["account"]["callbackPath"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let told = told_by_wecom(&host, &path).await;
        assert_eq!((told.status.as_u16(), told.text.as_str()), (200, ""));
    }
    host.settle().await;
    let found = format!("/v1/members:lookUp?kind=IDENTITY_KIND_EXTERNAL_ID&value=wo-1&channelCode={TMALL}");
    let member = host.rest().get(&found).await.json();
    let member = member["member"]["memberId"].as_str().unwrap();
    let done = host
        .rest()
        .get(&format!("/v1/members/{member}/activities"))
        .await
        .json();
    let done = done["activities"].as_array().unwrap();
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(done[0]["activityType"], "wecom_contact_added");
    host.stop().await;
}

#[tokio::test]
async fn what_is_too_long_or_for_nobody_comes_no_further_than_the_gateway() {
    let host = Host::start().await;
    let stranger = host.rest_as(None);
    let long = " ".repeat(10 * 1024 * 1024);
    let nobody = "/callbacks/wecom/tnt_00000000000000000000000000/cha_00000000000000000000000000";
    assert_eq!(stranger.post_text(nobody, &long).await.status.as_u16(), 413);
    assert_eq!(stranger.post_text(nobody, "x").await.status.as_u16(), 404);
    assert_eq!(stranger.post_text("/callbacks/wecom", "x").await.status.as_u16(), 404);
    let other = stranger.send("PUT", nobody, &json!({})).await;
    assert_eq!(other.status.as_u16(), 405);
    host.stop().await;
}
