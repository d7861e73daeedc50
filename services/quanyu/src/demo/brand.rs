//! The brand of the demo: what an operator would set up before the first member comes.

mod journey;
mod rights;
mod tagging;

use contracts_gateway::v1::CreateTenantRequest;
use contracts_identity::v1::{Channel, ChannelKind, CreateChannelRequest};
use contracts_points::v1::expiry_policy::Rule;
use contracts_points::v1::{
    Asset, AssetKind, CreateAssetRequest, CreateEarningRuleRequest, EarningRule, EarningRuleState, ExpireAfterDays,
    ExpireNever, ExpiryPolicy,
};
use fault::Fault;

use super::people::Shop;
use crate::api::{Api, patiently};

pub(super) use self::journey::{JOURNEY, NODES};
pub(super) use self::rights::COUPONS;

/// What the data is in.
pub(super) const CURRENCY: &str = "USD";
/// What members spend.
pub(super) const POINTS: &str = "points";
/// What lifts them on the ladder.
pub(super) const GROWTH: &str = "growth";
/// How long points live.
const POINTS_DAYS: i32 = 365;
/// Days are counted in Beijing.
const UTC_OFFSET_MINUTES: i32 = 480;

/// Creates the brand with a key of its own, and sets up everything that the replay needs. Answers the key.
pub(super) async fn create(address: &str, operator_key: &str) -> Result<String, Fault> {
    let request = CreateTenantRequest {
        request_id: "demo-brand".to_owned(),
        code: "demo".to_owned(),
        display_name: "The demo's record shop".to_owned(),
        ..CreateTenantRequest::default()
    };
    let operator = Api::new(address, operator_key)?;
    let key = patiently(async || operator.tenants().create_tenant(request.clone()).await)
        .await?
        .secret;
    let api = Api::new(address, &key)?;
    create_channels(&api).await?;
    create_assets(&api).await?;
    rights::create(&api).await?;
    create_rules(&api).await?;
    tagging::create(&api).await?;
    journey::create(&api).await?;
    Ok(key)
}

async fn create_channels(api: &Api) -> Result<(), Fault> {
    for (shop, trust_rank) in Shop::ALL.into_iter().zip([3, 2, 1]) {
        let (kind, union_code) = match shop {
            Shop::Tmall => (ChannelKind::Tmall, ""),
            Shop::WechatMini => (ChannelKind::WechatMini, "wechat"),
            Shop::Pos => (ChannelKind::Pos, ""),
        };
        let channel = Channel {
            channel_code: shop.code().to_owned(),
            kind: kind.into(),
            display_name: shop.name().to_owned(),
            account: String::new(),
            union_code: union_code.to_owned(),
            trust_rank,
            create_time: None,
            etag: String::new(),
        };
        let request = CreateChannelRequest {
            request_id: format!("channel-{}", shop.code()),
            channel: Some(channel),
        };
        patiently(async || api.channels().create_channel(request.clone()).await).await?;
    }
    Ok(())
}

async fn create_assets(api: &Api) -> Result<(), Fault> {
    let after_days = Rule::AfterDays(ExpireAfterDays { days: POINTS_DAYS });
    let assets = [
        (POINTS, AssetKind::Points, "Points", after_days),
        (GROWTH, AssetKind::Growth, "Growth value", Rule::Never(ExpireNever {})),
    ];
    for (code, kind, name, rule) in assets {
        let asset = Asset {
            kind: kind.into(),
            display_name: name.to_owned(),
            expiry_policy: Some(ExpiryPolicy { rule: Some(rule) }),
            utc_offset_minutes: UTC_OFFSET_MINUTES,
            ..Asset::default()
        };
        let request = CreateAssetRequest {
            request_id: format!("asset-{code}"),
            code: code.to_owned(),
            asset: Some(asset),
        };
        patiently(async || api.assets().create_asset(request.clone()).await).await?;
    }
    Ok(())
}

/// What an order earns. Amounts are in cents, points are whole.
async fn create_rules(api: &Api) -> Result<(), Fault> {
    let rules = [
        (
            "points_order",
            "1 point for a dollar",
            POINTS,
            "",
            "activity.amount / 100",
            None,
        ),
        (
            "points_tier",
            "Silver +20 %, gold +50 %, diamond twice as much",
            POINTS,
            "member.tier == 'silver' || member.tier == 'gold' || member.tier == 'diamond'",
            "member.tier == 'diamond' ? activity.amount / 100 : \
             member.tier == 'gold' ? activity.amount / 200 : activity.amount / 500",
            None,
        ),
        (
            "points_mini",
            "10 % more in the mini program",
            POINTS,
            "",
            "activity.amount / 1000",
            Some(Shop::WechatMini),
        ),
        (
            "growth_order",
            "1 growth value for a dollar",
            GROWTH,
            "",
            "activity.amount / 100",
            None,
        ),
    ];
    for (code, name, asset_code, condition, formula, shop) in rules {
        let rule = EarningRule {
            display_name: name.to_owned(),
            state: EarningRuleState::Active.into(),
            asset_code: asset_code.to_owned(),
            activity_types: vec!["order_paid".to_owned()],
            channel_codes: shop.into_iter().map(|shop| shop.code().to_owned()).collect(),
            condition: condition.to_owned(),
            amount_formula: formula.to_owned(),
            currency_code: CURRENCY.to_owned(),
            ..EarningRule::default()
        };
        let request = CreateEarningRuleRequest {
            request_id: format!("rule-{code}"),
            code: code.to_owned(),
            earning_rule: Some(rule),
        };
        patiently(async || api.earning_rules().create_earning_rule(request.clone()).await).await?;
    }
    Ok(())
}
