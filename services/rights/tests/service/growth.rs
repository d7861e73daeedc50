//! What a call reads does not grow with the coupons of its member, nor with how many others there are: PostgreSQL plans a
//! statement once, perhaps while its table is empty, and nothing tells it later that the table has grown.

use std::ops::Range;
use std::time::Duration;

use kernel::Id;
use sea_orm::ConnectionTrait;
use testkit::reads::grown;

use crate::brand::{AnyCoupon, Brand, Member, brand_with_ladder, issued, item, ten_off};

const FEW: u32 = 1_000;
const MANY: u32 = 20_000;

impl Brand {
    fn new_id(&self) -> String {
        self.harness.clock.uuid().to_string()
    }

    async fn issue_one(&self, member: &str) -> String {
        let items = vec![item(member, &self.new_id())];
        let response = self.issue_items(&self.new_id(), "ten", items).await.unwrap();
        issued(&response).remove(0).coupon_id
    }

    /// Other members with all that this one has, and a long history of this one.
    async fn multiply(&self, member: &str, numbers: Range<u32>) {
        const OTHER: &str = "'member_id', md5(n::text)::uuid";
        let id = member.parse::<Id<Member>>().unwrap().uuid();
        let like = format!("member_id = '{id}'");
        let coupon = "'coupon_id', md5('o' || n)::uuid, 'item_id', 'other-' || n";
        let made = [
            ("member", OTHER.to_owned()),
            ("growth", OTHER.to_owned()),
            ("allowance", OTHER.to_owned()),
            ("coupon", format!("{OTHER}, {coupon}")),
            (
                "coupon",
                "'coupon_id', md5('h' || n)::uuid, 'item_id', 'made-' || n".to_owned(),
            ),
            ("tier_change", format!("{OTHER}, 'tier_change_id', md5('o' || n)::uuid")),
            ("tier_change", "'tier_change_id', md5('h' || n)::uuid".to_owned()),
        ];
        for (table, with) in made {
            self.harness.multiply(table, &like, numbers.clone(), &with).await;
        }
    }
}

#[tokio::test]
async fn a_call_reads_no_more_of_many_coupons_among_many_members() {
    let brand = brand_with_ladder().await;
    if !brand.harness.leave_unanalysed().await {
        return;
    }
    brand.create(ten_off("ten")).await.unwrap();
    let member = brand.member();
    brand.tell_registered(&member);
    brand.tell_earned(&member, "growth", 10);
    brand.issue_one(&member).await;
    brand.settle().await;
    brand.multiply(&member, 0..FEW).await;
    let coupons = async || drop(brand.list(&member, None).await);
    let standing = async || drop(brand.standing(&member).await);
    let issue = async || drop(brand.issue_one(&member).await);
    let redeem = async || {
        let coupon = brand.issue_one(&member).await;
        let order = brand.new_id();
        brand.lock(&brand.new_id(), &coupon, &order, 600).await.unwrap();
        brand.redeem(&brand.new_id(), &coupon, &order, 100_000).await.unwrap();
    };
    let grow = async || {
        brand.tell_earned(&member, "growth", 1);
        brand.settle().await;
    };
    let merge = async || {
        let (one, other) = (brand.member(), brand.member());
        brand.issue_one(&one).await;
        brand.tell_registered(&one);
        brand.tell_registered(&other);
        brand.tell_merged(&other, &one);
        brand.settle().await;
    };
    macro_rules! measured {
        ($($call:ident),*) => {[$((stringify!($call), brand.harness.rows_read(&$call).await)),*]};
    }
    brand.harness.warm(&coupons).await;
    brand.harness.warm(&standing).await;
    brand.harness.warm(&issue).await;
    brand.harness.warm(&redeem).await;
    brand.harness.warm(&grow).await;
    brand.harness.warm(&merge).await;
    let before = measured![coupons, standing, issue, redeem, grow, merge];
    brand.multiply(&member, FEW..MANY).await;
    let after = measured![coupons, standing, issue, redeem, grow, merge];
    let grown = grown(&before, &after);
    assert!(grown.is_empty(), "{grown:#?}");
}

/// The index of what is due holds nothing of what is done.
#[tokio::test]
async fn expiring_a_coupon_reads_no_more_of_many_that_have_expired_or_have_their_time_before_them() {
    let brand = brand_with_ladder().await;
    if !brand.harness.leave_unanalysed().await {
        return;
    }
    brand.create(ten_off("ten")).await.unwrap();
    let member = brand.member();
    brand.issue_one(&member).await;
    let expire = async || {
        let coupon = brand.issue_one(&member).await;
        let id = coupon.parse::<Id<AnyCoupon>>().unwrap().uuid();
        // Of this one alone the time has come.
        let sql = format!(
            "UPDATE coupon SET start_time = 0, expire_time = {} WHERE coupon_id = '{id}'",
            brand.harness.clock.now().micros()
        );
        brand.harness.db.read().execute_unprepared(&sql).await.unwrap();
        brand.harness.clock.advance(Duration::from_secs(1));
        brand.settle().await;
    };
    let multiply = async |numbers: Range<u32>| {
        let living = "'coupon_id', md5('l' || n)::uuid, 'item_id', 'living-' || n";
        brand
            .harness
            .multiply("coupon", "state = 'issued'", numbers.clone(), living)
            .await;
        let dead = "'coupon_id', md5('d' || n)::uuid, 'item_id', 'dead-' || n, 'state', 'expired'";
        brand
            .harness
            .multiply("coupon", "state = 'issued'", numbers, dead)
            .await;
    };
    multiply(0..FEW).await;
    brand.harness.warm(&expire).await;
    let before = [("expire", brand.harness.rows_read(&expire).await)];
    multiply(FEW..MANY).await;
    let after = [("expire", brand.harness.rows_read(&expire).await)];
    let grown = grown(&before, &after);
    assert!(grown.is_empty(), "{grown:#?}");
    assert!(
        after[0].1.keys().any(|read| read.contains("coupon_expiry_due")),
        "{after:?}"
    );
}
