//! How ledgers of this kind fail, row by row of the list *Assets*, and the tests that show that this one does not.
//!
//! | seen | tested by |
//! |---|---|
//! | 20 concurrent gifts of 100 points credited 2,000 | `races::parallel_spends_of_one_balance_succeed_exactly_as_often_as_it_suffices` |
//! | insufficient points logged, order kept its discount; the cancel then added the points | `spending::a_refused_redemption_takes_nothing_and_cancelling_it_gives_nothing` |
//! | refund at today's rate, not the rate of the earn | `refunds::a_refund_takes_back_by_the_rule_that_earned_not_by_today_s` |
//! | second partial refund ignored, or over-revoked | `refunds::refunds_in_any_order_leave_the_same_balance`, `refunds::partial_refunds_take_the_share_of_the_money_and_never_more_than_was_earned` |
//! | lots burnt by creation, not expiry | `spending::lots_are_spent_by_expiry_not_by_age` |
//! | expired credits dropped while their debits stayed | `races::expiry_races_with_spends_and_each_point_goes_one_way`, `expiry::nothing_expires_twice`, [`a_lot_that_comes_later_and_expires_earlier_is_spent_first_and_leaves_nothing_to_expire`] |
//! | debt vanished when a clawback exceeded the balance | `debts::what_a_clawback_does_not_reach_is_owed_and_the_next_earn_repays_it_first`, `refunds::a_refund_takes_within_the_balance_and_the_next_one_asks_again` |
//! | retry after 30 minutes doubled | `request_ids::the_same_request_days_later_gets_the_first_answer` |
//! | success answered, then queued in memory, lost on crash | `kill_nine` and `replicas_killed` of the processes' tests, `simulation` of this crate |
//! | unlock after a lock that timed out freed another's | `holds::a_release_frees_its_own_hold_only` |
//! | "all members" grant wrote one ledger row | [`a_grant_to_everybody_is_an_entry_of_everybody`] |
//! | history replayed on every write | the bench's account with 100,000 entries against an empty one |
//! | floats for money | [`no_amount_is_a_floating_point_number`] |
//!
//! Every one of them ends with `Brand::check`: of each lot, available + held + pending + spent + expired + taken back =
//! granted.

use contracts_points::v1::posting::Request;
use contracts_points::v1::*;
use sea_orm::DbBackend;

use crate::brand::brand;

#[tokio::test]
async fn a_grant_to_everybody_is_an_entry_of_everybody() {
    let brand = brand().await;
    let members: Vec<String> = (0..300).map(|_| brand.member()).collect();
    let grants = members.iter().map(|member| Posting {
        request: Some(Request::Earn(brand.earn_request(member, "points", 10))),
    });
    let request = PostBatchRequest {
        unreadable_items: Vec::new(),
        postings: grants.collect(),
        all_or_nothing: true,
    };
    let answer = brand.postings().post_batch(request).await.unwrap().into_inner();
    assert_eq!((answer.posted_count, answer.refused_count), (300, 0));
    for member in members.iter().step_by(50) {
        let entries = brand.entries(member, "points").await;
        assert_eq!(entries.len(), 1);
        assert_eq!((entries[0].sequence, entries[0].amount), (1, 10));
    }
    let per_account = "SELECT COUNT(*) FROM account AS a JOIN entry AS e ON e.tenant_id = a.tenant_id \
         AND e.member_id = a.member_id AND e.asset_code = a.asset_code WHERE a.balance = 10 AND e.amount = 10";
    assert_eq!(brand.count(per_account).await, 300);
    assert_eq!(brand.disagreements().await, (300, Vec::new()));
    brand.check().await;
}

#[tokio::test]
async fn a_lot_that_comes_later_and_expires_earlier_is_spent_first_and_leaves_nothing_to_expire() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 10).await;
    brand.redeem(&member, 50).await.unwrap();
    let late = brand.earn(&member, 30, 2).await;
    let spend = brand.redeem(&member, 40).await.unwrap();
    let paid: Vec<(bool, i64)> = spend
        .lots
        .iter()
        .map(|part| (part.lot_id == late.lots[0].lot_id, part.amount))
        .collect();
    assert_eq!(paid, [(true, -30), (false, -10)]);
    brand.pass_days(3).await;
    assert_eq!(brand.balance(&member).await, 40, "what is spent does not expire");
    // What came back of the spend after its lot's time is gone; the rest of it is there.
    let back = brand.reverse(&spend, 0).await.unwrap();
    assert_eq!((back.expired_amount, brand.balance(&member).await), (30, 50));
    brand.pass_days(8).await;
    let entries = brand.entries(&member, "points").await;
    assert_eq!(entries.iter().map(|entry| entry.amount).sum::<i64>(), 0);
    brand.check().await;
}

/// No table has a column that could hold one.
#[tokio::test]
async fn no_amount_is_a_floating_point_number() {
    let brand = brand().await;
    let columns = match brand.h.db.backend() {
        DbBackend::Sqlite => {
            "SELECT COUNT(*) FROM sqlite_master AS t, pragma_table_info(t.name) AS c \
             WHERE t.type = 'table' AND (c.type LIKE '%REAL%' OR c.type LIKE '%FLOA%' OR c.type LIKE '%DOUB%')"
        }
        _ => {
            "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = current_schema() \
             AND data_type IN ('real', 'double precision', 'numeric')"
        }
    };
    assert_eq!(brand.count(columns).await, 0);
}
