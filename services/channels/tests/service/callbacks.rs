//! What platforms send: taken by its signature alone, kept once, answered at once and handed on.

use std::time::Duration;

use contracts_channels::v1::*;

use crate::brand::{refusal, wrong_fields};
use crate::senders::{KEY, NEW_KEY, contact, corporation, enveloped, signing, stage};

const ALL: ChannelMessageState = ChannelMessageState::Unspecified;

#[tokio::test]
async fn a_customer_of_wecom_arrives_and_has_done_something_once_however_often_it_is_told() {
    let stage = stage().await;
    let account = stage.create(corporation()).await.unwrap();
    assert!(account.callback_path.starts_with("/callbacks/wecom/"), "{account:?}");
    let told = contact("add_external_contact", "wo1", stage.now());
    for _ in 0..3 {
        assert_eq!(stage.push(&account, ("QDG6eK", KEY), &told).await, 200);
    }
    stage.harness.settle().await;
    let kept = stage.listed(&account, ALL).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].state(), ChannelMessageState::HandedOn);
    assert!(
        kept[0].content.contains("zhangsan"),
        "nothing is lost: {}",
        kept[0].content
    );
    let world = stage.world.state();
    assert_eq!(world.links.len(), 1);
    let activity = world.activities.values().next().unwrap();
    assert_eq!(activity.activity_type, "wecom_contact_added");
    assert_eq!(
        (activity.channel_code.as_str(), activity.external_id.as_str()),
        ("shop", "wo1")
    );
}

#[tokio::test]
async fn the_address_is_checked_by_the_published_vector() {
    let stage = stage().await;
    let account = stage.create(corporation()).await.unwrap();
    let query = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780\
        &echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
    let check = ReceiveCallbackRequest {
        method: "GET".to_owned(),
        query: query.to_owned(),
        ..ReceiveCallbackRequest::default()
    };
    let answer = stage.send(&account, check).await;
    assert_eq!(answer.status, 401, "the vector is of 2014, and the clock of today");
    assert!(stage.refused("stale"));
}

#[tokio::test]
async fn of_what_is_not_true_nothing_is_kept_but_the_count() {
    let stage = stage().await;
    let account = stage.create(corporation()).await.unwrap();
    let told = contact("add_external_contact", "wo1", stage.now());
    assert_eq!(stage.push(&account, ("another token", KEY), &told).await, 401);
    assert!(stage.refused("bad_signature"));
    let bomb = ReceiveCallbackRequest {
        query: format!("msg_signature=00&timestamp={}&nonce=n", stage.now()),
        body: b"<!DOCTYPE a [<!ENTITY b \"b\">]><xml><Encrypt>&b;</Encrypt></xml>".to_vec(),
        ..ReceiveCallbackRequest::default()
    };
    assert_eq!(stage.send(&account, bomb).await.status, 400);
    assert!(stage.refused("document_type"));
    let elsewhere = ChannelAccount {
        callback_path: account.callback_path.replace("wecom", "wechat"),
        ..account.clone()
    };
    assert_eq!(stage.push(&elsewhere, ("QDG6eK", KEY), &told).await, 404);
    assert!(stage.refused("unknown_account"));
    stage.harness.settle().await;
    assert!(stage.listed(&account, ALL).await.is_empty());
    assert_eq!(stage.world.state().calls, 0);
}

#[tokio::test]
async fn a_message_is_answered_while_peers_are_away_and_handed_on_when_they_are_back() {
    let stage = stage().await;
    let account = stage.create(corporation()).await.unwrap();
    stage.world.state().is_away = true;
    let told = contact("add_external_contact", "wo1", stage.now());
    assert_eq!(stage.push(&account, ("QDG6eK", KEY), &told).await, 200);
    assert_eq!(stage.listed(&account, ChannelMessageState::Received).await.len(), 1);
    stage.world.state().is_away = false;
    stage.harness.settle().await;
    assert_eq!(stage.listed(&account, ChannelMessageState::HandedOn).await.len(), 1);
    assert_eq!(stage.world.state().activities.len(), 1);
}

#[tokio::test]
async fn what_a_peer_refuses_is_kept_with_the_reason_and_handed_on_once_that_is_mended() {
    let stage = stage().await;
    let account = stage.create(corporation()).await.unwrap();
    stage.world.state().refuses = true;
    stage
        .push(
            &account,
            ("QDG6eK", KEY),
            &contact("add_external_contact", "wo1", stage.now()),
        )
        .await;
    stage.harness.settle().await;
    let refused = stage.listed(&account, ChannelMessageState::Refused).await;
    assert!(refused[0].problem.starts_with("identity:"), "{refused:?}");
    stage.world.state().refuses = false;
    let replay = ReplayChannelMessagesRequest {
        request_id: "replay".to_owned(),
        account_id: account.account_id.clone(),
        message_ids: vec![refused[0].message_id.clone()],
    };
    for _ in 0..2 {
        let replayed = stage.messages().replay_channel_messages(replay.clone()).await.unwrap();
        assert_eq!(replayed.into_inner().replayed_count, 1);
    }
    stage.harness.settle().await;
    assert_eq!(stage.listed(&account, ChannelMessageState::HandedOn).await.len(), 1);
}

#[tokio::test]
async fn while_secrets_rotate_two_are_taken_and_none_is_ever_shown() {
    let stage = stage().await;
    let account = stage.create(corporation()).await.unwrap();
    let rotate = RotateChannelSecretRequest {
        request_id: "rotate".to_owned(),
        account_id: account.account_id.clone(),
        secret: Some(enveloped("another", NEW_KEY)),
        overlap: None,
    };
    let rotated = stage
        .accounts()
        .rotate_channel_secret(rotate)
        .await
        .unwrap()
        .into_inner();
    let shown = format!("{rotated:?}");
    assert!(
        !shown.contains(KEY) && !shown.contains(NEW_KEY) && !shown.contains("QDG6eK"),
        "{shown}"
    );
    assert_eq!(rotated.account.unwrap().secrets.len(), 2);
    let told = |id: &str| contact("add_external_contact", id, stage.now());
    assert_eq!(stage.push(&account, ("QDG6eK", KEY), &told("wo1")).await, 200);
    assert_eq!(stage.push(&account, ("another", NEW_KEY), &told("wo2")).await, 200);
    stage.harness.clock.advance(Duration::from_hours(24));
    assert_eq!(stage.push(&account, ("QDG6eK", KEY), &told("wo3")).await, 401);
    assert_eq!(stage.push(&account, ("another", NEW_KEY), &told("wo3")).await, 200);
}

#[tokio::test]
async fn a_disabled_account_takes_nothing() {
    let stage = stage().await;
    let account = stage.create(corporation()).await.unwrap();
    let disable = UpdateChannelAccountRequest {
        request_id: "disable".to_owned(),
        account: Some(ChannelAccount {
            state: ChannelAccountState::Disabled.into(),
            ..account.clone()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["state".to_owned()],
        }),
    };
    let disabled = stage
        .accounts()
        .update_channel_account(disable)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(disabled.account.unwrap().state(), ChannelAccountState::Disabled);
    let told = contact("add_external_contact", "wo1", stage.now());
    assert_eq!(stage.push(&account, ("QDG6eK", KEY), &told).await, 404);
}

fn sender(condition: &str) -> (ChannelAccount, ChannelSecretValue) {
    let field = |name: &str, pointer: &str, kind: MappedFieldKind| MappedField {
        name: name.to_owned(),
        pointer: pointer.to_owned(),
        kind: kind.into(),
    };
    let account = ChannelAccount {
        display_name: "Till of the dealer".to_owned(),
        protocol: ChannelProtocol::Webhook.into(),
        channel_code: "shop".to_owned(),
        signature: Some(WebhookSignature {
            header: "x-signature".to_owned(),
            prefix: "sha256=".to_owned(),
            ..WebhookSignature::default()
        }),
        mapping: Some(MessageMapping {
            fields: vec![
                field("type", "/type", MappedFieldKind::Text),
                field("buyer", "/buyer", MappedFieldKind::Text),
                field("total", "/total", MappedFieldKind::Hundredths),
            ],
            rules: vec![MappingRule {
                condition: condition.to_owned(),
                external_id: "buyer".to_owned(),
                activity_type: "order_paid".to_owned(),
                amount: "total".to_owned(),
                currency_code: "\"CNY\"".to_owned(),
                ..MappingRule::default()
            }],
        }),
        ..ChannelAccount::default()
    };
    (account, signing("a secret of the dealer"))
}

/// `{"type":"sale","buyer":"b1","total":"12.50"}` under "a secret of the dealer", by another program.
const SALE: &str = r#"{"type":"sale","buyer":"b1","total":"12.50"}"#;
const SALE_SIGNATURE: &str = "sha256=01d7a309b21ef33dd2da458ce003569eae6f3cd3f44b582fdf3dc2b0c51933f5";

#[tokio::test]
async fn what_a_mapping_does_not_understand_is_kept_and_handed_on_once_it_is_mended() {
    let stage = stage().await;
    let account = stage.create(sender("type == \"order\"")).await.unwrap();
    let sale = ReceiveCallbackRequest {
        headers: vec![HttpHeader {
            name: "X-Signature".to_owned(),
            value: SALE_SIGNATURE.to_owned(),
        }],
        body: SALE.as_bytes().to_vec(),
        ..ReceiveCallbackRequest::default()
    };
    assert_eq!(stage.send(&account, sale).await.status, 200);
    stage.harness.settle().await;
    let kept = stage.listed(&account, ChannelMessageState::NotUnderstood).await;
    assert!(kept[0].problem.contains("no rule"), "{kept:?}");
    let (mended, _) = sender("type == \"sale\"");
    let mend = UpdateChannelAccountRequest {
        request_id: "mend".to_owned(),
        account: Some(ChannelAccount {
            account_id: account.account_id.clone(),
            ..mended
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["mapping".to_owned()],
        }),
    };
    stage.accounts().update_channel_account(mend).await.unwrap();
    let replay = ReplayChannelMessagesRequest {
        request_id: "replay".to_owned(),
        account_id: account.account_id.clone(),
        message_ids: Vec::new(),
    };
    let replayed = stage
        .messages()
        .replay_channel_messages(replay)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(replayed.replayed_count, 1);
    stage.harness.settle().await;
    let activity = stage.world.state().activities.values().next().unwrap().clone();
    assert_eq!(activity.amount.unwrap().minor_units, 1_250);
    assert_eq!(stage.listed(&account, ChannelMessageState::HandedOn).await.len(), 1);
}

#[tokio::test]
async fn all_that_is_wrong_with_an_account_is_told_at_once() {
    let stage = stage().await;
    let (account, _) = sender("nothing == 1");
    let wrong = ChannelAccount {
        display_name: String::new(),
        channel_code: String::new(),
        ..account
    };
    let fields = wrong_fields(stage.create((wrong, signing(""))).await);
    for field in [
        "account.channel_code",
        "account.display_name",
        "account.mapping.rules[0].condition",
        "secret.signing_secret",
    ] {
        assert!(
            fields.iter().any(|known| known == field),
            "{field} is not in {fields:?}"
        );
    }
}

#[tokio::test]
async fn a_tenant_has_no_more_accounts_than_it_can_have() {
    let stage = stage().await;
    let (account, secret) = corporation();
    let numbered = |number: i32| ChannelAccount {
        display_name: format!("account {number}"),
        ..account.clone()
    };
    for number in 0..100 {
        stage.create((numbered(number), secret.clone())).await.unwrap();
    }
    let refused = refusal(stage.create((numbered(100), secret)).await);
    assert_eq!(refused.reason, "CHANNEL_ACCOUNTS_EXHAUSTED");
    assert_eq!(refused.metadata.get("accounts_max").unwrap(), "100");
}
