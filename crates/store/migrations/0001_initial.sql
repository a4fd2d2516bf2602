-- All times are microseconds since 1970 in UTC. 'SYOL' marks the file as ours.
PRAGMA application_id = 1398361932;

CREATE TABLE users (
    username      TEXT PRIMARY KEY NOT NULL,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL,
    created       INTEGER NOT NULL
) STRICT;

-- Only the SHA-256 of a token is kept: who reads the file can't log in with it.
CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash BLOB NOT NULL UNIQUE,
    username   TEXT NOT NULL REFERENCES users (username) ON DELETE CASCADE,
    created    INTEGER NOT NULL,
    seen       INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_username ON sessions (username);

-- Deleted cameras and zones stay as rows, so that their ids are never given again.
CREATE TABLE cameras (
    number            INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    name              TEXT NOT NULL,
    source            TEXT NOT NULL,
    username          TEXT,
    password          TEXT,
    enabled           INTEGER NOT NULL,
    repeat            INTEGER NOT NULL,
    analysis_rate_max REAL NOT NULL,
    origin            TEXT NOT NULL,
    version           INTEGER NOT NULL,
    created           INTEGER NOT NULL,
    deleted_at        INTEGER
) STRICT;
CREATE UNIQUE INDEX cameras_living_name ON cameras (name) WHERE deleted_at IS NULL;

CREATE TABLE zones (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    camera     TEXT NOT NULL REFERENCES cameras (id),
    zone       TEXT NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX zones_camera ON zones (camera) WHERE deleted_at IS NULL;

-- No foreign key to cameras: an event is kept whatever becomes of its camera.
CREATE TABLE events (
    id                  TEXT PRIMARY KEY NOT NULL,
    camera              TEXT,
    event_type          TEXT NOT NULL,
    severity            TEXT NOT NULL,
    start_at            INTEGER NOT NULL,
    end_at              INTEGER,
    raised_seq          INTEGER NOT NULL,
    seq                 INTEGER NOT NULL,
    waits               INTEGER NOT NULL,
    acknowledged_by     TEXT,
    acknowledged_at     INTEGER,
    acknowledged_reason TEXT,
    event               TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_raised_seq ON events (raised_seq);
CREATE UNIQUE INDEX events_seq ON events (seq);
CREATE INDEX events_camera ON events (camera, raised_seq);
CREATE INDEX events_start ON events (start_at);
CREATE INDEX events_waiting ON events (raised_seq) WHERE waits = 1;
CREATE INDEX events_open ON events (raised_seq) WHERE end_at IS NULL;

CREATE TABLE event_changes (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    change_id    TEXT NOT NULL UNIQUE,
    event_id     TEXT NOT NULL,
    kind         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    event        TEXT NOT NULL,
    acknowledged TEXT
) STRICT;
CREATE UNIQUE INDEX event_changes_raised ON event_changes (event_id) WHERE kind = 'raised';

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
