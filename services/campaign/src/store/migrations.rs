use store::Migration;

/// The tables of campaign.
pub(crate) const JOURNEYS: Migration = Migration {
    name: "campaign_0001_journeys",
    sql: "
CREATE TABLE journey (
    tenant_id {uuid} NOT NULL,
    code TEXT NOT NULL,
    display_name TEXT NOT NULL,
    draft {bytes} NOT NULL,
    archived BOOLEAN NOT NULL,
    published_version BIGINT NOT NULL CHECK (published_version >= 0),
    draft_changed BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    update_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, code)
) {clustered};
CREATE TABLE journey_version (
    tenant_id {uuid} NOT NULL,
    journey_code TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    definition {bytes} NOT NULL,
    publish_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, journey_code, version)
) {clustered};
-- The version of each journey that members enter, under the facts that let them.
CREATE TABLE entrance (
    tenant_id {uuid} NOT NULL,
    fact_type TEXT NOT NULL,
    fact_code TEXT NOT NULL,
    journey_code TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, fact_type, fact_code, journey_code)
) {clustered};
-- The versions that wait for facts.
CREATE TABLE awaited (
    tenant_id {uuid} NOT NULL,
    fact_type TEXT NOT NULL,
    fact_code TEXT NOT NULL,
    journey_code TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, fact_type, fact_code, journey_code, version)
) {clustered};
CREATE TABLE entry (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    journey_code TEXT NOT NULL,
    visits BIGINT NOT NULL CHECK (visits >= 1),
    active_run_id {uuid},
    PRIMARY KEY (tenant_id, member_id, journey_code)
) {clustered};
CREATE TABLE run (
    tenant_id {uuid} NOT NULL,
    run_id {uuid} NOT NULL,
    journey_code TEXT NOT NULL,
    version BIGINT NOT NULL,
    member_id {uuid} NOT NULL,
    visit BIGINT NOT NULL,
    trigger_fact_id {uuid} NOT NULL,
    trigger_fact_type TEXT NOT NULL,
    create_time BIGINT NOT NULL,
    start_time BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('arrived', 'asking', 'waiting', 'completed', 'stopped')),
    node_id TEXT NOT NULL,
    step_number BIGINT NOT NULL,
    enter_time BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    clock_time BIGINT NOT NULL,
    spent TEXT NOT NULL,
    memory TEXT NOT NULL,
    asking_member_id {uuid},
    wait_until BIGINT,
    awaited_key TEXT NOT NULL,
    end_time BIGINT,
    outcome_code TEXT NOT NULL,
    stop_reason TEXT NOT NULL,
    -- When a runner has to look at the run: its timer, or the end of the lease under which one does.
    due_time BIGINT,
    lease_id {uuid},
    PRIMARY KEY (tenant_id, run_id),
    CHECK ((end_time IS NULL) = (state IN ('arrived', 'asking', 'waiting'))),
    CHECK ((due_time IS NULL) = (end_time IS NOT NULL))
);
CREATE UNIQUE INDEX run_trigger ON run (tenant_id, journey_code, trigger_fact_id);
CREATE INDEX run_journey ON run (tenant_id, journey_code, run_id);
CREATE INDEX run_member ON run (tenant_id, member_id, run_id);
CREATE INDEX run_due ON run (due_time);
CREATE TABLE step (
    tenant_id {uuid} NOT NULL,
    run_id {uuid} NOT NULL,
    number BIGINT NOT NULL,
    node_id TEXT NOT NULL,
    enter_time BIGINT NOT NULL,
    leave_time BIGINT NOT NULL,
    next_node_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    failed BOOLEAN NOT NULL,
    explanation TEXT NOT NULL,
    reference TEXT NOT NULL,
    refusal_reason TEXT NOT NULL,
    PRIMARY KEY (tenant_id, run_id, number)
) {clustered};
CREATE TABLE node_figure (
    tenant_id {uuid} NOT NULL,
    journey_code TEXT NOT NULL,
    version BIGINT NOT NULL,
    node_id TEXT NOT NULL,
    started BIGINT NOT NULL,
    entered BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    completed BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    stopped BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, journey_code, version, node_id)
) {clustered};
-- Facts that some version waits for, kept for runs that come to their wait after the fact.
CREATE TABLE heard (
    tenant_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    fact_id {uuid} NOT NULL,
    fact_type TEXT NOT NULL,
    fact_code TEXT NOT NULL,
    happen_time BIGINT NOT NULL,
    reference TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (tenant_id, member_id, fact_id)
) {clustered};
CREATE INDEX heard_time ON heard (happen_time);
-- Merges that are looked at once more, when every transaction that may not have seen them is over.
CREATE TABLE recent_merge (
    tenant_id {uuid} NOT NULL,
    from_id {uuid} NOT NULL,
    to_id {uuid} NOT NULL,
    look_time BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, from_id)
) {clustered};
CREATE INDEX recent_merge_look ON recent_merge (look_time);
",
};

/// For the undo of a merge: the member for whom a run began; null while it is still that member's.
pub(crate) const UNDO: Migration = Migration {
    name: "campaign_0002_undo",
    sql: "
ALTER TABLE run ADD COLUMN origin_id {uuid};
",
};

/// Runs that are due are found tenant by tenant, so that nobody waits behind another one's backlog.
pub(crate) const DUE_BY_TENANT: Migration = Migration {
    name: "campaign_0003_due_by_tenant",
    sql: "
CREATE INDEX run_due_of ON run (tenant_id, due_time) WHERE due_time IS NOT NULL;
DROP INDEX run_due;
",
};

/// The runs of a member that have not ended, and the facts about a member from a time on, are found without those before.
pub(crate) const OF_MEMBER: Migration = Migration {
    name: "campaign_0004_of_member",
    sql: "
CREATE INDEX run_under_way ON run (tenant_id, member_id, run_id) WHERE end_time IS NULL;
CREATE INDEX heard_since ON heard (tenant_id, member_id, happen_time);
",
};

/// Under whose presence a run is leased, so that the leases of a process that has gone are found, and are free at once.
pub(crate) const LEASE_HOLDER: Migration = Migration {
    name: "campaign_0005_lease_holder",
    sql: "
ALTER TABLE run ADD COLUMN lease_holder BIGINT;
CREATE INDEX run_leased_by ON run (lease_holder) WHERE lease_holder IS NOT NULL;
",
};

/// What runs have in common that were asked for together, so that they are repeated together: then their request is the same.
pub(crate) const ASKED_WITH: Migration = Migration {
    name: "campaign_0006_asked_with",
    sql: "
ALTER TABLE run ADD COLUMN asked_with {uuid};
",
};

/// In which trace its trigger happened; the runs of before have none. `run_trigger` is made anew: of two indexes of one price
/// PostgreSQL takes the younger, and on a table that it knows nothing of `run_journey` costs the same, and reads every run of
/// the journey.
pub(crate) const TRACED: Migration = Migration {
    name: "campaign_0007_traced",
    sql: "
ALTER TABLE run ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
DROP INDEX run_trigger;
CREATE UNIQUE INDEX run_trigger ON run (tenant_id, journey_code, trigger_fact_id);
",
};
