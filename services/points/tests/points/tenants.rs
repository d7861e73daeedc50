use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::*;

use crate::brand::{brand, order_rule, reason};

#[tokio::test]
async fn no_tenant_sees_or_changes_another_s() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_rule("base", order_rule("activity.amount / 100")).await;
    brand.earn(&member, 100, 1).await;
    let redeem = brand.redeem(&member, 40).await.unwrap();
    let stranger = brand.h.other_tenant();
    let channel = brand.h.channel_of(stranger);
    let (mut points, mut assets, mut ledger) = (
        PointsServiceClient::new(channel.clone()),
        AssetServiceClient::new(channel.clone()),
        LedgerServiceClient::new(channel),
    );

    assert_eq!(
        assets
            .list_assets(ListAssetsRequest::default())
            .await
            .unwrap()
            .into_inner()
            .assets,
        []
    );
    let asset = Asset {
        kind: AssetKind::Points.into(),
        ..Asset::default()
    };
    let create = CreateAssetRequest {
        request_id: "1".to_owned(),
        code: "points".to_owned(),
        asset: Some(asset),
    };
    assets.create_asset(create).await.unwrap();
    let balance = GetBalanceRequest {
        member_id: member.clone(),
        asset_code: "points".to_owned(),
        expiring_within_days: 0,
    };
    assert_eq!(
        points
            .get_balance(balance)
            .await
            .unwrap()
            .into_inner()
            .balance
            .unwrap()
            .available,
        0
    );
    let list = ListEntriesRequest {
        member_id: member.clone(),
        asset_code: "points".to_owned(),
        ..ListEntriesRequest::default()
    };
    assert_eq!(points.list_entries(list).await.unwrap().into_inner().entries, []);
    let reverse = ReversePointsRequest {
        request_id: "2".to_owned(),
        member_id: member.clone(),
        entry_id: redeem.entry_id.clone(),
        amount: 0,
        reference: String::new(),
    };
    assert_eq!(reason(&points.reverse_points(reverse).await.unwrap_err()), "NOT_FOUND");
    let spend = brand.redeem_request(&member, 1);
    assert_eq!(
        reason(&points.redeem_points(spend).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    let reconcile = ReconcileAccountsRequest::default();
    assert_eq!(
        ledger
            .reconcile_accounts(reconcile)
            .await
            .unwrap()
            .into_inner()
            .checked_count,
        0
    );

    let activity = brand.activity(&member, "order_paid", "order-1", 10_000);
    let fact = contracts_tagging::v1::ActivityRecorded {
        activity: Some(activity),
    };
    brand.h.publish_of(stranger, "tagging", &fact, &member);
    brand.h.settle().await;
    assert_eq!(
        brand.balance(&member).await,
        60,
        "another tenant's orders earn nothing by our rules"
    );
    brand.pass_days(3).await;
    assert_eq!(brand.balance(&member).await, 0);
    brand.check().await;
}

/// The same request id of two tenants is two requests.
#[tokio::test]
async fn request_ids_belong_to_their_tenant() {
    let brand = brand().await;
    let member = brand.member();
    let request = brand.earn_request(&member, "points", 5);
    brand.points().earn_points(request.clone()).await.unwrap();
    let mut stranger = PointsServiceClient::new(brand.h.channel_of(brand.h.other_tenant()));
    assert_eq!(
        reason(&stranger.earn_points(request).await.unwrap_err()),
        "NOT_FOUND",
        "no replay: no such asset there"
    );
}
