//! What earning rules need beyond their first form: other amounts than formulas, caps and budgets with their counters,
//! versions that come into force by the clock, and what was decided about each activity.
//!
//! `rule_book` counts the changes of a tenant's rules, so that a replica that has read them knows by one row whether they are
//! still the same. `order_refund` has the refunds that are counted in `order_money`. A counter holds what was used within the limit by which its last earn was decided: a cap that is
//! lowered later may lie below it.

/// Only ever added to.
pub(super) const EARNING_IN_FULL: &str = "
ALTER TABLE earning_rule_version ADD COLUMN effect_time BIGINT NOT NULL DEFAULT 0;
UPDATE earning_rule_version SET effect_time = update_time;
ALTER TABLE earning_rule_version ADD COLUMN amount_kind INT NOT NULL DEFAULT 1 CHECK (amount_kind BETWEEN 1 AND 6);
ALTER TABLE earning_rule_version ADD COLUMN amount_points BIGINT NOT NULL DEFAULT 0 CHECK (amount_points >= 0);
ALTER TABLE earning_rule_version ADD COLUMN amount_per BIGINT NOT NULL DEFAULT 1 CHECK (amount_per > 0);
ALTER TABLE earning_rule_version ADD COLUMN rounding INT NOT NULL DEFAULT 1 CHECK (rounding BETWEEN 1 AND 3);
ALTER TABLE earning_rule_version ADD COLUMN whole_steps BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE earning_rule_version ADD COLUMN compounds BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE earning_rule_version ADD COLUMN item_condition TEXT NOT NULL DEFAULT '';
ALTER TABLE earning_rule_version ADD COLUMN base_rule_codes TEXT NOT NULL DEFAULT '';
ALTER TABLE earning_rule_version ADD COLUMN exclusion_group TEXT NOT NULL DEFAULT '';
ALTER TABLE earning_rule_version ADD COLUMN member_day_max BIGINT NOT NULL DEFAULT 0 CHECK (member_day_max >= 0);
ALTER TABLE earning_rule_version ADD COLUMN member_month_max BIGINT NOT NULL DEFAULT 0 CHECK (member_month_max >= 0);
ALTER TABLE earning_rule_version ADD COLUMN member_total_max BIGINT NOT NULL DEFAULT 0 CHECK (member_total_max >= 0);
ALTER TABLE earning_rule_version ADD COLUMN budget BIGINT NOT NULL DEFAULT 0 CHECK (budget >= 0);
CREATE INDEX earning_rule_version_effect ON earning_rule_version (tenant_id, effect_time);
CREATE TABLE rule_book (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
) {clustered};
INSERT INTO rule_book (tenant_id, revision) SELECT DISTINCT tenant_id, 1 FROM earning_rule;
CREATE TABLE rule_counter (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    rule_code TEXT NOT NULL,
    period TEXT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    limit_max BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id, rule_code, period),
    CHECK (used <= limit_max)
) {clustered};
CREATE TABLE rule_budget (
    tenant_id {uuid} NOT NULL,
    rule_code TEXT NOT NULL,
    used BIGINT NOT NULL CHECK (used >= 0),
    limit_max BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, rule_code),
    CHECK (used <= limit_max)
) {clustered};
CREATE TABLE earning_decision (
    tenant_id {uuid} NOT NULL,
    activity_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    source_id TEXT NOT NULL,
    decide_time BIGINT NOT NULL,
    decision {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, activity_id)
);
CREATE TABLE order_refund (
    tenant_id {uuid} NOT NULL,
    activity_id {uuid} NOT NULL,
    PRIMARY KEY (tenant_id, activity_id)
) {clustered};
CREATE INDEX earning_decision_source ON earning_decision (tenant_id, member_id, source_id, activity_id);
";

#[cfg(test)]
mod tests {
    use kernel::{Clock, Tenant, Time};
    use sea_orm::ConnectionTrait;
    use testkit::TestDb;

    use crate::earning::rows::{find_rule_at, rule_revisions};
    use ledger::{Amount, RuleState};

    #[tokio::test]
    async fn rules_from_before_are_formulas_in_force_since_they_were_made() {
        let all = crate::migrations();
        let before: Vec<store::Migration> = all
            .iter()
            .take_while(|it| it.sql != super::EARNING_IN_FULL)
            .copied()
            .collect();
        let test_db = TestDb::new(before).await;
        let tx = test_db.db().begin().await.unwrap();
        let tenant = Tenant::from_uuid(Clock::system().uuid());
        for sql in [
            "INSERT INTO earning_rule (tenant_id, code, version, state, create_time) VALUES ($1, 'base', 1, 2, 5)",
            "INSERT INTO earning_rule_version (tenant_id, code, version, state, display_name, asset_code, activity_types, \
                 channel_codes, condition, amount_formula, amount_max, priority, stop, update_time) \
             VALUES ($1, 'base', 1, 2, '', 'points', 'order_paid', '', '', 'activity.amount', 0, 0, FALSE, 5)",
        ] {
            tx.execute_raw(store::statement(&*tx, sql, [tenant.uuid().into()]))
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let db = test_db.another(all).await;
        let at = async |micros| {
            find_rule_at(db.read(), tenant, "base", Time::from_micros(micros))
                .await
                .unwrap()
        };
        assert_eq!(at(4).await, None);
        let rule = at(5).await.unwrap();
        assert_eq!(
            (rule.amount, rule.state),
            (Amount::Formula("activity.amount".to_owned()), RuleState::Active)
        );
        let revisions = rule_revisions(db.read(), &[tenant].into()).await.unwrap();
        assert_eq!(revisions[&tenant], 1);
    }
}
