//! What one process cannot show through its contract: replicas that work at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;

use contracts_tagging::v1::{Activity, ActivityRecorded};
use events::{Consumer, Envelope};
use kernel::{Clock, Fact, Tenant, Time};
use ledger::{
    ActivityId, Amount, Asset, AssetKind, ClawbackPolicy, EarningRule, ExpiryPolicy, MemberCaps, MemberId, RuleState,
};
use prost::Message;
use sea_orm::ConnectionTrait;
use store::Db;
use testkit::TestDb;

use super::EarnByRules;
use crate::asset::rows::{AssetRow, create_asset};
use crate::earning::rows::{RuleRow, create_rule, update_rule};
use crate::earning::rule_books::RuleBooks;

const START: Time = Time::from_seconds(1_767_225_600);

struct Brand {
    test_db: TestDb,
    clock: Clock,
    tenant: Tenant,
}

async fn brand(rule: EarningRule) -> Brand {
    let test_db = TestDb::new(crate::migrations()).await;
    let clock = Clock::manual(START);
    let brand = Brand {
        tenant: Tenant::from_uuid(clock.uuid()),
        test_db,
        clock,
    };
    let asset = AssetRow {
        asset: Asset {
            code: "points".into(),
            kind: AssetKind::Points,
            expiry: ExpiryPolicy::Never,
            utc_offset_minutes: 480,
            reversal_grace_days: 0,
            clawback: ClawbackPolicy::WithinBalance,
            transfer_forbidden: false,
            adjustment_alone_max: 0,
        },
        display_name: String::new(),
        version: 1,
        create_time: START,
        update_time: START,
    };
    let tx = brand.test_db.db().begin().await.unwrap();
    assert!(create_asset(&tx, brand.tenant, &asset).await.unwrap());
    assert!(create_rule(&tx, brand.tenant, &row(rule)).await.unwrap());
    tx.commit().await.unwrap();
    brand
}

fn row(rule: EarningRule) -> RuleRow {
    RuleRow {
        rule,
        display_name: String::new(),
        create_time: START,
        update_time: START,
        budget_used: 0,
    }
}

fn rule(version: i32, effect: Time) -> EarningRule {
    EarningRule {
        code: "base".to_owned(),
        version,
        state: RuleState::Active,
        effect,
        asset: "points".into(),
        activity_types: vec!["order_paid".to_owned()],
        channels: Vec::new(),
        condition: String::new(),
        amount: Amount::Fixed(7),
        amount_max: 0,
        caps: MemberCaps::default(),
        budget: 0,
        priority: 0,
        stop: false,
        exclusion_group: String::new(),
        currency: String::new(),
        start: None,
        end: None,
    }
}

impl Brand {
    fn paid(&self, member: MemberId, order: usize) -> Envelope {
        let recorded = ActivityRecorded {
            activity: Some(Activity {
                activity_id: ActivityId::generate(&self.clock).to_string(),
                member_id: member.to_string(),
                channel_code: "tmall".to_owned(),
                source_id: format!("order-{order}"),
                activity_type: "order_paid".to_owned(),
                occur_time: Some(self.clock.now().to_wire()),
                ..Activity::default()
            }),
        };
        Envelope {
            position: 1,
            id: self.clock.uuid(),
            tenant: self.tenant,
            kind: ActivityRecorded::TYPE.to_owned(),
            subject: member.to_string(),
            payload: recorded.encode_to_vec(),
            occur_time: self.clock.now(),
            traceparent: String::new(),
        }
    }

    async fn number(&self, sql: &str) -> i64 {
        let db = self.test_db.db();
        let statement = store::statement(db.read(), sql, []);
        let row = db.read().query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}

/// Until it has taken part in a commit: a consumer that loses a race does it again.
async fn apply(db: &Db, consumer: &EarnByRules, facts: &[Envelope]) {
    for _ in 0..50 {
        let tx = db.begin().await.unwrap();
        if consumer.apply(&tx, facts).await.is_ok() && tx.commit().await.is_ok() {
            return;
        }
    }
    panic!("fifty races were lost");
}

/// Caps at concurrency: batches of one budget and of the same members, at once and in different orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_at_once_draw_no_more_than_budget_and_caps_allow() {
    let capped = EarningRule {
        caps: MemberCaps {
            day: 0,
            month: 0,
            total: 50,
        },
        budget: 333,
        ..rule(1, START)
    };
    let brand = brand(capped).await;
    let members: Vec<MemberId> = (0..8).map(|_| MemberId::generate(&brand.clock)).collect();
    let replicas = [brand.test_db.db(), brand.test_db.another(crate::migrations()).await];
    let mut batches = tokio::task::JoinSet::new();
    for batch in 0..8 {
        let mut facts: Vec<Envelope> = (0..10)
            .map(|order| brand.paid(members[(order + batch) % 8], batch * 10 + order))
            .collect();
        if batch % 2 == 1 {
            facts.reverse();
        }
        let (db, consumer) = (replicas[batch % 2].clone(), EarnByRules::new(brand.clock.clone()));
        batches.spawn(async move { apply(&db, &consumer, &facts).await });
    }
    while let Some(done) = batches.join_next().await {
        done.unwrap();
    }
    assert_eq!(
        brand.number("SELECT COUNT(*) FROM earning_decision").await,
        80,
        "each was judged"
    );
    assert_eq!(brand.number("SELECT used FROM rule_budget").await, 333);
    assert_eq!(
        brand.number("SELECT CAST(SUM(balance) AS BIGINT) FROM account").await,
        333
    );
    assert!(brand.number("SELECT MAX(balance) FROM account").await <= 50);
    let differing = "SELECT COUNT(*) FROM rule_counter AS c JOIN account AS a ON a.tenant_id = c.tenant_id \
         AND a.member_id = c.member_id WHERE a.balance <> c.used";
    assert_eq!(brand.number(differing).await, 0);
}

#[tokio::test]
async fn a_change_of_the_rules_holds_from_the_next_batch_in_every_replica() {
    let brand = brand(rule(1, START)).await;
    let (db, tenants) = (brand.test_db.db(), BTreeSet::from([brand.tenant]));
    let replicas = [RuleBooks::new(), RuleBooks::new()];
    let versions = async |now: Time| {
        let tx = db.begin().await.unwrap();
        let mut found = Vec::new();
        for replica in &replicas {
            let books = replica.of(&tx, &tenants, now).await.unwrap();
            let rules = books[&brand.tenant].matching("order_paid", "tmall");
            found.push(rules[0].rule.version);
        }
        found
    };
    let change = async |rule: EarningRule| {
        let tx = db.begin().await.unwrap();
        update_rule(&tx, brand.tenant, &row(rule)).await.unwrap();
        tx.commit().await.unwrap();
    };
    assert_eq!(versions(START).await, [1, 1]);
    change(rule(2, START)).await;
    assert_eq!(versions(START).await, [2, 2]);
    change(rule(3, START.plus_days(1))).await;
    assert_eq!(versions(START).await, [2, 2]);
    assert_eq!(versions(START.plus_days(1)).await, [3, 3], "by the clock alone");
    assert_eq!(
        versions(START).await,
        [2, 2],
        "a clock that is behind decides by its own time"
    );
}

#[tokio::test]
async fn rules_that_have_not_changed_are_not_read_again() {
    let brand = brand(rule(1, START)).await;
    let books = RuleBooks::new();
    let tx = brand.test_db.db().begin().await.unwrap();
    let tenants = BTreeSet::from([brand.tenant]);
    let first = books.of(&tx, &tenants, START).await.unwrap();
    let second = books.of(&tx, &tenants, START.plus_days(99)).await.unwrap();
    assert!(Arc::ptr_eq(&first[&brand.tenant], &second[&brand.tenant]));
}
