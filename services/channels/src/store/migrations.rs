use store::Migration;

/// The tables of this service.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration {
            name: "channels_0001_subscriptions",
            sql: SUBSCRIPTIONS,
        },
        Migration {
            name: "channels_0002_deliveries",
            sql: DELIVERIES,
        },
    ]
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

/// What waits for a subscription and what it was told, by its place in the stream of its service. Of each subject the first one
/// alone has a `due_time`; the others wait. Since when a subscription is active is what its three days are counted from.
/// Of the tries those that failed have rows; the last one stands with its delivery.
const DELIVERIES: &str = "
ALTER TABLE webhook_subscription ADD COLUMN active_time BIGINT NOT NULL DEFAULT 0;
CREATE TABLE webhook_delivery (
    tenant_id {uuid} NOT NULL,
    subscription_id {uuid} NOT NULL,
    stream TEXT NOT NULL,
    position BIGINT NOT NULL CHECK (position >= 1),
    delivery_id {uuid} NOT NULL,
    fact_id {uuid} NOT NULL,
    fact_type TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload {bytes} NOT NULL,
    occur_time BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'due', 'delivered')),
    due_time BIGINT,
    attempts BIGINT NOT NULL CHECK (attempts >= 0),
    first_try_time BIGINT,
    last_try_time BIGINT,
    last_code BIGINT NOT NULL,
    last_micros BIGINT NOT NULL,
    last_answer TEXT NOT NULL,
    PRIMARY KEY (tenant_id, subscription_id, stream, position),
    CHECK ((due_time IS NULL) = (state <> 'due'))
) {clustered};
CREATE UNIQUE INDEX webhook_delivery_id ON webhook_delivery (tenant_id, subscription_id, delivery_id);
CREATE INDEX webhook_delivery_due ON webhook_delivery (tenant_id, subscription_id, due_time) WHERE due_time IS NOT NULL;
CREATE INDEX webhook_delivery_lane ON webhook_delivery (tenant_id, subscription_id, stream, subject, position)
    WHERE state <> 'delivered';
CREATE TABLE webhook_attempt (
    tenant_id {uuid} NOT NULL,
    subscription_id {uuid} NOT NULL,
    delivery_id {uuid} NOT NULL,
    number BIGINT NOT NULL,
    start_time BIGINT NOT NULL,
    micros BIGINT NOT NULL,
    code BIGINT NOT NULL,
    failure TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (tenant_id, subscription_id, delivery_id, number)
) {clustered};
";
