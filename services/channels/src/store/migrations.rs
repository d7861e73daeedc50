use store::Migration;

/// The tables of this service.
pub fn migrations() -> Vec<Migration> {
    vec![Migration {
        name: "channels_0001_subscriptions",
        sql: SUBSCRIPTIONS,
    }]
}

/// A secret stands as `sealing` writes it. Those that have ended go with the next rotation.
const SUBSCRIPTIONS: &str = "
CREATE TABLE webhook_subscription (
    tenant_id {uuid} NOT NULL,
    subscription_id {uuid} NOT NULL,
    display_name TEXT NOT NULL,
    target_url TEXT NOT NULL,
    fact_types TEXT NOT NULL,
    filter TEXT NOT NULL,
    disable_reason TEXT CHECK (disable_reason IN ('by_hand', 'gone', 'unreachable')),
    disable_time BIGINT,
    version BIGINT NOT NULL CHECK (version >= 1),
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, subscription_id),
    CHECK ((disable_reason IS NULL) = (disable_time IS NULL))
) {clustered};
CREATE TABLE webhook_secret (
    tenant_id {uuid} NOT NULL,
    subscription_id {uuid} NOT NULL,
    ordinal BIGINT NOT NULL CHECK (ordinal >= 1),
    prefix TEXT NOT NULL,
    secret {bytes} NOT NULL,
    create_time BIGINT NOT NULL,
    expire_time BIGINT,
    PRIMARY KEY (tenant_id, subscription_id, ordinal),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES webhook_subscription (tenant_id, subscription_id)
) {clustered};
";
