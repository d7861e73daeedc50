//! A tenant sees and changes nothing of another's, by any method.

use std::collections::BTreeMap;

use channel_protocols::envelope::Secret;
use contracts_gateway::v1::CreateTenantRequest;
use contracts_points::v1::{CreateAdjustmentRequest, HoldPointsRequest};
use kernel::Clock;
use prost_reflect::MethodDescriptor;
use rpc::Access;
use serde_json::{Value, json};
use tests::brand::{GOOD_BUYERS, JOURNEY, MINI, ORDERS_30D, POINTS, THANKS, TMALL};
use tests::story::{self, Order};
use tests::{Answer, Rest};

use crate::contracts_promise::http_address;
use crate::host::Host;

/// What the first tenant has, by the names of the contracts' fields.
pub(crate) type Known = BTreeMap<&'static str, String>;

/// A brand with a member who has one of everything.
async fn with_everything() -> (Host, Known) {
    filled_with_everything(Host::start().await).await
}

/// The same on a new platform.
pub(crate) async fn filled_with_everything(host: Host) -> (Host, Known) {
    host.found_brand().await;
    let member = story::arrive(&host.api, TMALL, "tb-1", Some("13800000001"))
        .await
        .unwrap();
    let order = Order {
        channel: TMALL,
        external_id: "tb-1",
        number: "order-1",
        time: host.now(),
        yuan: 300,
    };
    order.pay(&host.api).await.unwrap();
    host.settle().await;
    let coupon = story::coupons(&host.api, &member).await.remove(0).coupon_id;
    let entry = story::entries(&host.api, &member, POINTS).await.remove(0).entry_id;
    let hold = HoldPointsRequest {
        request_id: "hold".to_owned(),
        member_id: member.clone(),
        asset_code: POINTS.to_owned(),
        amount: 1,
        ..HoldPointsRequest::default()
    };
    let hold = host
        .api
        .holds()
        .hold_points(hold)
        .await
        .unwrap()
        .into_inner()
        .hold
        .unwrap();
    let adjustment = CreateAdjustmentRequest {
        request_id: "adjustment".to_owned(),
        member_id: member.clone(),
        asset_code: POINTS.to_owned(),
        amount: 1,
        reason_code: "recovery".to_owned(),
        note: String::new(),
        cost_centre: String::new(),
    };
    let adjustment = host.api.adjustments().create_adjustment(adjustment).await.unwrap();
    let adjustment = adjustment.into_inner().adjustment.unwrap();
    let draft = json!({"requestId": "draft"});
    let drafted = host.rest().post("/v1/earning-rules/points_order/draft", &draft).await;
    assert!(drafted.status.is_success(), "{}", drafted.text);
    let pool = json!({"requestId": "pool", "assetCode": POINTS, "ownerMemberId": member, "redeemPolicy": "POOL_REDEEM_POLICY_OWNER"});
    let pooled = host.rest().post("/v1/pools", &pool).await;
    assert!(pooled.status.is_success(), "{}", pooled.text);
    let blocked = json!({"requestId": "blocked", "blockedValue": {"value": "walk-in"}});
    let blocked = host.rest().post("/v1/blocked-values", &blocked).await;
    assert!(blocked.status.is_success(), "{}", blocked.text);
    let channels = things_of_channels(&host).await;
    let runs = host
        .rest()
        .get(&format!("/v1/members/{member}/journey-runs"))
        .await
        .json();
    let keys = host.rest().get("/v1/api-keys").await.json();
    let known = BTreeMap::from([
        ("member_id", member.clone()),
        ("other_member_id", member),
        ("coupon_id", coupon),
        ("entry_id", entry),
        ("hold_id", hold.hold_id),
        ("adjustment_id", adjustment.adjustment_id),
        ("pool_id", pooled.json()["pool"]["poolId"].as_str().unwrap().to_owned()),
        (
            "blocked_value_id",
            blocked.json()["blockedValue"]["blockedValueId"]
                .as_str()
                .unwrap()
                .to_owned(),
        ),
        ("run_id", runs["runs"][0]["runId"].as_str().unwrap().to_owned()),
        (
            "api_key_id",
            keys["apiKeys"][0]["apiKeyId"].as_str().unwrap().to_owned(),
        ),
        ("channel_code", TMALL.to_owned()),
        ("asset_code", POINTS.to_owned()),
        ("tag_code", ORDERS_30D.to_owned()),
        ("segment_code", GOOD_BUYERS.to_owned()),
        ("journey_code", JOURNEY.to_owned()),
        ("journey.code", JOURNEY.to_owned()),
        ("template_code", THANKS.to_owned()),
        ("version", "1".to_owned()),
        ("external_id", "tb-1".to_owned()),
        ("rule_code", "points_order".to_owned()),
    ]);
    let known = known.into_iter().chain(channels).collect();
    (host, known)
}

/// A webhook, an account at a platform, and what it has told.
async fn things_of_channels(host: &Host) -> [(&'static str, String); 5] {
    let webhook = json!({"requestId": "webhook", "subscription": {"displayName": "CRM", "targetUrl": "https://crm.example.com/quanyu", "factTypes": ["points.earned"]}});
    let webhook = host.rest().post("/v1/webhook-subscriptions", &webhook).await;
    assert!(webhook.status.is_success(), "{}", webhook.text);
    let subscription = webhook.json()["subscription"]["subscriptionId"]
        .as_str()
        .unwrap()
        .to_owned();
    let account = json!({
        "requestId": "account",
        "account": {"displayName": "WeCom", "protocol": "CHANNEL_PROTOCOL_WECOM", "channelCode": TMALL, "platformAccountId": "corp"},
        "secret": {"token": "token", "encodingAesKey": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"},
    });
    let account = host.rest().post("/v1/channel-accounts", &account).await;
    assert!(account.status.is_success(), "{}", account.text);
    let account = account.json()["account"].clone();
    let told = told_by_wecom(host, account["callbackPath"].as_str().unwrap()).await;
    assert_eq!(told.status, 200, "{}", told.text);
    host.settle().await;
    let account = account["accountId"].as_str().unwrap().to_owned();
    let messages = host
        .rest()
        .get(&format!("/v1/channel-accounts/{account}/messages"))
        .await;
    let message = messages.json()["messages"][0]["messageId"].as_str().unwrap().to_owned();
    [
        ("account_id", account.clone()),
        ("account.account_id", account),
        ("message_id", message),
        ("subscription_id", subscription.clone()),
        ("subscription.subscription_id", subscription),
    ]
}

/// A customer is added, as WeCom tells it.
pub(crate) async fn told_by_wecom(host: &Host, callback_path: &str) -> Answer {
    let secret = Secret::new("token", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
    let time = (host.now().micros() / 1_000_000).to_string();
    let event = format!(
        "<xml><FromUserName>sys</FromUserName><CreateTime>{time}</CreateTime><MsgType>event</MsgType>\
         <Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType>\
         <UserID>zhangsan</UserID><ExternalUserID>wo-1</ExternalUserID></xml>"
    );
    let sealed = secret.seal(event.as_bytes(), "corp", [7; 16]).unwrap();
    let signature = secret.sign(&time, "n", &sealed);
    let path = format!("{callback_path}?msg_signature={signature}&timestamp={time}&nonce=n");
    let body = format!("<xml><ToUserName>corp</ToUserName><Encrypt>{sealed}</Encrypt></xml>");
    host.rest_as(None).post_text(&path, &body).await
}

/// A second brand on the same platform.
pub(crate) async fn other_tenant(host: &Host) -> Rest {
    let request = CreateTenantRequest {
        request_id: "other".to_owned(),
        code: "other".to_owned(),
        display_name: "Another brand".to_owned(),
        ..CreateTenantRequest::default()
    };
    let answer = host.api.tenants().create_tenant(request).await.unwrap().into_inner();
    host.rest_as(Some(&answer.secret))
}

/// The addresses that only read.
fn reads() -> Vec<String> {
    addresses(true).into_iter().map(|(_, path, _)| path).collect()
}

pub(crate) fn addresses(read_only: bool) -> Vec<(String, String, MethodDescriptor)> {
    let methods = contracts_all::CONTRACT.methods().unwrap().iter();
    let wanted = methods.filter(|method| method.read_only == read_only && method.access != Access::Internal);
    let mut addresses: Vec<_> = wanted
        .map(|method| {
            let (verb, path) = http_address(&method.descriptor).unwrap();
            let path = path + query(method.descriptor.name());
            (verb.to_uppercase(), path, method.descriptor.clone())
        })
        .filter(|(verb, _, _)| !read_only || verb == "GET")
        .collect();
    addresses.sort_by(|a, b| a.1.cmp(&b.1));
    addresses
}

/// What a method must be told besides its path.
fn query(method: &str) -> &'static str {
    match method {
        "LookUpMember" => "?kind=IDENTITY_KIND_EXTERNAL_ID&channelCode={channel_code}&value={external_id}",
        "ExplainEarning" => "?memberId={member_id}&sourceId=order-1",
        "ListEntries" | "ListLots" | "ListHolds" => "?assetCode={asset_code}",
        "GetBalanceAsOf" => "?asOfTime=2020-01-01T00:00:00Z",
        "StreamFacts" => "?untilNow=true",
        "ListSettlements" => "?startMonth=2026-01",
        _ => "",
    }
}

/// A path with its variables replaced by what is known.
pub(crate) fn fill(path: &str, known: &Known) -> String {
    let mut filled = String::new();
    for part in path.split('{') {
        let Some((variable, rest)) = part.split_once('}') else {
            filled.push_str(part);
            continue;
        };
        // Two nouns call their id no more than a code.
        let variable = match variable {
            "code" if filled.ends_with("/earning-rules/") => "rule_code",
            "code" => "asset_code",
            variable => variable,
        };
        let value = known.get(variable);
        filled.extend([
            value.unwrap_or_else(|| panic!("nothing is known of {variable} in {path}")),
            rest,
        ]);
    }
    filled
}

/// Ids of the same kinds that were never given.
pub(crate) fn strangers(known: &Known) -> Known {
    let clock = Clock::system();
    let stranger = |(&name, value): (&&'static str, &String)| {
        let prefix = value.split_once('_').map(|(prefix, _)| prefix);
        let is_id = matches!(
            prefix,
            Some("mbr" | "cpn" | "ent" | "hld" | "adj" | "jrn" | "key" | "pol" | "blk")
        );
        let new = match prefix {
            Some(prefix) if is_id => with_prefix(prefix, &clock),
            _ if name == "version" => "1".to_owned(),
            _ => "never_was".to_owned(),
        };
        (name, new)
    };
    known.iter().map(stranger).collect()
}

fn with_prefix(prefix: &str, clock: &Clock) -> String {
    let any = kernel::Tenant::from_uuid(clock.uuid()).to_string();
    any.replacen("tnt", prefix, 1)
}

/// What was answered, without the ids that were asked for.
fn anonymous(answer: &Answer, asked: [&Known; 2]) -> (http::StatusCode, Value) {
    let values = asked.iter().flat_map(|known| known.values());
    let mut values: Vec<&String> = values.filter(|value| value.len() > 1).collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    let text = values
        .into_iter()
        .fold(answer.text.clone(), |text, value| text.replace(value.as_str(), "..."));
    (answer.status, serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn what_another_tenant_has_looks_like_what_never_was() {
    let (host, known) = with_everything().await;
    let other = other_tenant(&host).await;
    let strangers = strangers(&known);
    let mut seen = 0;
    for path in reads() {
        let own = host.rest().get(&fill(&path, &known)).await;
        assert!(own.status.is_success(), "{path}: {}", own.text);
        let theirs = other.get(&fill(&path, &known)).await;
        if !path.contains('{') {
            // A list of everything, or a sum: theirs is an empty one, and never tells what the first tenant has.
            for value in known
                .values()
                .filter(|value| value.len() > 3 && !value.starts_with("points"))
            {
                assert!(
                    !theirs.text.contains(value.as_str()),
                    "{path} tells {value}: {}",
                    theirs.text
                );
            }
            continue;
        }
        let never = other.get(&fill(&path, &strangers)).await;
        let asked = [&known, &strangers];
        assert_eq!(anonymous(&theirs, asked), anonymous(&never, asked), "{path}");
        seen += 1;
    }
    assert!(seen > 20, "only {seen} methods were asked");
    host.stop().await;
}

/// Bodies that would change something, were the ids one's own.
pub(crate) fn bodies(known: &Known) -> BTreeMap<&'static str, Value> {
    let member = &known["member_id"];
    let mut bodies = BTreeMap::from([
        ("DeleteBlockedValue", json!({})),
        ("MergeMembers", json!({"memberId": member, "otherMemberId": member})),
        ("UndoMerge", json!({})),
        (
            "UpdateMember",
            json!({"profile": {"name": "Mallory"}, "updateMask": "name"}),
        ),
        (
            "LinkIdentity",
            json!({"evidence": {"kind": "IDENTITY_KIND_CARD_NUMBER", "value": "c-1", "proof": "PROOF_OPERATOR"}}),
        ),
        (
            "UnlinkIdentity",
            json!({"identityId": member.replacen("mbr", "idn", 1)}),
        ),
        (
            "UpdateChannel",
            json!({"displayName": "Mallory", "updateMask": "displayName"}),
        ),
        (
            "UpdateAsset",
            json!({"asset": {"displayName": "Mallory"}, "updateMask": "displayName"}),
        ),
        (
            "UpdateEarningRule",
            json!({"earningRule": {"state": "EARNING_RULE_STATE_ARCHIVED"}, "updateMask": "state"}),
        ),
        ("CreateEarningRuleDraft", json!({})),
        (
            "UpdateEarningRuleDraft",
            json!({"earningRule": {"displayName": "Mallory"}, "updateMask": "displayName"}),
        ),
        ("DiscardEarningRuleDraft", json!({})),
        ("ActivateEarningRuleDraft", json!({})),
        ("EarnPoints", json!({"assetCode": POINTS, "amount": "1000000"})),
        ("RedeemPoints", json!({"assetCode": POINTS, "amount": "1"})),
        ("HoldPoints", json!({"assetCode": POINTS, "amount": "1"})),
        (
            "TransferPoints",
            json!({"toMemberId": member, "assetCode": POINTS, "amount": "1"}),
        ),
        (
            "CreateAdjustment",
            json!({"assetCode": POINTS, "amount": "-1", "reasonCode": "theft"}),
        ),
        ("ConfirmPending", json!({"assetCode": POINTS, "reference": "o-1"})),
        ("CancelPending", json!({"assetCode": POINTS, "reference": "o-1"})),
        ("ApproveAdjustment", json!({})),
        ("RejectAdjustment", json!({})),
        ("CaptureHold", json!({})),
        ("ReleaseHold", json!({})),
        ("ReversePoints", json!({"entryId": known["entry_id"], "amount": "1"})),
        ("FreezeAccount", json!({"reason": "Mallory"})),
        ("UnfreezeAccount", json!({"reason": "Mallory"})),
        (
            "UpdateTag",
            json!({"displayName": "Mallory", "updateMask": "displayName"}),
        ),
        (
            "AssignTags",
            json!({"assignments": [{"tagCode": ORDERS_30D, "value": {"intValue": "9"}}]}),
        ),
        ("RemoveTag", json!({})),
        (
            "UpdateSegment",
            json!({"displayName": "Mallory", "updateMask": "displayName"}),
        ),
        (
            "UpdateCouponTemplate",
            json!({"template": {"name": "Mallory"}, "updateMask": "name", "etag": "1"}),
        ),
        ("IssueCoupons", json!({"items": [{"memberId": member}]})),
        ("LockCoupon", json!({"orderId": "o-1", "lockSeconds": 600})),
        (
            "RedeemCoupon",
            json!({"orderId": "o-1", "orderAmount": {"currencyCode": "CNY", "minorUnits": "9900"}}),
        ),
        ("ReleaseCoupon", json!({"orderId": "o-1"})),
        ("ReturnCoupon", json!({"orderId": "o-1"})),
        (
            "UpdateJourney",
            json!({"journey": {"code": JOURNEY, "displayName": "Mallory"}, "updateMask": "displayName"}),
        ),
        ("PublishJourney", json!({})),
        ("ArchiveJourney", json!({})),
        (
            "UpdateApiKey",
            json!({"displayName": "Mallory", "updateMask": "displayName"}),
        ),
        ("RotateApiKey", json!({})),
        ("RevokeApiKey", json!({})),
    ]);
    bodies.extend(pool_bodies(known));
    bodies.extend(channels_bodies());
    bodies
}

fn channels_bodies() -> [(&'static str, Value); 7] {
    [
        (
            "UpdateWebhookSubscription",
            json!({"subscription": {"displayName": "Mallory"}, "updateMask": "displayName"}),
        ),
        (
            "UpdateChannelAccount",
            json!({"account": {"displayName": "Mallory"}, "updateMask": "displayName"}),
        ),
        (
            "RotateChannelSecret",
            json!({"secret": {"token": "t", "encodingAesKey": "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"}}),
        ),
        ("ReplayChannelMessages", json!({})),
        ("DeleteWebhookSubscription", json!({})),
        ("SendTestDelivery", json!({})),
        ("RotateWebhookSecret", json!({})),
    ]
}

/// Those of pools.
fn pool_bodies(known: &Known) -> [(&'static str, Value); 9] {
    let member = &known["member_id"];
    [
        (
            "UpdatePool",
            json!({"pool": {"displayName": "Mallory"}, "updateMask": "displayName"}),
        ),
        ("InvitePoolMember", json!({"memberId": member})),
        ("JoinPool", json!({"memberId": member})),
        ("RemovePoolMember", json!({"memberId": member})),
        ("ContributePoints", json!({"memberId": member, "amount": "1"})),
        ("RedeemPoolPoints", json!({"memberId": member, "amount": "1"})),
        ("HoldPoolPoints", json!({"memberId": member, "amount": "1"})),
        ("ReversePoolPoints", json!({"entryId": known["entry_id"]})),
        ("DissolvePool", json!({})),
    ]
}

#[tokio::test]
async fn no_method_of_another_tenant_changes_anything() {
    let (host, known) = with_everything().await;
    let other = other_tenant(&host).await;
    let bodies = bodies(&known);
    let before = everything(&host, &known).await;
    let mut tried = 0;
    for (verb, path, method) in addresses(false) {
        if !path.contains('{') && method.name() != "MergeMembers" {
            // Creates something of the caller's own.
            continue;
        }
        let mut body = bodies
            .get(method.name())
            .unwrap_or_else(|| panic!("a body is needed for {}", method.name()))
            .clone();
        body["requestId"] = json!(format!("foreign-{}", method.name()));
        let answer = other.send(&verb, &fill(&path, &known), &body).await;
        // It may be refused, or change something of the caller's own that has the same name.
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.text);
        assert_ne!(
            answer.reason(),
            "INVALID_FIELD",
            "the body of {path} is none: {}",
            answer.text
        );
        tried += 1;
    }
    assert_eq!(tried, bodies.len());
    host.settle().await;
    for (path, after) in everything(&host, &known).await {
        assert_eq!(values(&before[&path]), values(&after), "{path}");
    }
    host.stop().await;
}

/// What an answer says; of a stream each line.
fn values(answer: &Answer) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(&answer.text).into_iter();
    values.map(Result::unwrap).collect()
}

/// All that the first tenant reads of its own.
async fn everything(host: &Host, known: &Known) -> BTreeMap<String, Answer> {
    let rest = host.rest();
    let mut all = BTreeMap::new();
    // How far the ledger's proof has come changes by itself.
    for path in reads().into_iter().filter(|path| path != "/v1/reconciliation") {
        let path = fill(&path, known);
        let answer = rest.get(&path).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        all.insert(path, answer);
    }
    all
}

#[tokio::test]
async fn a_request_id_is_each_tenant_s_own() {
    let host = Host::start().await;
    let other = other_tenant(&host).await;
    let body = |name: &str| {
        let channel =
            json!({"channelCode": MINI, "kind": "CHANNEL_KIND_WECHAT_MINI", "displayName": name, "trustRank": 100});
        json!({"requestId": "same", "channel": channel})
    };
    for (rest, name) in [(host.rest(), "Ours"), (other, "Theirs")] {
        let answer = rest.post("/v1/channels", &body(name)).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let read = rest.get(&format!("/v1/channels/{MINI}")).await.json();
        assert_eq!(read["channel"]["displayName"], json!(name));
    }
    host.stop().await;
}
