//! A till that knows its customers: it recognises a member, grants points for a purchase, and lets points pay for the next
//! one. Each request id follows from what it is for, so the till may lose its power at any line and begin again.

use quanyu_sdk::identity::{Arrival, Channel, ChannelKind, CreateChannelRequest, ResolveMemberRequest};
use quanyu_sdk::points::expiry_policy::Rule;
use quanyu_sdk::points::{
    Asset, AssetKind, CaptureHoldRequest, CreateAssetRequest, EarnPointsRequest, Entry, ExpireAfterDays, ExpiryPolicy,
    GetBalanceRequest, Hold, HoldPointsRequest,
};
use quanyu_sdk::{Client, Error};

const CHANNEL: &str = "till";
const ASSET: &str = "till_points";
/// For how long points stay aside while the customer looks for the phone.
const HOLD_SECONDS: i32 = 300;

/// Makes the channel and the points, once; the second time the platform answers as it did the first time.
pub async fn set_up(client: &Client) -> Result<(), Error> {
    let request = CreateChannelRequest {
        request_id: format!("channel-{CHANNEL}"),
        channel: Some(Channel {
            channel_code: CHANNEL.to_owned(),
            kind: ChannelKind::Pos.into(),
            display_name: "Till".to_owned(),
            trust_rank: 100,
            ..Channel::default()
        }),
    };
    client.channels().create_channel(request).await?;
    let request = CreateAssetRequest {
        request_id: format!("asset-{ASSET}"),
        code: ASSET.to_owned(),
        asset: Some(Asset {
            kind: AssetKind::Points.into(),
            expiry_policy: Some(ExpiryPolicy {
                rule: Some(Rule::AfterDays(ExpireAfterDays { days: 365 })),
            }),
            utc_offset_minutes: 480,
            ..Asset::default()
        }),
    };
    client.assets().create_asset(request).await?;
    Ok(())
}

/// Who a card belongs to. The first time the platform makes a member of its holder.
pub async fn recognise(client: &Client, card: &str) -> Result<String, Error> {
    let request = ResolveMemberRequest {
        request_id: format!("card-{card}"),
        arrival: Some(Arrival {
            channel_code: CHANNEL.to_owned(),
            external_id: card.to_owned(),
            ..Arrival::default()
        }),
    };
    let answer = client.members().resolve_member(request).await?;
    Ok(answer.resolution.unwrap_or_default().member_id)
}

/// Grants a point for each yuan of a receipt.
pub async fn earn(client: &Client, member_id: &str, receipt: &str, yuan: i64) -> Result<Entry, Error> {
    let request = EarnPointsRequest {
        request_id: format!("earn-{receipt}"),
        member_id: member_id.to_owned(),
        asset_code: ASSET.to_owned(),
        amount: yuan,
        reference: receipt.to_owned(),
        ..EarnPointsRequest::default()
    };
    let answer = client.points().earn_points(request).await?;
    Ok(answer.entry.unwrap_or_default())
}

/// Sets points aside while the customer pays the rest. A hold that nobody captures lapses, and the points are free again.
pub async fn set_aside(client: &Client, member_id: &str, receipt: &str, amount: i64) -> Result<Hold, Error> {
    let request = HoldPointsRequest {
        request_id: format!("hold-{receipt}"),
        member_id: member_id.to_owned(),
        asset_code: ASSET.to_owned(),
        amount,
        ttl_seconds: HOLD_SECONDS,
        reference: receipt.to_owned(),
        ..HoldPointsRequest::default()
    };
    let answer = client.holds().hold_points(request).await?;
    Ok(answer.hold.unwrap_or_default())
}

/// Spends what was set aside.
pub async fn spend(client: &Client, hold: &Hold) -> Result<Entry, Error> {
    let request = CaptureHoldRequest {
        request_id: format!("capture-{}", hold.hold_id),
        hold_id: hold.hold_id.clone(),
        ..CaptureHoldRequest::default()
    };
    let answer = client.holds().capture_hold(request).await?;
    Ok(answer.entry.unwrap_or_default())
}

/// What the member can spend now.
pub async fn balance(client: &Client, member_id: &str) -> Result<i64, Error> {
    let request = GetBalanceRequest {
        member_id: member_id.to_owned(),
        asset_code: ASSET.to_owned(),
        ..GetBalanceRequest::default()
    };
    let answer = client.points().get_balance(request).await?;
    Ok(answer.balance.unwrap_or_default().available)
}
