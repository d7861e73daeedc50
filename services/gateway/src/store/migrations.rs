use store::Migration;

/// The tables of this service.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration {
            name: "gateway_0001_keys",
            sql: KEYS,
        },
        Migration {
            name: "gateway_0002_tenant_time_zone",
            sql: TENANT_TIME_ZONE,
        },
        Migration {
            name: "gateway_0003_audit",
            sql: AUDIT,
        },
        Migration {
            name: "gateway_0004_limits",
            sql: LIMITS,
        },
    ]
}

/// A secret is looked up before its tenant is known, for it is what tells the tenant: alone among the tables,
/// `api_key_secret` has a key that does not begin with the tenant.
const KEYS: &str = "
CREATE TABLE tenant (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    display_name TEXT NOT NULL,
    create_time BIGINT NOT NULL
) {clustered};
CREATE UNIQUE INDEX tenant_code ON tenant (code);
CREATE TABLE api_key (
    tenant_id {uuid} NOT NULL,
    api_key_id {uuid} NOT NULL,
    display_name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    creator TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    expire_time BIGINT,
    revoke_time BIGINT,
    last_use_time BIGINT,
    PRIMARY KEY (tenant_id, api_key_id)
) {clustered};
CREATE TABLE api_key_secret (
    secret_hash {bytes} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL,
    api_key_id {uuid} NOT NULL,
    ordinal BIGINT NOT NULL,
    prefix TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    expire_time BIGINT,
    FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_key (tenant_id, api_key_id)
) {clustered};
CREATE UNIQUE INDEX api_key_secret_of_key ON api_key_secret (tenant_id, api_key_id, ordinal);
";

/// Tenants from before had their files read in this zone, where nobody named another one.
const TENANT_TIME_ZONE: &str = "
ALTER TABLE tenant ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'Asia/Shanghai';
ALTER TABLE tenant ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
";

/// Calls and their outcomes, in one chain for each tenant; what was written stays.
const AUDIT: &str = "
CREATE TABLE audit_head (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash {bytes} NOT NULL
) {clustered};
CREATE TABLE audit_entry (
    tenant_id {uuid} NOT NULL,
    sequence BIGINT NOT NULL,
    call_sequence BIGINT,
    create_time BIGINT NOT NULL,
    subject TEXT NOT NULL,
    method TEXT NOT NULL,
    request_id TEXT NOT NULL,
    peer_address TEXT NOT NULL,
    code TEXT,
    resources TEXT NOT NULL,
    hash {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, sequence),
    CHECK (sequence > 0 AND (call_sequence IS NULL) = (code IS NULL))
) {clustered};
CREATE UNIQUE INDEX audit_entry_outcome ON audit_entry (tenant_id, call_sequence) WHERE call_sequence IS NOT NULL;
{refuse audit_entry UPDATE}
{refuse audit_entry DELETE}
{refuse audit_head DELETE}
";

/// Keys from before have no limits of their own. What a caller has left is one row, of keys and of tokens alike.
const LIMITS: &str = "
ALTER TABLE api_key ADD COLUMN requests_per_second BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN burst BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN requests_per_day BIGINT NOT NULL DEFAULT 0;
CREATE TABLE request_budget (
    tenant_id {uuid} NOT NULL,
    subject TEXT NOT NULL,
    left_micros BIGINT NOT NULL,
    fill_time BIGINT NOT NULL,
    day BIGINT NOT NULL,
    day_count BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subject),
    CHECK (left_micros >= 0 AND day_count >= 0)
) {clustered};
";
