use contracts_points::v1::{EarnPointsRequest, RedeemPointsRequest, RedeemPointsResponse};
use fault::Fault;
use kernel::{Clock, Principal, Tenant, Time};
use ledger::{AssetKind, ExpiryPolicy, MemberId};
use prost::Message;
use sea_orm::ConnectionTrait;
use store::{Db, Tx, for_update, statement};
use testkit::TestDb;

use crate::asset::rows::{AssetRow, create_asset};
use crate::posting::engine::batch::Poster;
use crate::posting::engine::{Ask, Engine, LOTS_MAX};
use crate::posting::request::ask;
use crate::store::migrations;

/// An engine on a database of its own, and the accounts of one tenant.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) tenant: Tenant,
    pub(crate) db: Db,
    pub(crate) test_db: TestDb,
    pub(crate) engine: Engine,
}

impl World {
    pub(crate) async fn new(writers: usize, queue_max: u32) -> Self {
        Self::bounded(writers, queue_max, LOTS_MAX).await
    }

    pub(crate) async fn bounded(writers: usize, queue_max: u32, lots_max: usize) -> Self {
        let clock = Clock::manual(Time::from_seconds(1_800_000_000));
        let test_db = TestDb::new(migrations()).await;
        let (db, tenant) = (test_db.db(), Tenant::from_uuid(clock.uuid()));
        let tx = db.begin().await.unwrap();
        create_asset(&tx, tenant, &points(clock.now())).await.unwrap();
        tx.commit().await.unwrap();
        Self {
            engine: Engine::with(Poster::new(clock.clone(), db.clone(), lots_max), writers, queue_max),
            clock,
            tenant,
            db,
            test_db,
        }
    }

    pub(crate) fn member(&self) -> MemberId {
        MemberId::generate(&self.clock)
    }

    pub(crate) fn earn(&self, request_id: &str, member: MemberId, amount: i64) -> Ask {
        let request = EarnPointsRequest {
            request_id: request_id.to_owned(),
            member_id: member.to_string(),
            asset_code: "points".to_owned(),
            amount,
            ..EarnPointsRequest::default()
        };
        ask(&Principal::service("tests", self.tenant), &request).unwrap()
    }

    pub(crate) fn redeem(&self, request_id: &str, member: MemberId, amount: i64) -> Ask {
        let request = RedeemPointsRequest {
            request_id: request_id.to_owned(),
            member_id: member.to_string(),
            asset_code: "points".to_owned(),
            amount,
            reference: String::new(),
            cost_centre: String::new(),
        };
        ask(&Principal::service("tests", self.tenant), &request).unwrap()
    }

    pub(crate) async fn balance(&self, member: MemberId) -> i64 {
        let sql = "SELECT balance FROM account WHERE tenant_id = $1 AND member_id = $2";
        let read = self.db.read();
        let row = statement(read, sql, [self.tenant.uuid().into(), member.uuid().into()]);
        let row = read.query_one_raw(row).await.unwrap();
        row.map_or(0, |row| row.try_get_by_index(0).unwrap())
    }

    /// Runs raw SQL about one member's account.
    pub(crate) async fn execute(&self, sql: &str, member: MemberId) {
        let tx = self.db.begin().await.unwrap();
        let done = tx
            .execute_raw(statement(&*tx, sql, [member.uuid().into()]))
            .await
            .unwrap();
        assert_eq!(done.rows_affected(), 1);
        tx.commit().await.unwrap();
    }

    /// Lets nobody post to this account, and in SQLite to none, until it is dropped.
    pub(crate) async fn hold(&self, member: MemberId) -> Tx {
        let tx = self.db.begin().await.unwrap();
        let sql = format!(
            "SELECT 1 FROM account WHERE member_id = $1{}",
            for_update(self.db.backend())
        );
        tx.query_all_raw(statement(&*tx, &sql, [member.uuid().into()]))
            .await
            .unwrap();
        tx
    }
}

fn points(now: Time) -> AssetRow {
    AssetRow {
        asset: ledger::Asset {
            code: "points".into(),
            kind: AssetKind::Points,
            expiry: ExpiryPolicy::Never,
            utc_offset_minutes: 0,
            reversal_grace_days: 0,
            clawback: ledger::ClawbackPolicy::WithinBalance,
            transfer_forbidden: false,
            adjustment_alone_max: 0,
        },
        display_name: String::new(),
        version: 1,
        create_time: now,
        update_time: now,
    }
}

pub(crate) fn reason(outcome: &Result<Vec<u8>, Fault>) -> String {
    outcome
        .as_ref()
        .err()
        .map(|fault| fault.reason().to_owned())
        .unwrap_or_default()
}

pub(crate) fn redeemed(outcome: Result<Vec<u8>, Fault>) -> RedeemPointsResponse {
    RedeemPointsResponse::decode(&*outcome.unwrap()).unwrap()
}
