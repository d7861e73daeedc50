//! Times that the calendar does not have: refused where they arrive and where they would be computed, readable where an
//! earlier version let them in.

use contracts_points::v1::*;
use kernel::Time;
use tonic::Code;
use tonic_types::StatusExt;

use crate::brand::{Brand, brand, mask, metadata, order_rule, reason};
use crate::reasons::Produced;

const YEAR_10000: &str = "253402300800000000";

fn on_date(date: &str) -> expiry_policy::Rule {
    expiry_policy::Rule::OnDate(ExpireOnDate { date: date.to_owned() })
}

fn after_days(days: i32) -> expiry_policy::Rule {
    expiry_policy::Rule::AfterDays(ExpireAfterDays { days })
}

fn asset(utc_offset_minutes: i32, rule: expiry_policy::Rule) -> Asset {
    Asset {
        kind: AssetKind::Points.into(),
        expiry_policy: Some(ExpiryPolicy { rule: Some(rule) }),
        utc_offset_minutes,
        ..Asset::default()
    }
}

fn wire(text: &str) -> prost_types::Timestamp {
    Time::parse_rfc3339(text).unwrap().to_wire()
}

fn paths(status: &tonic::Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|it| it.field_violations.clone());
    violations.unwrap_or_default().into_iter().map(|it| it.field).collect()
}

/// Everything that tells of lots, read whole: each time is one that protobuf knows.
async fn read_all(brand: &Brand, member: &str, code: &str) {
    let entries = brand.entries(member, code).await;
    let lots = ListLotsRequest {
        member_id: member.to_owned(),
        asset_code: code.to_owned(),
        ..ListLotsRequest::default()
    };
    let lots = brand.points().list_lots(lots).await.unwrap().into_inner().lots;
    let balance = brand.balance_of(member, code).await;
    let statement = GetStatementRequest {
        member_id: member.to_owned(),
        asset_code: code.to_owned(),
        ..GetStatementRequest::default()
    };
    let statement = brand.statements().get_statement(statement).await.unwrap().into_inner();
    let exported = brand.export_of(code).await;
    let expirations = ListExpirationsRequest {
        member_id: member.to_owned(),
        asset_code: code.to_owned(),
        months: 12,
    };
    let expirations = brand
        .statements()
        .list_expirations(expirations)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(statement.entries.len(), entries.len());
    assert_eq!(exported.len(), entries.len());
    let of_entries = entries
        .iter()
        .chain(&statement.entries)
        .chain(&exported)
        .flat_map(|entry| entry.lots.iter().map(|lot| lot.expire_time).chain([entry.post_time]));
    let times: Vec<prost_types::Timestamp> = of_entries
        .chain(lots.iter().flat_map(|lot| [lot.expire_time, lot.grant_time]))
        .chain(expirations.months.iter().map(|month| month.end_time))
        .chain([balance.next_expire_time])
        .flatten()
        .collect();
    assert!(!times.is_empty());
    for time in times {
        assert!(Time::from_wire(&time).is_some(), "{time:?} is no time of protobuf's");
    }
}

/// The reason of its own, for the list of all.
pub(crate) async fn produce(brand: &Brand) -> Produced {
    brand
        .try_create_asset("fleeting", asset(0, after_days(1)))
        .await
        .unwrap();
    let earn = EarnPointsRequest {
        available_time: Some(Time::LAST.to_wire()),
        ..brand.earn_request(&brand.member(), "fleeting", 1)
    };
    let refused = brand.points().earn_points(earn).await.unwrap_err();
    (refused, Code::FailedPrecondition, vec!["field", "asset_code"])
}

#[tokio::test]
async fn an_asset_whose_last_day_ends_after_the_calendar_is_refused_with_its_field() {
    let brand = brand().await;
    for offset in [0, -1, -840] {
        let refused = brand
            .try_create_asset("late", asset(offset, on_date("9999-12-31")))
            .await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert_eq!(paths(&refused), ["asset.expiry_policy.on_date.date"], "{offset}");
    }
    // Where that day ends within the year 9999 of UTC, it is a day like any other.
    brand
        .try_create_asset("east", asset(480, on_date("9999-12-31")))
        .await
        .unwrap();
    let member = brand.member();
    let earn = brand.earn_of(&member, "east", 5).await.unwrap();
    assert_eq!(earn.lots[0].expire_time, Some(wire("9999-12-31T16:00:00Z")));
    read_all(&brand, &member, "east").await;

    brand
        .try_create_asset("west", asset(-480, after_days(1)))
        .await
        .unwrap();
    let update = UpdateAssetRequest {
        request_id: brand.request_id(),
        code: "west".to_owned(),
        asset: Some(asset(-480, on_date("9999-12-31"))),
        update_mask: Some(mask(&["expiry_policy"])),
        etag: String::new(),
    };
    let refused = brand.assets().update_asset(update).await.unwrap_err();
    assert_eq!(paths(&refused), ["asset.expiry_policy.on_date.date"]);
}

#[tokio::test]
async fn a_day_of_an_asset_before_there_were_records_is_refused_with_its_field() {
    let brand = brand().await;
    for date in ["0001-01-01", "1900-01-01", "1970-01-01", "1989-12-31"] {
        for offset in [-840, 0, 840] {
            let refused = brand.try_create_asset("old", asset(offset, on_date(date))).await;
            let refused = refused.unwrap_err();
            assert_eq!(reason(&refused), "INVALID_FIELD", "{date}");
            assert_eq!(paths(&refused), ["asset.expiry_policy.on_date.date"], "{date}");
        }
    }
    // Something that is over may be brought in, and is found to be over when it is granted.
    for offset in [-840, 0, 840] {
        let code = format!("old{}", offset + 840);
        let over = asset(offset, on_date("1990-01-01"));
        brand.try_create_asset(&code, over).await.unwrap();
        let refused = brand.earn_of(&brand.member(), &code, 5).await.unwrap_err();
        assert_eq!(reason(&refused), "EXPIRY_PASSED");
    }

    let update = |fields: &[&str]| UpdateAssetRequest {
        request_id: brand.request_id(),
        code: "old0".to_owned(),
        asset: Some(asset(-840, on_date("0001-01-01"))),
        update_mask: Some(mask(fields)),
        etag: String::new(),
    };
    let named = update(&["display_name", "expiry_policy"]);
    let refused = brand.assets().update_asset(named).await.unwrap_err();
    assert_eq!(paths(&refused), ["asset.expiry_policy.on_date.date"]);
    // An asset that an earlier version let in is read, and changed in its other fields.
    let stored = "UPDATE asset SET expiry = 'date 0001-01-01' WHERE code = 'old0'";
    assert_eq!(brand.execute(stored).await.unwrap(), 1);
    brand.assets().update_asset(update(&["display_name"])).await.unwrap();
}

#[tokio::test]
async fn an_activity_before_there_were_records_is_not_simulated_either() {
    let brand = brand().await;
    let mut activity = brand.activity(&brand.member(), "order_paid", "order-1", 100);
    activity.occur_time = Some(Time::FIRST.to_wire());
    let request = SimulateEarningRequest {
        activity: Some(activity),
        ..SimulateEarningRequest::default()
    };
    let refused = brand.rules().simulate_earning(request).await.unwrap_err();
    assert_eq!(paths(&refused), ["activity.occur_time"]);
}

#[tokio::test]
async fn a_time_of_a_rule_before_there_were_records_is_refused_with_its_field() {
    let brand = brand().await;
    let last_impossible = Time::from_micros(Time::RECORDS_BEGIN.micros() - 1);
    for time in [Time::FIRST, Time::EPOCH, last_impossible] {
        let rule = EarningRule {
            start_time: Some(time.to_wire()),
            end_time: Some(time.to_wire()),
            effect_time: Some(time.to_wire()),
            ..order_rule("1")
        };
        let refused = brand.try_create_rule("old", rule).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELD");
        let mut told = paths(&refused);
        told.dedup();
        assert_eq!(
            told,
            [
                "earning_rule.start_time",
                "earning_rule.end_time",
                "earning_rule.effect_time",
                "earning_rule.end_time",
            ],
            "{time}"
        );
    }
    let rule = EarningRule {
        start_time: Some(Time::RECORDS_BEGIN.to_wire()),
        ..order_rule("1")
    };
    brand.create_rule("old", rule).await;
    let update = |fields: &[&str]| UpdateEarningRuleRequest {
        request_id: brand.request_id(),
        code: "old".to_owned(),
        earning_rule: Some(EarningRule {
            start_time: Some(Time::FIRST.to_wire()),
            end_time: Some(last_impossible.to_wire()),
            ..order_rule("1")
        }),
        update_mask: Some(mask(fields)),
        etag: String::new(),
    };
    let named = update(&["start_time", "end_time"]);
    let refused = brand.rules().update_earning_rule(named).await.unwrap_err();
    assert_eq!(paths(&refused), ["earning_rule.start_time", "earning_rule.end_time"]);
    // What the mask does not name is not looked at.
    brand.rules().update_earning_rule(update(&["priority"])).await.unwrap();
}

#[tokio::test]
async fn an_earn_that_would_expire_after_the_year_9999_is_refused_before_anything_is_written() {
    let brand = brand().await;
    let member = brand.member();
    let policies = [
        ("days", after_days(365)),
        (
            "month",
            expiry_policy::Rule::PeriodEnd(ExpireAtPeriodEnd {
                period: CalendarPeriod::Month.into(),
                after_months: 7,
                after_days: 0,
            }),
        ),
        (
            "year",
            expiry_policy::Rule::PeriodEnd(ExpireAtPeriodEnd {
                period: CalendarPeriod::Year.into(),
                after_months: 0,
                after_days: 0,
            }),
        ),
    ];
    for (code, rule) in policies {
        brand.try_create_asset(code, asset(0, rule)).await.unwrap();
        let earn = |available: &str| EarnPointsRequest {
            available_time: Some(wire(available)),
            ..brand.earn_request(&member, code, 5)
        };
        let refused = brand
            .points()
            .earn_points(earn("9999-06-01T00:00:00Z"))
            .await
            .unwrap_err();
        assert_eq!(reason(&refused), "EXPIRY_BEYOND_CALENDAR", "{code}");
        assert_eq!(metadata(&refused, "field"), "available_time");
        assert!(refused.message().starts_with("available_time"), "{}", refused.message());
        let wrong = refused.get_details_bad_request().expect("the field that is to blame");
        assert_eq!(wrong.field_violations[0].field, "available_time");
        assert!(brand.entries(&member, code).await.is_empty());

        let told = EarnPointsRequest {
            expire_time: Some(Time::LAST.to_wire()),
            ..earn("9999-06-01T00:00:00Z")
        };
        brand.points().earn_points(told).await.unwrap();
        brand.points().earn_points(earn("9998-06-01T00:00:00Z")).await.unwrap();
        read_all(&brand, &member, code).await;
    }
    brand.check().await;
}

#[tokio::test]
async fn what_an_earlier_version_stored_beyond_the_calendar_is_readable_everywhere() {
    let brand = brand().await;
    let member = brand.member();
    brand.create_asset("late", AssetKind::Points, None).await;
    let earn = EarnPointsRequest {
        expire_time: Some(Time::LAST.to_wire()),
        ..brand.earn_request(&member, "late", 30)
    };
    brand.points().earn_points(earn).await.unwrap();
    let spent = RedeemPointsRequest {
        asset_code: "late".to_owned(),
        ..brand.redeem_request(&member, 10)
    };
    brand.points().redeem_points(spent).await.unwrap();
    brand.lift_guards().await;
    let last = Time::LAST.micros();
    for (table, column) in [
        ("lot", "expire_time"),
        ("entry_lot", "expire_time"),
        ("entry", "lot_expire_time"),
    ] {
        let stored = format!("UPDATE {table} SET {column} = {YEAR_10000} WHERE {column} = {last}");
        assert_eq!(brand.execute(&stored).await.unwrap(), 1, "{table}");
    }
    read_all(&brand, &member, "late").await;
    let entries = brand.entries(&member, "late").await;
    assert_eq!(entries[0].lots[0].expire_time, Some(Time::LAST.to_wire()));

    // And it can be spent, and given back.
    let spend = RedeemPointsRequest {
        asset_code: "late".to_owned(),
        ..brand.redeem_request(&member, 20)
    };
    let spent = brand.points().redeem_points(spend).await.unwrap().into_inner();
    brand.reverse(&spent.entry.unwrap(), 20).await.unwrap();
    assert_eq!(brand.balance_of(&member, "late").await.available, 20);
}

#[tokio::test]
async fn an_asset_that_an_earlier_version_let_in_grants_nothing_more_and_loses_no_order() {
    let brand = brand().await;
    let member = brand.member();
    brand
        .try_create_asset("late", asset(0, on_date("9999-12-30")))
        .await
        .unwrap();
    let rule = EarningRule {
        asset_code: "late".to_owned(),
        ..order_rule("5")
    };
    brand.create_rule("late", rule).await;
    let stored = "UPDATE asset SET expiry = 'date 9999-12-31' WHERE code = 'late'";
    assert_eq!(brand.execute(stored).await.unwrap(), 1);

    let refused = brand.earn_of(&member, "late", 5).await.unwrap_err();
    assert_eq!(reason(&refused), "EXPIRY_BEYOND_CALENDAR");
    assert_eq!(metadata(&refused, "field"), "expiry_policy");
    brand.pay(&member, "order-1", 100);
    brand.h.settle().await;
    assert_eq!(
        brand
            .count("SELECT COUNT(*) FROM entry WHERE asset_code = 'late'")
            .await,
        0
    );
    let parked = "SELECT COUNT(*) FROM parked_fact WHERE reason LIKE '%9999%'";
    assert_eq!(brand.count(parked).await, 1, "the order is put aside");
    let other = brand.member();
    brand.earn(&other, 1, 0).await;
}

#[tokio::test]
async fn what_is_no_time_is_refused_where_it_arrives_and_absurd_reads_are_empty() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 30, 30).await;
    let none = [
        prost_types::Timestamp {
            seconds: 253_402_300_800,
            nanos: 0,
        },
        prost_types::Timestamp {
            seconds: -62_135_596_801,
            nanos: 0,
        },
        prost_types::Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        },
        prost_types::Timestamp { seconds: 0, nanos: -1 },
    ];
    for time in none {
        let earn = brand.earn_request(&member, "points", 5);
        for (path, request) in [
            (
                "expire_time",
                EarnPointsRequest {
                    expire_time: Some(time),
                    ..earn.clone()
                },
            ),
            (
                "available_time",
                EarnPointsRequest {
                    available_time: Some(time),
                    ..earn.clone()
                },
            ),
        ] {
            assert_eq!(paths(&brand.points().earn_points(request).await.unwrap_err()), [path]);
        }
        let as_of = GetBalanceAsOfRequest {
            member_id: member.clone(),
            asset_code: "points".to_owned(),
            as_of_time: Some(time),
        };
        assert_eq!(
            paths(&brand.statements().get_balance_as_of(as_of).await.unwrap_err()),
            ["as_of_time"]
        );
        let statement = GetStatementRequest {
            member_id: member.clone(),
            asset_code: "points".to_owned(),
            start_time: Some(time),
            ..GetStatementRequest::default()
        };
        assert_eq!(
            paths(&brand.statements().get_statement(statement).await.unwrap_err()),
            ["start_time"]
        );
        let rule = EarningRule {
            end_time: Some(time),
            ..order_rule("1")
        };
        let refused = brand.try_create_rule("late", rule).await.unwrap_err();
        assert_eq!(paths(&refused), ["earning_rule.end_time"]);
    }
    let early = EarnPointsRequest {
        available_time: Some(Time::FIRST.to_wire()),
        ..brand.earn_request(&member, "points", 5)
    };
    assert_eq!(
        paths(&brand.points().earn_points(early).await.unwrap_err()),
        ["available_time"]
    );

    for time in [Time::FIRST, Time::EPOCH] {
        let as_of = GetBalanceAsOfRequest {
            member_id: member.clone(),
            asset_code: "points".to_owned(),
            as_of_time: Some(time.to_wire()),
        };
        let found = brand.statements().get_balance_as_of(as_of).await.unwrap().into_inner();
        assert_eq!((found.balance, found.sequence), (0, 0));
    }
    let whole = |start: Time, end: Time| GetStatementRequest {
        member_id: member.clone(),
        asset_code: "points".to_owned(),
        start_time: Some(start.to_wire()),
        end_time: Some(end.to_wire()),
        ..GetStatementRequest::default()
    };
    for (request, entries) in [
        (whole(Time::FIRST, Time::LAST), 1),
        (whole(Time::FIRST, Time::EPOCH), 0),
        (whole(Time::from_seconds(200_000_000_000), Time::LAST), 0),
    ] {
        let told = brand.statements().get_statement(request).await.unwrap().into_inner();
        assert_eq!(told.entries.len(), entries);
    }
    read_all(&brand, &member, "points").await;
}
