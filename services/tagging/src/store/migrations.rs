use store::Migration;

/// The tables of tagging.
pub(crate) fn migrations() -> Vec<Migration> {
    vec![
        Migration {
            name: "tagging_0001_members_tags_segments",
            sql: TABLES,
        },
        Migration {
            name: "tagging_0002_undo",
            sql: UNDO,
        },
        Migration {
            name: "tagging_0003_due_by_brand",
            sql: DUE_BY_BRAND,
        },
        Migration {
            name: "tagging_0004_stripes",
            sql: STRIPES,
        },
    ]
}

/// The stripes of figures, which are added to what `tally` and `channel_total` hold: the version before goes on to count there,
/// and nothing that was counted is written anew. A process of that version does not see what is counted here.
const STRIPES: &str = "
CREATE TABLE striped_tally (
    tenant_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    value TEXT NOT NULL,
    stripe INT NOT NULL CHECK (stripe >= 0),
    members BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, code, value, stripe)
) {clustered};
CREATE TABLE striped_channel_total (
    tenant_id {uuid} NOT NULL,
    channel_code TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    stripe INT NOT NULL CHECK (stripe >= 0),
    activity_count BIGINT NOT NULL,
    order_count BIGINT NOT NULL,
    refund_count BIGINT NOT NULL,
    sales BIGINT NOT NULL,
    refunds BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, channel_code, currency_code, stripe)
) {clustered};
";

/// What the undo of a merge has to know: whose activities were at first (`origin_id`, null while they are still), and the
/// tier and the assigned tags of absorbed members, with those of the survivor in whose place they came.
const UNDO: &str = "
ALTER TABLE activity ADD COLUMN origin_id {uuid};
CREATE TABLE absorbed_member (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    tier_code TEXT NOT NULL,
    tier_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, member_id)
) {clustered};
CREATE TABLE absorbed_tag (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    tag_code TEXT NOT NULL,
    value_type TEXT NOT NULL,
    number_value BIGINT,
    text_value TEXT,
    source TEXT NOT NULL,
    assign_time BIGINT NOT NULL,
    due_time BIGINT,
    mark_time BIGINT,
    mark_key TEXT,
    of_survivor BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, member_id, tag_code, of_survivor)
) {clustered};
";

/// What is due is found brand by brand, so that nobody waits behind another one's backlog.
const DUE_BY_BRAND: &str = "
CREATE INDEX member_tag_due_of ON member_tag (tenant_id, due_time) WHERE due_time IS NOT NULL;
DROP INDEX member_tag_due;
";

/// Definitions: `catalog` counts a tenant's changes of them and is their lock.
/// Activities lie together by member, in the order of their time, which is how they are read; the second index is their
/// identity for ever. `member_tag.due_time` is the timer of windows and lifetimes. `tally` and `channel_total` are
/// running figures, kept in the transaction of what they count.
const TABLES: &str = "
CREATE TABLE catalog (
    tenant_id {uuid} NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
CREATE TABLE tag (
    tenant_id {uuid} NOT NULL,
    tag_code TEXT NOT NULL,
    display_name TEXT NOT NULL,
    group_name TEXT NOT NULL,
    description TEXT NOT NULL,
    value_type TEXT NOT NULL,
    is_static BOOLEAN NOT NULL,
    source_kind TEXT NOT NULL,
    computation {bytes},
    lifetime_days BIGINT,
    is_backfilling BOOLEAN NOT NULL,
    backfilled_to {uuid},
    version BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, tag_code)
);
CREATE INDEX tag_backfilling ON tag (tenant_id, tag_code) WHERE is_backfilling;
CREATE TABLE segment (
    tenant_id {uuid} NOT NULL,
    segment_code TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    condition_tree {bytes} NOT NULL,
    condition_version BIGINT NOT NULL,
    is_evaluating BOOLEAN NOT NULL,
    evaluated_to {uuid},
    evaluated_count BIGINT NOT NULL,
    version BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, segment_code)
);
CREATE INDEX segment_evaluating ON segment (tenant_id, segment_code) WHERE is_evaluating;
CREATE TABLE activity (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    occur_time BIGINT NOT NULL,
    activity_id {uuid} NOT NULL,
    channel_code TEXT NOT NULL,
    activity_type TEXT NOT NULL,
    source_id TEXT NOT NULL,
    payload {bytes} NOT NULL,
    PRIMARY KEY (tenant_id, member_id, occur_time, activity_id)
);
CREATE UNIQUE INDEX activity_source ON activity (tenant_id, channel_code, activity_type, source_id);
CREATE TABLE member (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    gender TEXT NOT NULL,
    province TEXT NOT NULL,
    city TEXT NOT NULL,
    channel_codes TEXT NOT NULL,
    birth_month BIGINT,
    tier_code TEXT NOT NULL,
    profile_time BIGINT NOT NULL,
    tier_time BIGINT NOT NULL,
    active_channels TEXT NOT NULL,
    PRIMARY KEY (tenant_id, member_id)
) {clustered};
CREATE TABLE member_tag (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    tag_code TEXT NOT NULL,
    value_type TEXT NOT NULL,
    number_value BIGINT,
    text_value TEXT,
    source TEXT NOT NULL,
    assign_time BIGINT NOT NULL,
    due_time BIGINT,
    mark_time BIGINT,
    mark_key TEXT,
    PRIMARY KEY (tenant_id, member_id, tag_code),
    CHECK ((number_value IS NULL) <> (text_value IS NULL)),
    CHECK ((mark_time IS NULL) = (mark_key IS NULL))
);
CREATE INDEX member_tag_due ON member_tag (due_time) WHERE due_time IS NOT NULL;
CREATE TABLE segment_member (
    tenant_id {uuid} NOT NULL,
    segment_code TEXT NOT NULL,
    member_id {uuid} NOT NULL,
    enter_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, segment_code, member_id)
);
CREATE INDEX segment_member_of ON segment_member (tenant_id, member_id, segment_code);
CREATE TABLE tally (
    tenant_id {uuid} NOT NULL,
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    value TEXT NOT NULL,
    members BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, code, value)
) {clustered};
CREATE TABLE channel_total (
    tenant_id {uuid} NOT NULL,
    channel_code TEXT NOT NULL,
    currency_code TEXT NOT NULL,
    activity_count BIGINT NOT NULL,
    order_count BIGINT NOT NULL,
    refund_count BIGINT NOT NULL,
    sales BIGINT NOT NULL,
    refunds BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, channel_code, currency_code)
) {clustered};
";
