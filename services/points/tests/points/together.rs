//! Balances that are read together: each caller gets what it would get alone.

use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::*;
use futures::future::join_all;
use kernel::Tenant;
use tonic::Status;

use crate::brand::{Brand, brand, reason};

const MEMBERS: usize = 12;
/// How many days ahead a caller looks; the lots of a member expire after one of them and after the next.
const DAYS: [i32; 3] = [1, 4, 40];

impl Brand {
    async fn read(&self, tenant: Tenant, member: &str, asset: &str, days: i32) -> Result<Balance, Status> {
        let request = GetBalanceRequest {
            member_id: member.to_owned(),
            asset_code: asset.to_owned(),
            expiring_within_days: days,
        };
        let mut points = PointsServiceClient::new(self.h.channel_of(tenant));
        Ok(points.get_balance(request).await?.into_inner().balance.unwrap())
    }
}

/// Of two brands, of merged members, of members without entries, of assets that there are not, over different times.
#[tokio::test(flavor = "multi_thread")]
async fn together_and_alone_balances_are_the_same() {
    let brand = brand().await;
    let members: Vec<String> = (0..MEMBERS).map(|_| brand.member()).collect();
    for (number, member) in (1_i64..).zip(&members).skip(1).step_by(2) {
        brand.earn(member, number, 0).await;
        brand.earn(member, number * 100, 2).await;
        brand.earn(member, number * 10_000, 9).await;
    }
    // Of each four, one is absorbed by the next: an id that leads on, to an account that the next also reads.
    for pair in members.chunks_exact(4) {
        brand.merge(&pair[0], &pair[1]);
        brand.merge(&pair[3], &pair[2]);
    }
    brand.h.settle().await;
    let brands = [brand.h.tenant, brand.h.other_tenant()];
    let mut calls = Vec::new();
    for member in &members {
        for asset in ["points", "growth", "nothing"] {
            for tenant in brands {
                calls.extend(DAYS.map(|days| (tenant, &**member, asset, days)));
            }
        }
    }
    let ask = async |&(tenant, member, asset, days): &(Tenant, &str, &str, i32)| {
        let read = brand.read(tenant, member, asset, days).await;
        read.map_err(|status| (reason(&status), status.message().to_owned()))
    };
    let together = join_all(calls.iter().map(ask)).await;
    for (call, together) in calls.iter().zip(together) {
        let alone = ask(call).await;
        assert_eq!(together, alone, "{call:?}");
        let (tenant, member, asset, days) = *call;
        let known = tenant == brand.h.tenant && asset != "nothing";
        assert_eq!(together.is_ok(), known, "{call:?}");
        let Ok(balance) = together else { continue };
        // What its own earnings make, by its number: of a pair's second member also what the first brought.
        let number = members.iter().position(|it| it == member).unwrap();
        let earned: i64 = match number % 4 {
            0 | 1 => i64::try_from(number / 4 * 4 + 2).unwrap(),
            _ => i64::try_from(number / 4 * 4 + 4).unwrap(),
        };
        let expected = match (asset, days) {
            ("growth", _) => (0, 0),
            (_, 1) => (earned * 10_101, 0),
            (_, 4) => (earned * 10_101, earned * 100),
            _ => (earned * 10_101, earned * 10_100),
        };
        assert_eq!((balance.available, balance.expiring_soon), expected, "{call:?}");
    }
}

/// A posting that was answered is in the next balance, however many balances share a statement that began before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_posting_is_in_the_balance_that_is_read_next() {
    let brand = brand().await;
    let members: Vec<String> = (0..MEMBERS).map(|_| brand.member()).collect();
    let earn = async |member: &String| {
        for turn in 1..=8 {
            let entry = brand.earn(member, 1, 0).await;
            let balance = brand.balance_of(member, "points").await;
            assert_eq!((balance.available, balance.sequence), (turn, entry.sequence));
        }
    };
    join_all(members.iter().map(earn)).await;
}
