use store::Migration;

/// The tables of this service.
pub fn migrations() -> Vec<Migration> {
    vec![TIERS, COUPONS, UNDO, COUPON_STATES, COUPON_DUE]
}

/// A ladder is one row, so that it is read whole. The row of a member is also the lock under which its growth values,
/// allowances and coupons go over to another member; its `ladder_version` is null while nothing has happened to its tier.
const TIERS: Migration = Migration {
    name: "rights_0001_tiers",
    sql: "
CREATE TABLE tier_ladder (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    asset_code TEXT NOT NULL,
    tiers TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    update_time BIGINT NOT NULL
) {clustered};
CREATE TABLE member (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    tier_code TEXT,
    reach_time BIGINT,
    ladder_version BIGINT,
    PRIMARY KEY (tenant_id, member_id),
    CHECK ((tier_code IS NULL) = (reach_time IS NULL)),
    CHECK (tier_code IS NULL OR ladder_version IS NOT NULL)
);
CREATE INDEX member_ladder_version ON member (tenant_id, ladder_version);
CREATE INDEX member_tier ON member (tenant_id, tier_code);
CREATE TABLE growth (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id, asset_code)
) {clustered};
CREATE TABLE tier_change (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    tier_change_id {uuid} NOT NULL,
    from_tier_code TEXT,
    to_tier_code TEXT NOT NULL,
    growth_value BIGINT NOT NULL CHECK (growth_value >= 0),
    cause TEXT NOT NULL CHECK (cause IN ('registered', 'growth', 'ladder', 'merge')),
    change_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id, tier_change_id)
) {clustered};
",
};

/// The caps and the life of a coupon are held here too: whatever the code decides, no row passes a cap, no coupon is
/// locked or redeemed by more than one order, and none takes more off an order than its amount.
const COUPONS: Migration = Migration {
    name: "rights_0002_coupons",
    sql: "
CREATE TABLE coupon_template (
    tenant_id {uuid} NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    benefit TEXT NOT NULL,
    currency_code TEXT,
    minimum_spend BIGINT CHECK (minimum_spend >= 0),
    valid_days BIGINT CHECK (valid_days >= 1),
    start_time BIGINT,
    end_time BIGINT,
    total_cap BIGINT CHECK (total_cap >= 1),
    member_cap BIGINT CHECK (member_cap >= 1),
    state TEXT NOT NULL CHECK (state IN ('draft', 'active', 'closed')),
    issued_count BIGINT NOT NULL CHECK (issued_count >= 0),
    version BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code),
    CHECK (total_cap IS NULL OR issued_count <= total_cap),
    CHECK (minimum_spend IS NULL OR currency_code IS NOT NULL),
    CHECK ((valid_days IS NULL) = (start_time IS NOT NULL) AND (valid_days IS NULL) = (end_time IS NOT NULL)),
    CHECK (start_time < end_time)
) {clustered};
CREATE TABLE allowance (
    tenant_id {uuid} NOT NULL,
    template_code TEXT NOT NULL,
    member_id {uuid} NOT NULL,
    issued BIGINT NOT NULL CHECK (issued >= 0),
    allowed BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, template_code, member_id),
    CHECK (issued <= allowed)
);
CREATE INDEX allowance_member ON allowance (tenant_id, member_id);
CREATE TABLE coupon (
    tenant_id {uuid} NOT NULL,
    coupon_id {uuid} NOT NULL,
    template_code TEXT NOT NULL,
    member_id {uuid} NOT NULL,
    item_id TEXT,
    issue_time BIGINT NOT NULL,
    start_time BIGINT NOT NULL,
    expire_time BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('issued', 'locked', 'redeemed', 'expired')),
    order_id TEXT,
    lock_expire_time BIGINT,
    redeem_time BIGINT,
    currency_code TEXT,
    order_amount BIGINT,
    discount BIGINT,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, coupon_id),
    CHECK (start_time < expire_time),
    CHECK ((order_id IS NOT NULL) = (state IN ('locked', 'redeemed'))),
    CHECK ((lock_expire_time IS NOT NULL) = (state = 'locked')),
    CHECK ((redeem_time IS NOT NULL) = (state = 'redeemed')),
    CHECK ((currency_code IS NOT NULL) = (state = 'redeemed')),
    CHECK ((order_amount IS NOT NULL) = (state = 'redeemed')),
    CHECK ((discount IS NOT NULL) = (state = 'redeemed')),
    CHECK (discount IS NULL OR (0 <= discount AND discount <= order_amount))
);
CREATE UNIQUE INDEX coupon_item ON coupon (tenant_id, template_code, item_id);
CREATE INDEX coupon_member ON coupon (tenant_id, member_id, coupon_id);
CREATE INDEX coupon_template_state ON coupon (tenant_id, template_code, state);
CREATE INDEX coupon_expiry ON coupon (expire_time) WHERE state = 'issued';
CREATE INDEX coupon_lock_expiry ON coupon (lock_expire_time) WHERE state = 'locked';
",
};

/// The undo of a merge needs the first holder of coupons and changes of tiers (`origin_id`, null while that is the holder
/// still), the standings of absorbed members, and the tier that the survivor had before.
const UNDO: Migration = Migration {
    name: "rights_0003_undo",
    sql: "
ALTER TABLE coupon ADD COLUMN origin_id {uuid};
ALTER TABLE tier_change ADD COLUMN origin_id {uuid};
CREATE TABLE absorbed_member (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    survivor_id {uuid} NOT NULL,
    tier_code TEXT,
    reach_time BIGINT,
    ladder_version BIGINT NOT NULL,
    survivor_tier_code TEXT,
    PRIMARY KEY (tenant_id, member_id),
    CHECK ((tier_code IS NULL) = (reach_time IS NULL))
);
CREATE INDEX absorbed_member_of ON absorbed_member (tenant_id, survivor_id);
CREATE TABLE absorbed_growth (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    asset_code TEXT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id, asset_code)
) {clustered};
",
};

/// The figures of a tenant go by the states of its coupons. Beside `coupon_item`, an index that begins with the template as
/// well looks as good to PostgreSQL while it knows little of the table, and reads all coupons of the template for each item.
const COUPON_STATES: Migration = Migration {
    name: "rights_0004_coupon_states",
    sql: "
CREATE INDEX coupon_state ON coupon (tenant_id, state, template_code);
DROP INDEX coupon_template_state;
",
};

/// What is due is looked for tenant by tenant, so that none waits for all that another one has.
const COUPON_DUE: Migration = Migration {
    name: "rights_0005_coupon_due",
    sql: "
CREATE INDEX coupon_expiry_due ON coupon (tenant_id, expire_time) WHERE state = 'issued';
CREATE INDEX coupon_lock_due ON coupon (tenant_id, lock_expire_time) WHERE state = 'locked';
DROP INDEX coupon_expiry;
DROP INDEX coupon_lock_expiry;
",
};
