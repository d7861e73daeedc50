//! What a member held, what happened in a period, what will expire.

use contracts_points::v1::*;
use kernel::Time;

use crate::brand::{Brand, brand, reason};

async fn as_of(brand: &Brand, member: &str, time: Time) -> GetBalanceAsOfResponse {
    let request = GetBalanceAsOfRequest {
        member_id: member.to_owned(),
        asset_code: "points".to_owned(),
        as_of_time: Some(time.to_wire()),
    };
    brand
        .statements()
        .get_balance_as_of(request)
        .await
        .unwrap()
        .into_inner()
}

fn statement_request(member: &str, start: Option<Time>, end: Option<Time>, page_size: i32) -> GetStatementRequest {
    GetStatementRequest {
        member_id: member.to_owned(),
        asset_code: "points".to_owned(),
        start_time: start.map(Time::to_wire),
        end_time: end.map(Time::to_wire),
        page_size,
        page_token: String::new(),
    }
}

async fn statement(brand: &Brand, request: &GetStatementRequest) -> GetStatementResponse {
    let answered = brand.statements().get_statement(request.clone()).await;
    answered.unwrap().into_inner()
}

#[tokio::test]
async fn the_balance_as_of_every_day_is_what_it_was_on_it() {
    let brand = brand().await;
    let member = brand.member();
    let mut held = vec![(brand.now().minus(std::time::Duration::from_secs(1)), 0, 0)];
    let (mut balance, mut sequence) = (0, 0);
    for day in 1..40_i64 {
        brand.turn_days(1);
        for _ in 0..day % 4 {
            let entry = if balance > 20 {
                brand.redeem(&member, 20).await.unwrap()
            } else {
                brand.earn(&member, day, 0).await
            };
            (balance, sequence) = (entry.balance, entry.sequence);
        }
        held.push((brand.now(), balance, sequence));
    }
    for (time, balance, sequence) in held {
        let found = as_of(&brand, &member, time).await;
        assert_eq!((found.balance, found.sequence), (balance, sequence), "{time}");
    }
    let tomorrow = GetBalanceAsOfRequest {
        member_id: member.clone(),
        asset_code: "points".to_owned(),
        as_of_time: Some(brand.now().plus_days(1).to_wire()),
    };
    let ahead = brand
        .statements()
        .get_balance_as_of(tomorrow.clone())
        .await
        .unwrap_err();
    assert_eq!(ahead.code(), tonic::Code::InvalidArgument);
    let unknown = GetBalanceAsOfRequest {
        asset_code: "nothing".to_owned(),
        as_of_time: Some(brand.now().to_wire()),
        ..tomorrow
    };
    assert_eq!(
        reason(&brand.statements().get_balance_as_of(unknown).await.unwrap_err()),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn a_merged_member_s_id_leads_where_it_led_at_the_instant() {
    let brand = brand().await;
    let (old, new) = (brand.member(), brand.member());
    brand.earn(&old, 30, 0).await;
    brand.earn(&new, 5, 0).await;
    let before = brand.now();
    brand.turn_days(1);
    brand.merge(&old, &new);
    brand.h.settle().await;
    for (time, of_old, of_new) in [(before, (&old, 30), (&new, 5)), (brand.now(), (&new, 35), (&new, 35))] {
        for (asked, (holder, balance)) in [(&old, of_old), (&new, of_new)] {
            let found = as_of(&brand, asked, time).await;
            assert_eq!(
                (&found.member_id, found.balance),
                (holder, balance),
                "{asked} at {time}"
            );
        }
    }
    let ended = statement(&brand, &statement_request(&old, None, None, 0)).await;
    assert_eq!((ended.closing_balance, ended.entries.len()), (0, 2));
    assert_eq!(ended.entries[1].counterpart_member_id, new);
}

/// The posting that reads the clock first may get the lock last, and the clocks of two replicas differ.
#[tokio::test]
async fn the_times_of_entries_never_go_back() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 1, 0).await;
    let late = brand.now().plus_days(1);
    brand
        .execute(&format!("UPDATE account SET change_time = {}", late.micros()))
        .await
        .unwrap();
    let entry = brand.earn(&member, 2, 0).await;
    assert_eq!(
        entry.post_time,
        Some(late.to_wire()),
        "not before what another replica posted"
    );
    brand.turn_days(2);
    assert_eq!(brand.earn(&member, 3, 0).await.post_time, Some(brand.now().to_wire()));
}

#[tokio::test]
async fn a_statement_says_what_was_before_what_happened_and_what_is_after() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    brand.turn_days(1);
    let start = brand.now();
    let redeem = brand.redeem(&member, 30).await.unwrap();
    brand.reverse(&redeem, 10).await.unwrap();
    brand.turn_days(1);
    let end = brand.now();
    brand.earn(&member, 7, 0).await;

    let mut request = statement_request(&member, Some(start), Some(end), 1);
    let first = statement(&brand, &request).await;
    assert_eq!((first.opening_balance, first.closing_balance), (100, 80));
    let total = |kind: EntryKind, amount| StatementTotal {
        kind: kind.into(),
        amount,
        entry_count: 1,
    };
    assert_eq!(
        first.totals,
        [total(EntryKind::Redeem, -30), total(EntryKind::RedeemReversal, 10)]
    );
    request.page_token = first.next_page_token;
    let second = statement(&brand, &request).await;
    assert_eq!(
        (second.opening_balance, second.totals, second.next_page_token),
        (100, vec![], String::new())
    );
    assert_eq!((first.entries[0].sequence, second.entries[0].sequence), (2, 3));
    assert_eq!(second.entries[0].lots.len(), 1);

    let whole = statement(&brand, &statement_request(&member, None, None, 0)).await;
    assert_eq!(
        (whole.opening_balance, whole.closing_balance, whole.entries.len()),
        (0, 87, 4)
    );
    let empty = statement_request(&member, Some(end), Some(start), 0);
    let refused = brand.statements().get_statement(empty).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    let nobody = statement(&brand, &statement_request(&brand.member(), None, None, 0)).await;
    assert_eq!(nobody, GetStatementResponse::default());
}

#[tokio::test]
async fn what_is_posted_while_a_statement_is_read_is_not_in_it() {
    let brand = brand().await;
    let member = brand.member();
    for _ in 0..3 {
        brand.earn(&member, 1, 0).await;
    }
    let mut request = statement_request(&member, None, None, 2);
    let first = statement(&brand, &request).await;
    brand.earn(&member, 1, 0).await;
    request.page_token = first.next_page_token;
    let second = statement(&brand, &request).await;
    assert_eq!(
        (second.closing_balance, second.entries.len(), &*second.next_page_token),
        (3, 1, "")
    );
}

#[tokio::test]
async fn expirations_are_counted_by_the_months_of_the_asset_s_calendar() {
    let brand = brand().await;
    let member = brand.member();
    let until = |text: &str| Some(Time::parse_rfc3339(text).unwrap().to_wire());
    for (amount, expire_time) in [
        (1, until("2026-01-31T23:59:59+08:00")),
        (2, until("2026-02-01T00:00:00+08:00")),
        (4, until("2026-02-01T00:00:01+08:00")),
        (8, until("2026-12-31T00:00:00+08:00")),
        (16, until("2027-01-01T00:00:01+08:00")),
        (32, None),
    ] {
        let request = EarnPointsRequest {
            expire_time,
            ..brand.earn_request(&member, "points", amount)
        };
        brand.points().earn_points(request).await.unwrap();
    }
    let request = ListExpirationsRequest {
        member_id: member.clone(),
        asset_code: "points".to_owned(),
        months: 0,
    };
    let listed = brand
        .statements()
        .list_expirations(request.clone())
        .await
        .unwrap()
        .into_inner();
    let amounts: Vec<(&str, i64)> = listed.months.iter().map(|it| (&*it.month, it.amount)).collect();
    assert_eq!(
        (amounts[0], amounts[1], amounts[11]),
        (("2026-01", 3), ("2026-02", 4), ("2026-12", 8))
    );
    assert_eq!(listed.months[0].end_time, until("2026-02-01T00:00:00+08:00"));
    assert_eq!((amounts.len(), listed.later_amount, listed.never_amount), (12, 16, 32));

    let survivor = brand.member();
    brand.merge(&member, &survivor);
    brand.pass_days(15).await;
    let short = ListExpirationsRequest { months: 1, ..request };
    let listed = brand.statements().list_expirations(short).await.unwrap().into_inner();
    assert_eq!(
        (&listed.member_id, listed.months[0].amount),
        (&survivor, 3),
        "the id leads on"
    );
    assert_eq!((listed.later_amount, listed.never_amount), (28, 32));
}
