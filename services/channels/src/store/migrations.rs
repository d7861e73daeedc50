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
        Migration {
            name: "channels_0020_accounts",
            sql: ACCOUNTS,
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

/// `settings` is what the contract says of plain messages, of a webhook's signature and of its mapping, as its message is
/// encoded. A message is known by its account's platform for ever: its row never goes. Of the memberships each has the latest
/// event, whatever came first.
const ACCOUNTS: &str = "
CREATE TABLE channel_account (
    tenant_id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    display_name TEXT NOT NULL,
    protocol TEXT NOT NULL CHECK (protocol IN ('wecom', 'wechat', 'webhook', 'wechat_pay', 'tmall', 'douyin')),
    channel_code TEXT NOT NULL,
    platform_account_id TEXT NOT NULL,
    settings {bytes} NOT NULL,
    is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
    version BIGINT NOT NULL CHECK (version >= 1),
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, account_id)
) {clustered};
CREATE TABLE channel_secret (
    tenant_id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    ordinal BIGINT NOT NULL CHECK (ordinal >= 1),
    secret {bytes} NOT NULL,
    create_time BIGINT NOT NULL,
    expire_time BIGINT,
    PRIMARY KEY (tenant_id, account_id, ordinal),
    FOREIGN KEY (tenant_id, account_id) REFERENCES channel_account (tenant_id, account_id)
) {clustered};
CREATE TABLE channel_message (
    tenant_id {uuid} NOT NULL,
    message_id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    source_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    event_time BIGINT,
    receive_time BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'handed_on', 'not_understood', 'refused')),
    problem TEXT NOT NULL,
    settle_time BIGINT,
    replays BIGINT NOT NULL CHECK (replays >= 0),
    PRIMARY KEY (tenant_id, message_id),
    CHECK ((state = 'received') = (settle_time IS NULL))
);
CREATE UNIQUE INDEX channel_message_source ON channel_message (tenant_id, account_id, source_id);
CREATE INDEX channel_message_of_account ON channel_message (tenant_id, account_id, message_id);
CREATE INDEX channel_message_of_state ON channel_message (tenant_id, account_id, state, message_id);
CREATE INDEX channel_message_waiting ON channel_message (tenant_id, message_id) WHERE state = 'received';
CREATE TABLE channel_membership (
    tenant_id {uuid} NOT NULL,
    account_id {uuid} NOT NULL,
    external_id TEXT NOT NULL,
    is_bound BIGINT NOT NULL CHECK (is_bound IN (0, 1)),
    event_time BIGINT NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, account_id, external_id)
) {clustered};
";
