//! How fast rows that are due are ended with their facts: coupons whose validity has ended, many at a time, while the platform
//! runs. Each round does the same beside the coupons that the rounds before have ended, which must cost nothing.

use std::time::{Duration, Instant};

use clap::Args;
use contracts_rights::v1::coupon_benefit::Kind as Benefit;
use contracts_rights::v1::coupon_service_client::CouponServiceClient;
use contracts_rights::v1::coupon_template_service_client::CouponTemplateServiceClient;
use contracts_rights::v1::coupon_validity::Kind as Validity;
use contracts_rights::v1::{
    CouponBenefit, CouponTemplate, CouponTemplateState, CouponValidity, CreateCouponTemplateRequest, FreeShipping,
    IssueCouponsRequest, IssueItem,
};
use fault::Fault;
use futures::{StreamExt, TryStreamExt};
use kernel::{Clock, Id, Kind};
use sea_orm::{ConnectionTrait, DbBackend};
use store::{Db, statement};

use crate::fleet::{Fleet, Route};
use crate::say;

/// How much there is to do.
#[derive(Debug, Clone, Args)]
pub(crate) struct DueArgs {
    /// How many coupons come due at once.
    #[arg(long, default_value_t = 200_000)]
    coupons: usize,
    /// How often.
    #[arg(long, default_value_t = 2)]
    rounds: usize,
}

const TEMPLATE: &str = "due";
/// How many coupons a call issues.
const BATCH: usize = 1_000;
/// How many calls are under way while coupons are issued.
const ISSUED_AT_ONCE: usize = 4;
/// How often is looked whether all is done.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a round may take.
const ROUND_MAX: Duration = Duration::from_mins(10);

enum Member {}

impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

/// Measures some rounds and prints a table. After each one every coupon must have been told once.
pub(crate) async fn run(fleet: &Fleet, scale: &DueArgs) -> Result<(), Fault> {
    let (clock, route) = (Clock::system(), fleet.direct("rights")?);
    let db = Db::open(&fleet.database_of("rights"), rights::NAME, rights::migrations()).await?;
    create_template(&route).await?;
    say(&format!("{} coupons due at once, {}", scale.coupons, fleet.database()));
    say(&format!(
        "{:<30} {:>10} {:>14} {:>22}",
        "", "seconds", "coupons/min", "facts with position/min"
    ));
    let mut before: usize = 0;
    for _ in 0..scale.rounds {
        issue(&route, &clock, scale.coupons).await?;
        let begun = Instant::now();
        come_due(&db, &clock).await?;
        wait_for(&db, "SELECT 1 FROM coupon WHERE state = 'issued' LIMIT 1").await?;
        let ended = begun.elapsed();
        wait_for(&db, without_position(db.backend())).await?;
        let told = begun.elapsed();
        say(&format!(
            "{:<30} {:>10} {:>14} {:>22}",
            format!("beside {before} that have ended"),
            format!("{}.{:02}", ended.as_secs(), ended.subsec_millis() / 10),
            a_minute(scale.coupons, ended),
            a_minute(scale.coupons, told),
        ));
        before = before.saturating_add(scale.coupons);
        check(&db, before).await?;
    }
    Ok(())
}

async fn create_template(route: &Route) -> Result<(), Fault> {
    let template = CouponTemplate {
        code: TEMPLATE.to_owned(),
        name: "Due".to_owned(),
        benefit: Some(CouponBenefit {
            kind: Some(Benefit::FreeShipping(FreeShipping {})),
        }),
        validity: Some(CouponValidity {
            kind: Some(Validity::DaysAfterIssue(1)),
        }),
        state: CouponTemplateState::Active.into(),
        ..CouponTemplate::default()
    };
    let request = CreateCouponTemplateRequest {
        request_id: "template".to_owned(),
        template: Some(template),
    };
    let mut client = CouponTemplateServiceClient::new(route.channel());
    let created = client.create_coupon_template(route.request(request)).await;
    created.map(drop).map_err(Fault::from_peer)
}

/// By the contract, one for each of so many new members.
async fn issue(route: &Route, clock: &Clock, coupons: usize) -> Result<(), Fault> {
    let items = (0..coupons).map(|_| IssueItem {
        member_id: Id::<Member>::generate(clock).to_string(),
        item_id: String::new(),
    });
    let calls = futures::stream::iter(items).chunks(BATCH).map(|items| {
        let request = route.request(IssueCouponsRequest {
            request_id: clock.uuid().to_string(),
            template_code: TEMPLATE.to_owned(),
            items,
        });
        let mut client = CouponServiceClient::new(route.channel());
        async move { client.issue_coupons(request).await.map(drop) }
    });
    let issued = calls.buffered(ISSUED_AT_ONCE).try_for_each(|()| async { Ok(()) });
    issued.await.map_err(Fault::from_peer)
}

/// No contract makes time pass: the coupons' validity is ended where it is stored.
async fn come_due(db: &Db, clock: &Clock) -> Result<(), Fault> {
    const DUE: &str = "UPDATE coupon SET start_time = 0, expire_time = $1 WHERE state = 'issued'";
    let tx = db.begin().await?;
    tx.execute_raw(statement(&*tx, DUE, [clock.now().micros().into()]))
        .await?;
    tx.commit().await
}

/// Finds a fact without a position. In PostgreSQL they get theirs in the order of their ids.
fn without_position(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM (SELECT fact_id FROM outbox ORDER BY fact_id DESC LIMIT 1) AS o \
             WHERE NOT EXISTS (SELECT FROM fact_position AS p WHERE p.fact_id = o.fact_id)"
        }
        _ => "SELECT 1 FROM outbox WHERE position IS NULL LIMIT 1",
    }
}

/// Waits until a statement finds nothing more.
async fn wait_for(db: &Db, some: &str) -> Result<(), Fault> {
    let begun = Instant::now();
    while db.read().query_one_raw(statement(db.read(), some, [])).await?.is_some() {
        if begun.elapsed() > ROUND_MAX {
            return Err(Fault::internal(format!("after {ROUND_MAX:?} there is still: {some}")));
        }
        kernel::pause(LOOK_EVERY).await;
    }
    Ok(())
}

/// Every coupon that has ended was told, once.
async fn check(db: &Db, expected: usize) -> Result<(), Fault> {
    const ENDED: &str = "SELECT COUNT(*) FROM coupon WHERE state = 'expired'";
    const TOLD: &str = "SELECT COUNT(*) FROM outbox WHERE kind = 'rights.coupon_expired'";
    for count in [ENDED, TOLD] {
        let row = db.read().query_one_raw(statement(db.read(), count, [])).await?;
        let row = row.ok_or_else(|| Fault::internal("an aggregate answered without a row"))?;
        let found: i64 = row.try_get_by_index(0)?;
        if usize::try_from(found) != Ok(expected) {
            return Err(Fault::internal(format!("{found} instead of {expected}: {count}")));
        }
    }
    Ok(())
}

fn a_minute(count: usize, elapsed: Duration) -> u128 {
    let count = u128::try_from(count).unwrap_or(u128::MAX);
    count
        .saturating_mul(60_000)
        .checked_div(elapsed.as_millis().max(1))
        .unwrap_or(0)
}
