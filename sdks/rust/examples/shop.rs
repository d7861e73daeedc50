//! A shop and its members: a customer is recognised, an order earns points, points pay, an order is refunded.
//!
//! ```sh
//! QUANYU_ADDRESS=http://127.0.0.1:7400 QUANYU_API_KEY=qy_... cargo run -p quanyu-sdk --example shop
//! ```
//!
//! The channel "shop" and the asset "points" are there.

use std::io::Write;

use quanyu_sdk::identity::{Arrival, Evidence, IdentityKind, Proof, ResolveMemberRequest};
use quanyu_sdk::points::{EarnPointsRequest, GetBalanceRequest, RedeemPointsRequest, ReversePointsRequest};
use quanyu_sdk::{Client, money, money_text};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = setting("QUANYU_ADDRESS").unwrap_or_else(|| "http://127.0.0.1:7400".to_owned());
    let key = setting("QUANYU_API_KEY").ok_or("QUANYU_API_KEY is not set")?;
    let quanyu = Client::new(&address, key)?;
    let mut out = std::io::stdout();

    // However often they come and through whichever channel, it is one member.
    let phone = Evidence {
        kind: IdentityKind::Phone.into(),
        value: "138 0000 0001".to_owned(),
        proof: Proof::Platform.into(),
        ..Evidence::default()
    };
    let arrival = Arrival {
        channel_code: "shop".to_owned(),
        external_id: "customer-1".to_owned(),
        evidence: vec![phone],
        ..Arrival::default()
    };
    let request = ResolveMemberRequest {
        arrival: Some(arrival),
        ..ResolveMemberRequest::default()
    };
    let member_id = quanyu
        .members()
        .resolve_member(request)
        .await?
        .resolution
        .unwrap_or_default()
        .member_id;
    writeln!(out, "customer-1 is {member_id}")?;

    // A request id that follows from the order makes the order earn once, even if the shop loses its power in between.
    // Where none is given, the client makes one, and keeps it over the attempts of that call.
    let paid = money("199.00", "CNY")?;
    let request = EarnPointsRequest {
        request_id: "earn-order-1".to_owned(),
        member_id: member_id.clone(),
        asset_code: "points".to_owned(),
        amount: paid.minor_units.checked_div(100).unwrap_or_default(),
        reference: "order-1".to_owned(),
        ..EarnPointsRequest::default()
    };
    let earned = quanyu.points().earn_points(request).await?.entry.unwrap_or_default();
    writeln!(
        out,
        "an order of {} {} earned {}",
        money_text(&paid)?,
        paid.currency_code,
        earned.amount
    )?;

    let payment = |amount, order: &str| RedeemPointsRequest {
        member_id: member_id.clone(),
        asset_code: "points".to_owned(),
        amount,
        reference: order.to_owned(),
        ..RedeemPointsRequest::default()
    };
    let redeemed = quanyu
        .points()
        .redeem_points(payment(50, "order-2"))
        .await?
        .entry
        .unwrap_or_default();
    writeln!(out, "order-2 was paid with {}", redeemed.amount.saturating_neg())?;

    match quanyu.points().redeem_points(payment(1_000_000, "order-3")).await {
        Err(error) if error.reason == "INSUFFICIENT_POINTS" => {
            writeln!(out, "order-3 was not: {} are there", error.metadata["available"])?;
        }
        other => drop(other?),
    }

    // The customer brings back part of order-2: the very points that paid come back.
    let refund = ReversePointsRequest {
        member_id: member_id.clone(),
        entry_id: redeemed.entry_id,
        amount: 20,
        reference: "refund-1".to_owned(),
        ..ReversePointsRequest::default()
    };
    quanyu.points().reverse_points(refund).await?;
    let request = GetBalanceRequest {
        member_id,
        asset_code: "points".to_owned(),
        ..GetBalanceRequest::default()
    };
    let balance = quanyu.points().get_balance(request).await?.balance.unwrap_or_default();
    writeln!(out, "{} are left", balance.available)?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "an example has no configuration of its own")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
