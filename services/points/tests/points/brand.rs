//! A brand with a ledger, and short words for what its members do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use contracts::r#type::v1::Money;
use contracts_identity::v1::{MembersMerged, MergeUndone};
use contracts_points::v1::asset_service_client::AssetServiceClient;
use contracts_points::v1::earning_rule_service_client::EarningRuleServiceClient;
use contracts_points::v1::hold_service_client::HoldServiceClient;
use contracts_points::v1::ledger_service_client::LedgerServiceClient;
use contracts_points::v1::points_service_client::PointsServiceClient;
use contracts_points::v1::posting_service_client::PostingServiceClient;
use contracts_points::v1::statement_service_client::StatementServiceClient;
use contracts_points::v1::transfer_service_client::TransferServiceClient;
use contracts_points::v1::*;
use contracts_rights::v1::TierChanged;
use contracts_tagging::v1::{Activity, ActivityRecorded};
use kernel::{Id, Kind, Tenant, Time};
use rpc::Channel;
use sea_orm::{ConnectionTrait, DbBackend};
use testkit::Harness;
use tonic::{Response, Status};
use tonic_types::StatusExt;

pub(crate) enum Member {}
impl Kind for Member {
    const PREFIX: &'static str = "mbr";
    const NOUN: &'static str = "member";
}

enum ActivityTag {}
impl Kind for ActivityTag {
    const PREFIX: &'static str = "act";
    const NOUN: &'static str = "activity";
}

enum Merge {}
impl Kind for Merge {
    const PREFIX: &'static str = "mrg";
    const NOUN: &'static str = "merge";
}

pub(crate) struct Brand {
    pub(crate) h: Harness,
    tenant: Tenant,
    requests: AtomicU32,
}

/// A brand with points that never expire and growth value.
pub(crate) async fn brand() -> Brand {
    let h = testkit::harness(points::NAME, points::migrations(), points::service).await;
    let brand = Brand {
        tenant: h.tenant,
        h,
        requests: AtomicU32::new(0),
    };
    brand.create_asset("points", AssetKind::Points, None).await;
    brand.create_asset("growth", AssetKind::Growth, None).await;
    brand
}

impl Brand {
    pub(crate) fn request_id(&self) -> String {
        format!("request-{}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn channel(&self) -> Channel {
        self.h.channel_of(self.tenant)
    }

    pub(crate) fn points(&self) -> PointsServiceClient<Channel> {
        PointsServiceClient::new(self.channel())
    }

    pub(crate) fn postings(&self) -> PostingServiceClient<Channel> {
        PostingServiceClient::new(self.channel())
    }

    pub(crate) fn assets(&self) -> AssetServiceClient<Channel> {
        AssetServiceClient::new(self.channel())
    }

    pub(crate) fn rules(&self) -> EarningRuleServiceClient<Channel> {
        EarningRuleServiceClient::new(self.channel())
    }

    pub(crate) fn ledger(&self) -> LedgerServiceClient<Channel> {
        LedgerServiceClient::new(self.channel())
    }

    pub(crate) fn statements(&self) -> StatementServiceClient<Channel> {
        StatementServiceClient::new(self.channel())
    }

    pub(crate) fn holds(&self) -> HoldServiceClient<Channel> {
        HoldServiceClient::new(self.channel())
    }

    pub(crate) fn transfers(&self) -> TransferServiceClient<Channel> {
        TransferServiceClient::new(self.channel())
    }

    pub(crate) fn member(&self) -> String {
        Id::<Member>::generate(&self.h.clock).to_string()
    }

    pub(crate) fn now(&self) -> Time {
        self.h.clock.now()
    }

    /// Lets days pass, and everybody do what is due.
    pub(crate) async fn pass_days(&self, days: u64) {
        self.turn_days(days);
        self.h.settle().await;
    }

    /// Lets days pass, before anybody does anything about it.
    pub(crate) fn turn_days(&self, days: u64) {
        self.h.clock.advance(Duration::from_secs(days * 86_400));
    }

    pub(crate) async fn create_asset(&self, code: &str, kind: AssetKind, expiry: Option<expiry_policy::Rule>) -> Asset {
        let asset = Asset {
            kind: kind.into(),
            expiry_policy: Some(ExpiryPolicy { rule: expiry }),
            utc_offset_minutes: 480,
            ..Asset::default()
        };
        self.try_create_asset(code, asset).await.unwrap()
    }

    pub(crate) async fn try_create_asset(&self, code: &str, asset: Asset) -> Result<Asset, Status> {
        let request = CreateAssetRequest {
            request_id: self.request_id(),
            code: code.to_owned(),
            asset: Some(asset),
        };
        Ok(self.assets().create_asset(request).await?.into_inner().asset.unwrap())
    }

    /// What expires after some days; 0 is never.
    pub(crate) async fn earn(&self, member: &str, amount: i64, days: i64) -> Entry {
        let expire_time = (days > 0).then(|| self.now().plus_days(days).to_wire());
        let request = EarnPointsRequest {
            expire_time,
            ..self.earn_request(member, "points", amount)
        };
        self.points()
            .earn_points(request)
            .await
            .unwrap()
            .into_inner()
            .entry
            .unwrap()
    }

    pub(crate) async fn earn_of(&self, member: &str, asset: &str, amount: i64) -> Result<Entry, Status> {
        let request = self.earn_request(member, asset, amount);
        Ok(self.points().earn_points(request).await?.into_inner().entry.unwrap())
    }

    pub(crate) fn earn_request(&self, member: &str, asset: &str, amount: i64) -> EarnPointsRequest {
        EarnPointsRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: asset.to_owned(),
            amount,
            expire_time: None,
            reference: String::new(),
            cost_centre: String::new(),
            available_time: None,
            awaits_confirmation: false,
        }
    }

    pub(crate) async fn redeem(&self, member: &str, amount: i64) -> Result<Entry, Status> {
        let request = self.redeem_request(member, amount);
        Ok(self.points().redeem_points(request).await?.into_inner().entry.unwrap())
    }

    pub(crate) fn redeem_request(&self, member: &str, amount: i64) -> RedeemPointsRequest {
        RedeemPointsRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            amount,
            reference: "order-1".to_owned(),
            cost_centre: String::new(),
        }
    }

    /// 0 reverses the rest.
    pub(crate) async fn reverse(&self, entry: &Entry, amount: i64) -> Result<ReversePointsResponse, Status> {
        self.reverse_as(&entry.member_id, &entry.entry_id, amount).await
    }

    pub(crate) async fn reverse_as(
        &self,
        member: &str,
        entry: &str,
        amount: i64,
    ) -> Result<ReversePointsResponse, Status> {
        let request = ReversePointsRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            entry_id: entry.to_owned(),
            amount,
            reference: String::new(),
        };
        self.points().reverse_points(request).await.map(Response::into_inner)
    }

    pub(crate) async fn balance(&self, member: &str) -> i64 {
        self.balance_of(member, "points").await.available
    }

    pub(crate) async fn balance_of(&self, member: &str, asset: &str) -> Balance {
        let request = GetBalanceRequest {
            member_id: member.to_owned(),
            asset_code: asset.to_owned(),
            expiring_within_days: 0,
        };
        self.points()
            .get_balance(request)
            .await
            .unwrap()
            .into_inner()
            .balance
            .unwrap()
    }

    /// The latest first.
    pub(crate) async fn entries(&self, member: &str, asset: &str) -> Vec<Entry> {
        let request = ListEntriesRequest {
            member_id: member.to_owned(),
            asset_code: asset.to_owned(),
            page_size: 500,
            page_token: String::new(),
        };
        self.points().list_entries(request).await.unwrap().into_inner().entries
    }

    pub(crate) async fn lots(&self, member: &str) -> Vec<Lot> {
        let request = ListLotsRequest {
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            page_size: 500,
            page_token: String::new(),
        };
        self.points().list_lots(request).await.unwrap().into_inner().lots
    }

    pub(crate) async fn create_rule(&self, code: &str, rule: EarningRule) -> EarningRule {
        self.try_create_rule(code, rule).await.unwrap()
    }

    pub(crate) async fn try_create_rule(&self, code: &str, rule: EarningRule) -> Result<EarningRule, Status> {
        let request = CreateEarningRuleRequest {
            request_id: self.request_id(),
            code: code.to_owned(),
            earning_rule: Some(rule),
        };
        Ok(self
            .rules()
            .create_earning_rule(request)
            .await?
            .into_inner()
            .earning_rule
            .unwrap())
    }

    pub(crate) async fn update_rule(
        &self,
        code: &str,
        rule: EarningRule,
        paths: &[&str],
    ) -> Result<EarningRule, Status> {
        let request = UpdateEarningRuleRequest {
            request_id: self.request_id(),
            code: code.to_owned(),
            earning_rule: Some(rule),
            update_mask: Some(mask(paths)),
            etag: String::new(),
        };
        Ok(self
            .rules()
            .update_earning_rule(request)
            .await?
            .into_inner()
            .earning_rule
            .unwrap())
    }

    pub(crate) fn activity(&self, member: &str, activity_type: &str, source: &str, amount: i64) -> Activity {
        Activity {
            activity_id: Id::<ActivityTag>::generate(&self.h.clock).to_string(),
            member_id: member.to_owned(),
            channel_code: "tmall".to_owned(),
            source_id: source.to_owned(),
            activity_type: activity_type.to_owned(),
            occur_time: Some(self.now().to_wire()),
            amount: Some(Money {
                currency_code: "CNY".to_owned(),
                minor_units: amount,
            }),
            ..Activity::default()
        }
    }

    pub(crate) fn tell(&self, activity: Activity) {
        let member = activity.member_id.clone();
        self.h.publish(
            "tagging",
            &ActivityRecorded {
                activity: Some(activity),
            },
            &member,
        );
    }

    pub(crate) fn pay(&self, member: &str, order: &str, amount: i64) {
        self.tell(self.activity(member, "order_paid", order, amount));
    }

    pub(crate) fn refund(&self, member: &str, order: &str, refund: &str, amount: i64) {
        let activity = self.activity(member, "order_refunded", refund, amount);
        self.tell(Activity {
            refunded_source_id: order.to_owned(),
            ..activity
        });
    }

    pub(crate) fn merge(&self, absorbed: &str, survivor: &str) {
        let fact = MembersMerged {
            surviving_member_id: survivor.to_owned(),
            absorbed_member_id: absorbed.to_owned(),
            merge_time: Some(self.now().to_wire()),
            ..MembersMerged::default()
        };
        self.h.publish("identity", &fact, survivor);
    }

    /// A merge that can be undone: with its id.
    pub(crate) fn merge_as(&self, absorbed: &str, survivor: &str) -> String {
        let merge_id = Id::<Merge>::from_uuid(self.h.clock.uuid()).to_string();
        self.tell_merged(&merge_id, absorbed, survivor);
        merge_id
    }

    /// Merges, and waits until that is done.
    pub(crate) async fn merged(&self, absorbed: &str, survivor: &str) -> String {
        let merge = self.merge_as(absorbed, survivor);
        self.h.settle().await;
        merge
    }

    /// Undoes a merge, and waits until that is done.
    pub(crate) async fn unmerged(&self, merge: &str, restored: &str, survivor: &str) {
        self.undo(merge, restored, survivor, &[]);
        self.h.settle().await;
        self.check().await;
    }

    pub(crate) fn tell_merged(&self, merge_id: &str, absorbed: &str, survivor: &str) {
        let fact = MembersMerged {
            surviving_member_id: survivor.to_owned(),
            absorbed_member_id: absorbed.to_owned(),
            merge_id: merge_id.to_owned(),
            ..MembersMerged::default()
        };
        self.h.publish("identity", &fact, survivor);
    }

    pub(crate) fn undo(&self, merge_id: &str, restored: &str, survivor: &str, led: &[&String]) {
        let fact = MergeUndone {
            merge_id: merge_id.to_owned(),
            restored_member_id: restored.to_owned(),
            surviving_member_id: survivor.to_owned(),
            led_member_ids: led.iter().map(|&id| id.clone()).collect(),
            ..MergeUndone::default()
        };
        self.h.publish("identity", &fact, survivor);
    }

    pub(crate) fn promote(&self, member: &str, tier: &str) {
        let fact = TierChanged {
            member_id: member.to_owned(),
            to_tier_code: tier.to_owned(),
            ..TierChanged::default()
        };
        self.h.publish("rights", &fact, member);
    }

    /// Every account of the brand, page by page.
    pub(crate) async fn disagreements(&self) -> (i32, Vec<Disagreement>) {
        let (mut checked, mut found, mut page_token) = (0, Vec::new(), String::new());
        loop {
            let request = ReconcileAccountsRequest {
                page_size: 3,
                page_token,
            };
            let page = self.ledger().reconcile_accounts(request).await.unwrap().into_inner();
            checked += page.checked_count;
            found.extend(page.disagreements);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return (checked, found);
            }
        }
    }

    /// The whole ledger agrees with itself: accounts by the contract, lots by their rows.
    pub(crate) async fn check(&self) {
        assert_eq!(self.disagreements().await.1, []);
        let broken = "SELECT COUNT(*) FROM lot AS l WHERE l.remaining + l.held + l.pending <> \
             COALESCE((SELECT e.amount FROM entry AS e WHERE e.tenant_id = l.tenant_id AND e.entry_id = l.lot_id AND e.kind = 1), 0) \
             + COALESCE((SELECT SUM(p.amount) FROM entry_lot AS p WHERE p.tenant_id = l.tenant_id AND p.entry_id = l.lot_id \
                 AND p.regranted), 0) \
             + COALESCE((SELECT SUM(p.amount) FROM entry_lot AS p WHERE p.tenant_id = l.tenant_id AND p.lot_id = l.lot_id \
                 AND NOT p.regranted), 0)";
        assert_eq!(
            self.count(broken).await,
            0,
            "granted + given back - spent - expired - taken back = remaining + held + pending"
        );
        self.check_counters().await;
    }

    /// The running sums are what adding up all entries and lots comes to.
    async fn check_counters(&self) {
        let kept = |axis: i32, columns: &str| {
            format!(
                "SELECT tenant_id, asset_code, {columns}, CAST(SUM(high * 4294967296 + low) AS BIGINT) AS amount \
                 FROM counter WHERE axis = {axis} GROUP BY tenant_id, asset_code, {columns}"
            )
        };
        let entries = "SELECT tenant_id, asset_code, kind, CAST(SUM(amount) AS BIGINT) AS amount FROM entry \
             GROUP BY tenant_id, asset_code, kind";
        let lots = "SELECT tenant_id, asset_code, COALESCE(cost_centre, '') AS centre, \
             CAST(SUM(remaining + held + pending) AS BIGINT) AS amount FROM lot WHERE remaining + held + pending > 0 GROUP BY tenant_id, asset_code, COALESCE(cost_centre, '')";
        for (kept, added_up) in [
            (kept(1, "kind"), entries),
            (kept(2, "kind"), entries),
            (kept(1, "centre"), lots),
        ] {
            for (one, other) in [(&*kept, added_up), (added_up, &*kept)] {
                let differ = format!(
                    "SELECT COUNT(*) FROM (SELECT * FROM ({one}) AS a WHERE amount <> 0 EXCEPT SELECT * FROM ({other}) AS b) AS d"
                );
                assert_eq!(self.count(&differ).await, 0, "{one} against {other}");
            }
        }
        let numbers = "SELECT (SELECT COUNT(*) FROM entry) - (SELECT CAST(COALESCE(SUM(entries), 0) AS BIGINT) FROM counter \
             WHERE axis = 1)";
        assert_eq!(self.count(numbers).await, 0, "every entry counts once");
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let db = self.h.db.read();
        let row = db.query_one_raw(store::statement(db, sql, [])).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// Takes away what keeps entries, lots and accounts from being tampered with, as only the database's owner can.
    pub(crate) async fn lift_guards(&self) {
        let guards = [
            ("entry", "update"),
            ("entry", "delete"),
            ("entry_lot", "update"),
            ("entry_lot", "delete"),
            ("account", "update"),
            ("account", "delete"),
            ("lot", "update"),
            ("lot", "delete"),
        ];
        for (table, event) in guards {
            let on = match self.h.db.backend() {
                DbBackend::Sqlite => String::new(),
                _ => format!(" ON {table}"),
            };
            self.execute(&format!("DROP TRIGGER {table}_refuses_{event}{on}"))
                .await
                .unwrap();
        }
    }

    /// A member with all that an account is granted, in one lot, as no posting grants it by itself. The running sums do not
    /// know of it, and nothing is guarded any more.
    pub(crate) async fn full(&self) -> String {
        let full = self.member();
        self.earn(&full, 4_711_008, 0).await;
        self.lift_guards().await;
        for (table, change) in [
            (
                "lot",
                "granted = 1000000000000000000, remaining = 1000000000000000000 WHERE granted",
            ),
            (
                "entry",
                "amount = 1000000000000000000, balance = 1000000000000000000 WHERE amount",
            ),
            ("account", "balance = 1000000000000000000 WHERE balance"),
        ] {
            let change = format!("UPDATE {table} SET {change} = 4711008");
            assert_eq!(self.execute(&change).await.unwrap(), 1, "{change}");
        }
        full
    }

    /// Lets the ledger prove all its accounts once more.
    pub(crate) async fn prove(&self) {
        self.h.clock.advance(Duration::from_mins(11));
        self.h.settle().await;
    }

    pub(crate) async fn reconciliation(&self) -> Reconciliation {
        let asked = self.ledger().get_reconciliation(GetReconciliationRequest {}).await;
        asked.unwrap().into_inner().reconciliation.unwrap()
    }

    pub(crate) async fn frozen(&self) -> Vec<FrozenAccount> {
        let asked = self
            .ledger()
            .list_frozen_accounts(ListFrozenAccountsRequest::default())
            .await;
        asked.unwrap().into_inner().frozen_accounts
    }

    pub(crate) async fn freeze(&self, member: &str) -> Result<FrozenAccount, Status> {
        let request = FreezeAccountRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            reason: "stolen phone".to_owned(),
        };
        Ok(self
            .ledger()
            .freeze_account(request)
            .await?
            .into_inner()
            .frozen_account
            .unwrap())
    }

    pub(crate) async fn unfreeze(&self, member: &str) -> Result<i64, Status> {
        let request = UnfreezeAccountRequest {
            request_id: self.request_id(),
            member_id: member.to_owned(),
            asset_code: "points".to_owned(),
            reason: "ticket 4711".to_owned(),
        };
        Ok(self.ledger().unfreeze_account(request).await?.into_inner().balance)
    }

    /// Runs raw SQL, as nobody should.
    pub(crate) async fn execute(&self, sql: &str) -> Result<u64, String> {
        let tx = self.h.db.begin().await.unwrap();
        let done = tx
            .execute_raw(store::statement(&*tx, sql, []))
            .await
            .map_err(|error| error.to_string())?;
        tx.commit().await.unwrap();
        Ok(done.rows_affected())
    }
}

pub(crate) fn mask(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
    }
}

/// A rule in force: what an order pays in yuan earns points by a formula.
pub(crate) fn order_rule(formula: &str) -> EarningRule {
    EarningRule {
        state: EarningRuleState::Active.into(),
        asset_code: "points".to_owned(),
        activity_types: vec!["order_paid".to_owned()],
        amount_formula: formula.to_owned(),
        currency_code: "CNY".to_owned(),
        ..EarningRule::default()
    }
}

pub(crate) fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

pub(crate) fn metadata(status: &Status, key: &str) -> String {
    let details = status.get_error_details();
    details
        .error_info()
        .and_then(|info| info.metadata.get(key).cloned())
        .unwrap_or_default()
}
