use contracts_points::v1::*;

use crate::brand::{brand, mask, reason};

#[tokio::test]
async fn assets_are_created_read_changed_and_listed() {
    let brand = brand().await;
    let created = Asset {
        kind: AssetKind::StoredValueGift.into(),
        display_name: "赠金".to_owned(),
        utc_offset_minutes: 480,
        ..Asset::default()
    };
    let created = brand.try_create_asset("gift", created).await.unwrap();
    assert_eq!((created.code.as_str(), created.etag.as_str()), ("gift", "1"));
    let never = Some(ExpiryPolicy {
        rule: Some(expiry_policy::Rule::Never(ExpireNever {})),
    });
    assert_eq!(created.expiry_policy, never);

    let after_days = Some(ExpiryPolicy {
        rule: Some(expiry_policy::Rule::AfterDays(ExpireAfterDays { days: 30 })),
    });
    let update = |etag: &str, paths: &[&str]| UpdateAssetRequest {
        request_id: brand.request_id(),
        code: "gift".to_owned(),
        asset: Some(Asset {
            expiry_policy: after_days.clone(),
            display_name: "礼金".to_owned(),
            ..Asset::default()
        }),
        update_mask: Some(mask(paths)),
        etag: etag.to_owned(),
    };
    let updated = brand
        .assets()
        .update_asset(update("1", &["expiry_policy"]))
        .await
        .unwrap()
        .into_inner()
        .asset
        .unwrap();
    assert_eq!(
        (updated.expiry_policy.clone(), updated.display_name.as_str()),
        (after_days.clone(), "赠金")
    );
    assert_eq!(updated.etag, "2");
    let lost = brand
        .assets()
        .update_asset(update("1", &["display_name"]))
        .await
        .unwrap_err();
    assert_eq!(
        (lost.code(), reason(&lost).as_str()),
        (tonic::Code::Aborted, "ETAG_MISMATCH")
    );
    let fixed = brand.assets().update_asset(update("", &["kind"])).await.unwrap_err();
    assert_eq!(reason(&fixed), "INVALID_FIELD");

    let read = GetAssetRequest {
        code: "gift".to_owned(),
    };
    assert_eq!(
        brand
            .assets()
            .get_asset(read)
            .await
            .unwrap()
            .into_inner()
            .asset
            .unwrap(),
        updated
    );
    let first = ListAssetsRequest {
        page_size: 2,
        page_token: String::new(),
    };
    let first = brand.assets().list_assets(first).await.unwrap().into_inner();
    let rest = ListAssetsRequest {
        page_size: 2,
        page_token: first.next_page_token,
    };
    let rest = brand.assets().list_assets(rest).await.unwrap().into_inner();
    let codes: Vec<&str> = first
        .assets
        .iter()
        .chain(&rest.assets)
        .map(|asset| asset.code.as_str())
        .collect();
    assert_eq!(codes, ["gift", "growth", "points"]);
}

#[tokio::test]
async fn an_asset_without_a_kind_or_with_an_impossible_date_is_refused() {
    let brand = brand().await;
    assert_eq!(
        reason(&brand.try_create_asset("x", Asset::default()).await.unwrap_err()),
        "INVALID_FIELD"
    );
    let date = expiry_policy::Rule::OnDate(ExpireOnDate {
        date: "2026-02-30".to_owned(),
    });
    let asset = Asset {
        kind: AssetKind::Points.into(),
        expiry_policy: Some(ExpiryPolicy { rule: Some(date) }),
        ..Asset::default()
    };
    assert_eq!(
        reason(&brand.try_create_asset("x", asset).await.unwrap_err()),
        "INVALID_FIELD"
    );
    let missing = GetAssetRequest { code: "x".to_owned() };
    assert_eq!(
        reason(&brand.assets().get_asset(missing).await.unwrap_err()),
        "NOT_FOUND"
    );
}
