use store::Migration;

/// Next versions of rules while they are worked on, one of a rule. They are no rows of `earning_rule_version`, which are
/// never changed, and of which the one in force is found by time alone. `version` is the one that the draft was begun from.
pub(super) const EARNING_DRAFTS: Migration = Migration {
    name: "points_0040_earning_drafts",
    sql: "
CREATE TABLE earning_rule_draft (
    tenant_id {uuid} NOT NULL,
    code TEXT NOT NULL,
    version INT NOT NULL CHECK (version > 0),
    state INT NOT NULL CHECK (state = 1),
    effect_time BIGINT NOT NULL,
    asset_code TEXT NOT NULL,
    activity_types TEXT NOT NULL,
    channel_codes TEXT NOT NULL,
    condition TEXT NOT NULL,
    amount_kind INT NOT NULL CHECK (amount_kind BETWEEN 1 AND 6),
    amount_formula TEXT NOT NULL,
    amount_points BIGINT NOT NULL CHECK (amount_points >= 0),
    amount_per BIGINT NOT NULL CHECK (amount_per > 0),
    rounding INT NOT NULL CHECK (rounding BETWEEN 1 AND 3),
    whole_steps BOOLEAN NOT NULL,
    compounds BOOLEAN NOT NULL,
    item_condition TEXT NOT NULL,
    base_rule_codes TEXT NOT NULL,
    amount_max BIGINT NOT NULL CHECK (amount_max >= 0),
    member_day_max BIGINT NOT NULL CHECK (member_day_max >= 0),
    member_month_max BIGINT NOT NULL CHECK (member_month_max >= 0),
    member_total_max BIGINT NOT NULL CHECK (member_total_max >= 0),
    budget BIGINT NOT NULL CHECK (budget >= 0),
    priority INT NOT NULL,
    stop BOOLEAN NOT NULL,
    exclusion_group TEXT NOT NULL,
    start_time BIGINT,
    end_time BIGINT,
    display_name TEXT NOT NULL,
    update_time BIGINT NOT NULL,
    begin_time BIGINT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    PRIMARY KEY (tenant_id, code),
    FOREIGN KEY (tenant_id, code, version) REFERENCES earning_rule_version (tenant_id, code, version)
) {clustered};
",
};
