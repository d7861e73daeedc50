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
