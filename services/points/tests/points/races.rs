use contracts_points::v1::{Entry, ReversePointsRequest};
use tonic::Response;

use crate::brand::{Brand, brand, reason};

/// 20 concurrent gifts of 100 points credited 2,000: read, compute, write absolute.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_spends_of_one_balance_succeed_exactly_as_often_as_it_suffices() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 60, 5).await;
    brand.earn(&member, 47, 0).await;
    let spends: Vec<_> = (0..40)
        .map(|_| {
            let (mut points, request) = (brand.points(), brand.redeem_request(&member, 10));
            tokio::spawn(async move { points.redeem_points(request).await })
        })
        .collect();
    let mut succeeded = 0;
    for spend in spends {
        match spend.await.unwrap() {
            Ok(_) => succeeded += 1,
            Err(status) => assert_eq!(reason(&status), "INSUFFICIENT_POINTS"),
        }
    }
    assert_eq!((succeeded, brand.balance(&member).await), (10, 7));
    brand.check().await;
}

/// Expired credits dropped while their debits stayed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn expiry_races_with_spends_and_each_point_goes_one_way() {
    let brand = brand().await;
    let member = brand.member();
    for _ in 0..10 {
        brand.earn(&member, 10, 1).await;
        brand.earn(&member, 10, 100).await;
    }
    brand.turn_days(1);
    let spends: Vec<_> = (0..30)
        .map(|_| {
            let (mut points, request) = (brand.points(), brand.redeem_request(&member, 7));
            tokio::spawn(async move { points.redeem_points(request).await.is_ok() })
        })
        .collect();
    brand.h.settle().await;
    let mut succeeded = 0;
    for spend in spends {
        succeeded += i64::from(spend.await.unwrap());
    }
    brand.h.settle().await;
    assert_eq!(
        (succeeded, brand.balance(&member).await),
        (14, 2),
        "what was due paid for nothing"
    );
    brand.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_reversals_give_back_no_more_than_was_spent() {
    let brand = brand().await;
    let member = brand.member();
    brand.earn(&member, 100, 0).await;
    let redeem = brand.redeem(&member, 100).await.unwrap();
    let reversals: Vec<_> = (0..12).map(|_| tokio::spawn(reverse(&brand, &redeem, 15))).collect();
    let mut back = 0;
    for reversal in reversals {
        back += i64::from(reversal.await.unwrap()) * 15;
    }
    assert_eq!((back, brand.balance(&member).await), (90, 90));
    brand.check().await;
}

fn reverse(brand: &Brand, entry: &Entry, amount: i64) -> impl Future<Output = bool> + use<> {
    let request = ReversePointsRequest {
        request_id: brand.request_id(),
        member_id: entry.member_id.clone(),
        entry_id: entry.entry_id.clone(),
        amount,
        reference: String::new(),
    };
    let mut points = brand.points();
    async move { points.reverse_points(request).await.map(Response::into_inner).is_ok() }
}

/// First earns of new members, activities and calls, all at once: accounts are created under contention.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_entries_at_once_find_one_account() {
    let brand = brand().await;
    brand
        .create_rule("base", crate::brand::order_rule("activity.amount"))
        .await;
    let members: Vec<String> = (0..20).map(|_| brand.member()).collect();
    for (order, member) in members.iter().enumerate() {
        brand.pay(member, &format!("order-{order}"), 5);
    }
    let earns: Vec<_> = members
        .iter()
        .flat_map(|member| [member, member])
        .map(|member| {
            let (mut points, request) = (brand.points(), brand.earn_request(member, "points", 1));
            tokio::spawn(async move { points.earn_points(request).await.unwrap() })
        })
        .collect();
    brand.h.settle().await;
    for earn in earns {
        earn.await.unwrap();
    }
    brand.h.settle().await;
    for member in &members {
        assert_eq!(brand.balance(member).await, 7);
    }
    brand.check().await;
}
