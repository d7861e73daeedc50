//! What a call reads does not grow with the history of its member, nor with how many others there are: PostgreSQL plans a
//! statement once, perhaps while its table is empty, and nothing tells it later that the table has grown.

use std::cell::Cell;
use std::ops::Range;

use contracts_points::v1::*;
use kernel::Id;
use testkit::reads::grown;

use crate::brand::{Brand, Member, brand, order_rule};

const FEW: u32 = 1_000;
const MANY: u32 = 20_000;

impl Brand {
    async fn newest_entries(&self, member: &str) -> Vec<Entry> {
        let request = ListEntriesRequest {
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            page_size: 20,
            page_token: String::new(),
        };
        self.points().list_entries(request).await.unwrap().into_inner().entries
    }

    /// Other members with all that this one has, and a long history of this one.
    async fn multiply(&self, member: &str, numbers: Range<u32>) {
        const OTHER: &str = "'member_id', md5(n::text)::uuid";
        let id = member.parse::<Id<Member>>().unwrap().uuid();
        let of = |condition: &str| format!("member_id = '{id}' AND {condition}");
        let made = [
            ("account", of("asset_code = 'points'"), OTHER.to_owned()),
            (
                "entry",
                of("kind = 1 AND activity_id IS NULL"),
                format!("{OTHER}, 'entry_id', md5('e' || n)::uuid"),
            ),
            (
                "entry",
                of("kind = 2 AND hold_id IS NULL"),
                "'sequence', 1000000 + n, 'entry_id', md5('h' || n)::uuid".to_owned(),
            ),
            (
                "entry_lot",
                "TRUE".to_owned(),
                "'entry_id', md5('h' || n)::uuid".to_owned(),
            ),
            ("lot", of("open"), format!("{OTHER}, 'lot_id', md5('o' || n)::uuid")),
            (
                "lot",
                of("open"),
                "'lot_id', md5('s' || n)::uuid, 'remaining', 0, 'open', FALSE".to_owned(),
            ),
            (
                "hold",
                of("state = 2"),
                format!("{OTHER}, 'hold_id', md5('o' || n)::uuid"),
            ),
            ("hold", of("state = 2"), "'hold_id', md5('h' || n)::uuid".to_owned()),
            (
                "hold_lot",
                "TRUE".to_owned(),
                "'hold_id', md5('h' || n)::uuid".to_owned(),
            ),
            (
                "earning_decision",
                of("TRUE"),
                "'activity_id', md5('d' || n)::uuid, 'source_id', 'made-' || n".to_owned(),
            ),
            ("order_money", "TRUE".to_owned(), "'source_id', 'made-' || n".to_owned()),
            (
                "order_refund",
                "TRUE".to_owned(),
                "'activity_id', md5('r' || n)::uuid".to_owned(),
            ),
            ("rule_counter", of("TRUE"), OTHER.to_owned()),
            ("rule_counter", of("TRUE"), "'period', 'made-' || n".to_owned()),
            ("member_tier", of("TRUE"), OTHER.to_owned()),
        ];
        for (table, like, with) in made {
            self.h.multiply(table, &like, numbers.clone(), &with).await;
        }
    }
}

#[tokio::test]
async fn a_call_reads_no_more_of_a_long_history_among_many_members() {
    let brand = brand().await;
    if !brand.h.leave_unanalysed().await {
        return;
    }
    let capped = EarningRule {
        caps: Some(EarningCaps {
            member_day: 1_000_000,
            ..EarningCaps::default()
        }),
        ..order_rule("activity.amount / 100")
    };
    brand.create_rule("base", capped).await;
    let member = brand.member();
    brand.promote(&member, "gold");
    brand.earn(&member, 1_000_000, 0).await;
    brand.redeem(&member, 1).await.unwrap();
    let held = brand.hold(&member, 10, 600).await.unwrap().hold_id;
    brand.capture(&held, 0).await.unwrap();
    brand.pay(&member, "first", 500);
    brand.refund(&member, "first", "refund of first", 100);
    brand.h.settle().await;
    brand.multiply(&member, 0..FEW).await;
    let turn = Cell::new(0_u32);
    let number = || {
        turn.set(turn.get() + 1);
        turn.get()
    };
    let balance = async || drop(brand.balance_of(&member, "points").await);
    let entries = async || drop(brand.newest_entries(&member).await);
    let lots = async || drop(brand.lots(&member).await);
    let redeem = async || drop(brand.redeem(&member, 1).await.unwrap());
    let reverse = async || {
        let entry = brand.redeem(&member, 1).await.unwrap();
        brand.reverse(&entry, 0).await.unwrap();
    };
    let hold = async || {
        let hold = brand.hold(&member, 10, 600).await.unwrap().hold_id;
        brand.capture(&hold, 0).await.unwrap();
    };
    let order = async || {
        let number = number();
        brand.pay(&member, &format!("order-{number}"), 500);
        brand.refund(&member, &format!("order-{number}"), &format!("refund-{number}"), 500);
        brand.h.settle().await;
    };
    macro_rules! measured {
        ($($call:ident),*) => {[$((stringify!($call), brand.h.rows_read(&$call).await)),*]};
    }
    brand.h.warm(&balance).await;
    brand.h.warm(&entries).await;
    brand.h.warm(&lots).await;
    brand.h.warm(&redeem).await;
    brand.h.warm(&reverse).await;
    brand.h.warm(&hold).await;
    brand.h.warm(&order).await;
    let before = measured![balance, entries, lots, redeem, reverse, hold, order];
    brand.multiply(&member, FEW..MANY).await;
    let after = measured![balance, entries, lots, redeem, reverse, hold, order];
    let grown = grown(&before, &after);
    assert!(grown.is_empty(), "{grown:#?}");
}
