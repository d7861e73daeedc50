use contracts_points::v1::*;

use crate::brand::{brand, reason};

#[tokio::test]
async fn a_member_earns_spends_and_reads() {
    let brand = brand().await;
    let member = brand.member();
    assert_eq!(
        brand.balance(&member).await,
        0,
        "nobody has to be announced to the ledger"
    );
    let earn = brand.earn(&member, 100, 0).await;
    assert_eq!((earn.sequence, earn.amount, earn.balance), (1, 100, 100));
    assert_eq!(
        earn.lots[0].lot_id.trim_start_matches("lot_"),
        earn.entry_id.trim_start_matches("ent_")
    );
    let redeem = brand.redeem(&member, 30).await.unwrap();
    assert_eq!((redeem.sequence, redeem.amount, redeem.balance), (2, -30, 70));
    assert_eq!(redeem.reference, "order-1");
    assert_eq!(brand.balance(&member).await, 70);
    assert_eq!(
        brand.entries(&member, "points").await,
        [redeem, earn],
        "what was answered is what is written"
    );
    brand.check().await;
}

/// Lots burnt by creation, not expiry.
#[tokio::test]
async fn lots_are_spent_by_expiry_not_by_age() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 10, 0).await;
    let late = brand.earn(&member, 100, 300).await;
    let early = brand.earn(&member, 50, 10).await;
    let paid = brand.redeem(&member, 70).await.unwrap().lots;
    let paid: Vec<(&str, i64)> = paid.iter().map(|part| (part.lot_id.as_str(), part.amount)).collect();
    assert_eq!(
        paid,
        [
            (early.lots[0].lot_id.as_str(), -50),
            (late.lots[0].lot_id.as_str(), -20)
        ]
    );
    let left: Vec<i64> = brand.lots(&member).await.iter().map(|lot| lot.remaining).collect();
    assert_eq!(left, [80, 10], "what never expires is spent last");
    brand.check().await;
}

/// Insufficient points logged, order kept its discount; the cancel then added the points.
#[tokio::test]
async fn a_refused_redemption_takes_nothing_and_cancelling_it_gives_nothing() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 70, 0).await;
    let refused = brand.redeem(&member, 500).await.unwrap_err();
    assert_eq!(reason(&refused), "INSUFFICIENT_POINTS");
    assert_eq!(refused.message(), "500 were requested: 70 are available");
    let never = brand.member().replace("mbr_", "ent_");
    assert_eq!(
        reason(&brand.reverse_as(&member, &never, 500).await.unwrap_err()),
        "NOT_FOUND"
    );
    assert_eq!(
        (
            brand.balance(&member).await,
            brand.entries(&member, "points").await.len()
        ),
        (70, 1)
    );
}

/// More lots than are read at a time.
#[tokio::test]
async fn a_spend_over_many_lots_takes_them_in_order() {
    let brand = brand().await;
    let member = brand.member();
    for day in (1..=200).rev() {
        brand.earn(&member, 2, day).await;
    }
    let redeem = brand.redeem(&member, 301).await.unwrap();
    assert_eq!(redeem.lots.len(), 151);
    assert!(
        redeem
            .lots
            .is_sorted_by_key(|part| part.expire_time.as_ref().map(|time| time.seconds))
    );
    assert_eq!(brand.balance(&member).await, 99);
    assert_eq!(
        reason(&brand.redeem(&member, 100).await.unwrap_err()),
        "INSUFFICIENT_POINTS"
    );
    brand.redeem(&member, 99).await.unwrap();
    brand.check().await;
}

#[tokio::test]
async fn what_expires_soon_is_shown() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 10, 5).await;
    brand.earn(&member, 20, 29).await;
    brand.earn(&member, 40, 31).await;
    brand.earn_of(&member, "growth", 7).await.unwrap();
    let balance = brand.balance_of(&member, "points").await;
    assert_eq!(
        (balance.available, balance.expiring_soon, balance.sequence),
        (70, 30, 3)
    );
    assert_eq!(balance.next_expire_time, Some(brand.now().plus_days(5).to_wire()));
    let request = ListBalancesRequest {
        member_id: member.clone(),
        expiring_within_days: 365,
        page_size: 0,
        page_token: String::new(),
    };
    let balances = brand
        .points()
        .list_balances(request)
        .await
        .unwrap()
        .into_inner()
        .balances;
    let seen: Vec<(&str, i64, i64)> = balances
        .iter()
        .map(|it| (it.asset_code.as_str(), it.available, it.expiring_soon))
        .collect();
    assert_eq!(seen, [("growth", 7, 0), ("points", 70, 70)]);
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let brand = brand().await;
    let member = brand.member();
    for day in 1..=7 {
        brand.earn(&member, day, day).await;
    }
    let (mut sequences, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListEntriesRequest {
            member_id: member.clone(),
            asset_code: "points".to_owned(),
            page_size: 3,
            page_token,
        };
        let page = brand.points().list_entries(request).await.unwrap().into_inner();
        sequences.extend(page.entries.iter().map(|entry| entry.sequence));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(sequences, [7, 6, 5, 4, 3, 2, 1]);
    let lots = |page_token| ListLotsRequest {
        member_id: member.clone(),
        asset_code: "points".to_owned(),
        page_size: 5,
        page_token,
    };
    let first = brand
        .points()
        .list_lots(lots(String::new()))
        .await
        .unwrap()
        .into_inner();
    let token = first.next_page_token.clone();
    let second = brand
        .points()
        .list_lots(lots(token.clone()))
        .await
        .unwrap()
        .into_inner();
    let granted: Vec<i64> = first.lots.iter().chain(&second.lots).map(|lot| lot.granted).collect();
    assert_eq!(
        (granted, second.next_page_token),
        (vec![1, 2, 3, 4, 5, 6, 7], String::new())
    );
    let other = ListLotsRequest {
        member_id: brand.member(),
        ..lots(token)
    };
    assert_eq!(
        reason(&brand.points().list_lots(other).await.unwrap_err()),
        "PAGE_TOKEN_INVALID"
    );
}

#[tokio::test]
async fn wrong_fields_are_refused_by_name() {
    let brand = brand().await;
    let member = brand.member();
    let wrong = brand.redeem("mbr_nobody", 1).await.unwrap_err();
    assert_eq!(reason(&wrong), "INVALID_FIELD");
    assert!(wrong.message().contains("member_id"), "{}", wrong.message());
    assert_eq!(reason(&brand.redeem(&member, 0).await.unwrap_err()), "INVALID_FIELD");
    assert_eq!(reason(&brand.redeem(&member, -5).await.unwrap_err()), "INVALID_FIELD");
    assert_eq!(
        reason(&brand.earn_of(&member, "unheard_of", 5).await.unwrap_err()),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn every_entry_tells_a_fact() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 10, 1).await;
    let redeem = brand.redeem(&member, 5).await.unwrap();
    brand.reverse(&redeem, 2).await.unwrap();
    brand.pass_days(2).await;
    let published = brand.h.published().await;
    let kinds: Vec<&str> = published.iter().map(|fact| fact.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["points.earned", "points.redeemed", "points.reversed", "points.expired"]
    );
    assert!(published.iter().all(|fact| fact.subject == member));
    let expired: PointsExpired = prost::Message::decode(&*published[3].payload).unwrap();
    assert_eq!((expired.amount, expired.balance), (7, 0));
}
