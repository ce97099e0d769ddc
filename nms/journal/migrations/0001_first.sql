-- The manager's journal. Times are nanoseconds since 1970 (UTC), 0 = never. Enumerations are the MIB's labels.
-- Columns and tables are only ever added, by a new file in this folder.

CREATE TABLE property (            -- facts of the store, and switches that survive a restart
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    by    TEXT NOT NULL DEFAULT '',
    at    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE manager (             -- managers that write here
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    engine_id  TEXT NOT NULL,
    boots      INTEGER NOT NULL,
    started_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE cluster (             -- one row per cluster ever heard of or configured
    cluster_id   TEXT PRIMARY KEY,
    name         TEXT NOT NULL DEFAULT '',   -- hawserClusterName
    config_name  TEXT NOT NULL DEFAULT '',   -- the name in the manager's configuration, '' = not configured
    generation   INTEGER NOT NULL DEFAULT 0, -- the newest authentic one
    first_seen   INTEGER NOT NULL,
    last_heard   INTEGER NOT NULL DEFAULT 0, -- last authentic notification
    last_polled  INTEGER NOT NULL DEFAULT 0, -- last complete poll
    poll_error   TEXT NOT NULL DEFAULT '',   -- why the last poll failed, '' = it did not
    silent_since INTEGER NOT NULL DEFAULT 0, -- no node answers since
    view         TEXT NOT NULL DEFAULT ''    -- the last polled state, JSON
) WITHOUT ROWID;

CREATE TABLE engine (              -- SNMP engines that send notifications
    engine_id  TEXT PRIMARY KEY,             -- hex
    cluster_id TEXT NOT NULL,
    origin     TEXT NOT NULL,                -- configured, polled, learnt
    boots      INTEGER NOT NULL DEFAULT 0,
    time       INTEGER NOT NULL DEFAULT 0,   -- highest engine time received in these boots, seconds
    seen_at    INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE event (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster_id      TEXT NOT NULL,
    generation      INTEGER NOT NULL,
    seq             INTEGER NOT NULL,        -- 0: not in the cluster's log yet
    origin          TEXT NOT NULL,
    origin_seq      INTEGER NOT NULL,
    rank            INTEGER NOT NULL,        -- 0 hint, 1 alarm notification, 2 story notification, 3 read from the event table
    authentic       INTEGER NOT NULL,        -- 1: may lead to a reconfiguration
    via             TEXT NOT NULL,           -- trap, inform, poll
    source          TEXT NOT NULL,           -- address it came from, for people; never identity
    user            TEXT NOT NULL,           -- USM user, '' for v1 and v2c
    manager         TEXT NOT NULL,           -- who received it
    received_at     INTEGER NOT NULL,
    notification    TEXT NOT NULL,           -- name of the notification, '' when polled
    cluster_name    TEXT NOT NULL,
    epoch           INTEGER NOT NULL,
    time            INTEGER NOT NULL,        -- the origin's clock
    type            TEXT NOT NULL,
    severity        TEXT NOT NULL,
    alarm_index     INTEGER NOT NULL,
    component_type  TEXT NOT NULL,
    component_name  TEXT NOT NULL,
    node_name       TEXT NOT NULL,
    error           TEXT NOT NULL,
    reaction        TEXT NOT NULL,
    result          TEXT NOT NULL,
    duration_ms     INTEGER NOT NULL,
    setter          TEXT NOT NULL,
    summary         TEXT NOT NULL,
    facts           TEXT NOT NULL,           -- the cluster-wide figures of the notification, JSON, '' when polled
    condition_state TEXT NOT NULL,           -- wanted, whole, lost, none
    analysed_at     INTEGER NOT NULL DEFAULT 0,
    analysis        TEXT NOT NULL DEFAULT '' -- what the rules made of it, one sentence
);
CREATE INDEX event_origin    ON event(cluster_id, origin, origin_seq) WHERE origin_seq > 0;
CREATE INDEX event_time      ON event(cluster_id, time);
CREATE INDEX event_history   ON event(cluster_id, type, component_name, time);
CREATE INDEX event_analysis  ON event(id) WHERE analysed_at = 0 AND authentic = 1;
CREATE INDEX event_condition ON event(cluster_id, generation, seq) WHERE condition_state = 'wanted';

CREATE TABLE identity (            -- every identity an event was known by; unique
    cluster_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    event_id   INTEGER NOT NULL REFERENCES event(id) ON DELETE CASCADE,
    PRIMARY KEY (cluster_id, generation, seq)
) WITHOUT ROWID;
CREATE INDEX identity_event ON identity(event_id);

CREATE TABLE condition (           -- the state of every component at the moment of an event
    event_id       INTEGER NOT NULL REFERENCES event(id) ON DELETE CASCADE,
    idx            INTEGER NOT NULL,         -- hawserConditionIndex
    component_type TEXT NOT NULL,
    component_name TEXT NOT NULL,
    node_name      TEXT NOT NULL,
    state          TEXT NOT NULL,
    detail         TEXT NOT NULL,
    PRIMARY KEY (event_id, idx)
) WITHOUT ROWID;

CREATE TABLE alarm (               -- the state channel, and the alarms a poll found standing
    cluster_id     TEXT NOT NULL,
    alarm_index    INTEGER NOT NULL,
    raised_at      INTEGER NOT NULL,
    cleared_at     INTEGER NOT NULL DEFAULT 0,
    severity       TEXT NOT NULL,
    type           TEXT NOT NULL,
    component_type TEXT NOT NULL,
    component_name TEXT NOT NULL,
    node_name      TEXT NOT NULL,
    text           TEXT NOT NULL,
    acknowledged   TEXT NOT NULL DEFAULT '', -- by whom
    PRIMARY KEY (cluster_id, alarm_index)
) WITHOUT ROWID;

CREATE TABLE cursor (              -- how far a generation of a cluster is complete
    cluster_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    settled    INTEGER NOT NULL,             -- each event up to here is in the journal or lost for good
    highest    INTEGER NOT NULL,             -- the last one the cluster is known to have
    PRIMARY KEY (cluster_id, generation)
) WITHOUT ROWID;

CREATE TABLE gap (                 -- ranges that are missing
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    what       TEXT NOT NULL,                -- event, condition
    first_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    state      TEXT NOT NULL,                -- open, filled, lost
    reason     TEXT NOT NULL,
    found_at   INTEGER NOT NULL,
    settled_at INTEGER NOT NULL DEFAULT 0,
    UNIQUE (cluster_id, generation, what, first_seq)
);

CREATE TABLE unknown (             -- notifications that are not of this MIB, and those that do not decode
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    source      TEXT NOT NULL,
    version     TEXT NOT NULL,               -- v1, v2c, v3
    user        TEXT NOT NULL,
    engine_id   TEXT NOT NULL,
    kind        TEXT NOT NULL,               -- trap, inform
    trap_oid    TEXT NOT NULL,
    varbinds    TEXT NOT NULL,               -- JSON
    raw         BLOB NOT NULL,               -- the PDU, without community or keys
    reason      TEXT NOT NULL,
    inform_key  TEXT                         -- makes a retransmitted INFORM one row
);
CREATE UNIQUE INDEX unknown_inform ON unknown(inform_key) WHERE inform_key IS NOT NULL;
CREATE INDEX unknown_source ON unknown(source, id);

CREATE TABLE incident (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster_id TEXT NOT NULL,
    kind       TEXT NOT NULL,                -- events, silent
    state      TEXT NOT NULL,                -- open, closed
    severity   TEXT NOT NULL,
    title      TEXT NOT NULL,
    opened_at  INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    closed_at  INTEGER NOT NULL DEFAULT 0,
    owner      TEXT NOT NULL DEFAULT '',     -- who took it
    note       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX incident_open ON incident(cluster_id, updated_at) WHERE state = 'open';

CREATE TABLE incident_event (
    event_id    INTEGER PRIMARY KEY REFERENCES event(id) ON DELETE CASCADE,
    incident_id INTEGER NOT NULL REFERENCES incident(id) ON DELETE CASCADE,
    role        TEXT NOT NULL                -- root, follower
);
CREATE INDEX incident_members ON incident_event(incident_id);

CREATE TABLE reconfiguration (     -- a proposal and what became of it
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    manager     TEXT NOT NULL,
    rule        TEXT NOT NULL,
    cluster_id  TEXT NOT NULL,
    event_id    INTEGER NOT NULL,            -- the event that led to it, 0 = a person
    incident_id INTEGER NOT NULL DEFAULT 0,
    kind        TEXT NOT NULL,               -- reaction, hardware
    target      TEXT NOT NULL,               -- service, or node/scope
    approval    TEXT NOT NULL,               -- none, operator
    approved_by TEXT NOT NULL DEFAULT '',
    apply       INTEGER NOT NULL,            -- hardware: a job is created that applies it
    dry_run     INTEGER NOT NULL,
    state       TEXT NOT NULL,               -- proposed, held, waiting, sending, unknown, verifying, done, failed, refused, rejected, rolledBack
    gate        TEXT NOT NULL DEFAULT '',    -- the gate that held it
    reason      TEXT NOT NULL DEFAULT '',
    node        TEXT NOT NULL DEFAULT '',    -- address that was asked
    user        TEXT NOT NULL DEFAULT '',
    token       TEXT NOT NULL DEFAULT '',    -- hawserWriteToken, hex
    serial      INTEGER NOT NULL DEFAULT 0,  -- hawserConfigSerial it was based on
    write_seq   INTEGER NOT NULL DEFAULT 0,  -- hawserWriteSeq, when it was read back
    job         INTEGER NOT NULL DEFAULT 0,  -- hawserHwJobIndex
    proposed_at INTEGER NOT NULL,
    sent_at     INTEGER NOT NULL DEFAULT 0,
    answered_at INTEGER NOT NULL DEFAULT 0,
    ended_at    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (rule, event_id, cluster_id, target)
);
CREATE INDEX reconfiguration_recent ON reconfiguration(cluster_id, rule, sent_at);
CREATE INDEX reconfiguration_open   ON reconfiguration(state);

CREATE TABLE reconfiguration_value (
    reconfiguration_id INTEGER NOT NULL REFERENCES reconfiguration(id) ON DELETE CASCADE,
    idx                INTEGER NOT NULL,
    object             TEXT NOT NULL,        -- MIB name, or hawserHwSettingDesired
    instance           TEXT NOT NULL,        -- service name, or node/scope/setting
    oid                TEXT NOT NULL DEFAULT '',
    old_value          TEXT NOT NULL DEFAULT '',
    new_value          TEXT NOT NULL,
    read_back          TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (reconfiguration_id, idx)
) WITHOUT ROWID;

CREATE TABLE reconfiguration_step (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    reconfiguration_id INTEGER NOT NULL REFERENCES reconfiguration(id) ON DELETE CASCADE,
    at                 INTEGER NOT NULL,
    state              TEXT NOT NULL,
    text               TEXT NOT NULL
);
CREATE INDEX reconfiguration_steps ON reconfiguration_step(reconfiguration_id);

CREATE TABLE silence (             -- downtimes and acknowledgements that hold reconfiguration back
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster_id TEXT NOT NULL,                -- '' = all
    component  TEXT NOT NULL DEFAULT '',     -- '' = all
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    by         TEXT NOT NULL,
    origin     TEXT NOT NULL,                -- operator, nms
    comment    TEXT NOT NULL DEFAULT ''
);

CREATE TABLE audit (               -- hash chain
    n       INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    prev    TEXT NOT NULL,
    hash    TEXT NOT NULL
);
