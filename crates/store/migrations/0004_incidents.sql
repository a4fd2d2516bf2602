-- Alarms of one cause are one incident; `incident` of an event is its id, `muted` the mute that keeps it quiet.
ALTER TABLE events ADD COLUMN incident TEXT;
ALTER TABLE events ADD COLUMN muted INTEGER;
CREATE INDEX events_incident ON events (incident, raised_seq) WHERE incident IS NOT NULL;
CREATE INDEX events_muted ON events (muted) WHERE muted IS NOT NULL AND end_at IS NULL;

-- The incident itself is the JSON; the other columns find it.
CREATE TABLE incidents (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    cause        TEXT NOT NULL,
    event_type   TEXT NOT NULL,
    severity     TEXT NOT NULL,
    camera       TEXT,
    zone         TEXT,
    state        TEXT NOT NULL,
    closed       INTEGER NOT NULL,
    held         INTEGER NOT NULL,
    start_at     INTEGER NOT NULL,
    escalates_at INTEGER,
    incident     TEXT NOT NULL
) STRICT;
CREATE INDEX incidents_cause ON incidents (cause, number) WHERE closed = 0;
CREATE INDEX incidents_closed ON incidents (closed, number);
CREATE INDEX incidents_state ON incidents (state, number);
CREATE INDEX incidents_camera ON incidents (camera, number);
CREATE INDEX incidents_start ON incidents (start_at);
CREATE INDEX incidents_escalates ON incidents (escalates_at) WHERE escalates_at IS NOT NULL;

-- Whom its alarms were about, so that nobody is counted twice.
CREATE TABLE incident_people (
    incident    TEXT NOT NULL,
    camera      TEXT NOT NULL,
    track       TEXT NOT NULL,
    events      INTEGER NOT NULL,
    open_events INTEGER NOT NULL,
    PRIMARY KEY (incident, camera, track)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident_log (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT NOT NULL,
    at       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    deed     TEXT NOT NULL,
    note     TEXT NOT NULL
) STRICT;
CREATE INDEX incident_log_incident ON incident_log (incident, number);
CREATE TRIGGER incident_log_is_never_changed BEFORE UPDATE ON incident_log
BEGIN SELECT RAISE(ABORT, 'the log of incidents is never changed'); END;
CREATE TRIGGER incident_log_is_never_deleted BEFORE DELETE ON incident_log
BEGIN SELECT RAISE(ABORT, 'the log of incidents is never deleted'); END;

CREATE TABLE mutes (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    camera     TEXT,
    zone       TEXT,
    event_type TEXT,
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    by         TEXT NOT NULL,
    over       INTEGER NOT NULL,
    lifted_at  INTEGER,
    lifted_by  TEXT
) STRICT;
CREATE INDEX mutes_in_force ON mutes (number) WHERE over = 0;

CREATE TABLE alarm_settings (
    number   INTEGER PRIMARY KEY CHECK (number = 1),
    settings TEXT NOT NULL
) STRICT;
