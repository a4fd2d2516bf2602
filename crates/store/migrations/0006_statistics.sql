-- Figures: how long somebody looked, who wore what for how long, where people stood; and counts of events that are
-- kept by triggers, so that whoever writes events needs to know nothing of them. Hours and days are those of UTC, as
-- the microsecond at which they begin; `days` are kept so that long periods are summed up in a few steps.

-- `what` is 'analysed', or why nobody looked. The camera as a whole has the zone ''.
CREATE TABLE watch_hours (
    zone   TEXT NOT NULL,
    camera TEXT NOT NULL,
    hour   INTEGER NOT NULL,
    what   TEXT NOT NULL,
    us     INTEGER NOT NULL,
    PRIMARY KEY (zone, hour, camera, what)
) STRICT, WITHOUT ROWID;
CREATE TABLE watch_days (
    zone   TEXT NOT NULL,
    camera TEXT NOT NULL,
    day    INTEGER NOT NULL,
    what   TEXT NOT NULL,
    us     INTEGER NOT NULL,
    PRIMARY KEY (zone, day, camera, what)
) STRICT, WITHOUT ROWID;

-- Time of people in a zone that requires the item.
CREATE TABLE equipment_hours (
    hour       INTEGER NOT NULL,
    item       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    present_us INTEGER NOT NULL,
    missing_us INTEGER NOT NULL,
    unknown_us INTEGER NOT NULL,
    PRIMARY KEY (hour, item, zone)
) STRICT, WITHOUT ROWID;

-- 48 x 27 little-endian numbers of milliseconds, row by row. `day` is a day of the site, as 2026-01-31.
CREATE TABLE heat (
    camera TEXT NOT NULL,
    day    TEXT NOT NULL,
    cells  BLOB NOT NULL,
    PRIMARY KEY (camera, day)
) STRICT;

-- What events have in common; '' stands for no camera, no zone.
CREATE TABLE event_slots (
    slot       INTEGER PRIMARY KEY,
    camera     TEXT NOT NULL,
    zone       TEXT NOT NULL,
    event_type TEXT NOT NULL,
    severity   TEXT NOT NULL,
    UNIQUE (camera, zone, event_type, severity)
) STRICT;
CREATE INDEX event_slots_zone ON event_slots (zone);

-- Where the events of a slot are. `standing`: 0 needs no acknowledgement, 1 waits for it, 2 has it.
CREATE TABLE event_keys (
    slot       INTEGER NOT NULL,
    standing   INTEGER NOT NULL,
    raised_seq INTEGER NOT NULL,
    start_at   INTEGER NOT NULL,
    PRIMARY KEY (slot, standing, raised_seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX event_keys_order ON event_keys (raised_seq, start_at);

CREATE TABLE event_hours (
    slot   INTEGER NOT NULL,
    hour   INTEGER NOT NULL,
    raised INTEGER NOT NULL,
    PRIMARY KEY (slot, hour)
) STRICT, WITHOUT ROWID;
CREATE TABLE event_days (
    slot   INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    raised INTEGER NOT NULL,
    PRIMARY KEY (slot, day)
) STRICT, WITHOUT ROWID;
-- All of a camera and severity in an hour, as charts over time ask for them.
CREATE TABLE camera_hours (
    hour     INTEGER NOT NULL,
    camera   TEXT NOT NULL,
    severity TEXT NOT NULL,
    raised   INTEGER NOT NULL,
    PRIMARY KEY (hour, camera, severity)
) STRICT, WITHOUT ROWID;
-- Between which numbers the events that began in an hour were raised: a list of a period begins and ends there.
CREATE TABLE hour_spans (
    hour      INTEGER PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL
) STRICT;

INSERT INTO event_slots (camera, zone, event_type, severity)
SELECT DISTINCT COALESCE(camera, ''),
       CASE WHEN json_valid(event) THEN COALESCE(json_extract(event, '$.zone.id'), '') ELSE '' END, event_type, severity
FROM events;
INSERT INTO event_keys (slot, standing, raised_seq, start_at)
SELECT s.slot, CASE WHEN e.acknowledged_at IS NULL THEN e.waits ELSE 2 END, e.raised_seq, e.start_at
FROM events e JOIN event_slots s
  ON s.camera = COALESCE(e.camera, '')
 AND s.zone = CASE WHEN json_valid(e.event) THEN COALESCE(json_extract(e.event, '$.zone.id'), '') ELSE '' END
 AND s.event_type = e.event_type AND s.severity = e.severity;
INSERT INTO event_hours (slot, hour, raised)
SELECT slot, start_at - start_at % 3600000000, COUNT(*) FROM event_keys GROUP BY 1, 2;
INSERT INTO event_days (slot, day, raised)
SELECT slot, start_at - start_at % 86400000000, COUNT(*) FROM event_keys GROUP BY 1, 2;
INSERT INTO camera_hours (hour, camera, severity, raised)
SELECT h.hour, s.camera, s.severity, SUM(h.raised) FROM event_hours h JOIN event_slots s USING (slot) GROUP BY 1, 2, 3;
INSERT INTO hour_spans (hour, first_seq, last_seq)
SELECT start_at - start_at % 3600000000, MIN(raised_seq), MAX(raised_seq) FROM event_keys GROUP BY 1;

-- Lists go by keys: every event would pay for these in vain.
DROP INDEX events_camera;
DROP INDEX events_start;

CREATE TRIGGER events_are_counted AFTER INSERT ON events
BEGIN
    INSERT INTO event_slots (camera, zone, event_type, severity)
    VALUES (COALESCE(NEW.camera, ''), COALESCE(json_extract(NEW.event, '$.zone.id'), ''), NEW.event_type, NEW.severity)
    ON CONFLICT DO NOTHING;
    INSERT INTO event_keys (slot, standing, raised_seq, start_at)
    SELECT slot, CASE WHEN NEW.acknowledged_at IS NULL THEN NEW.waits ELSE 2 END, NEW.raised_seq, NEW.start_at
    FROM event_slots
    WHERE camera = COALESCE(NEW.camera, '') AND zone = COALESCE(json_extract(NEW.event, '$.zone.id'), '')
      AND event_type = NEW.event_type AND severity = NEW.severity;
    INSERT INTO event_hours (slot, hour, raised)
    SELECT slot, start_at - start_at % 3600000000, 1 FROM event_keys WHERE raised_seq = NEW.raised_seq
    ON CONFLICT DO UPDATE SET raised = raised + 1;
    INSERT INTO event_days (slot, day, raised)
    SELECT slot, start_at - start_at % 86400000000, 1 FROM event_keys WHERE raised_seq = NEW.raised_seq
    ON CONFLICT DO UPDATE SET raised = raised + 1;
    INSERT INTO camera_hours (hour, camera, severity, raised)
    VALUES (NEW.start_at - NEW.start_at % 3600000000, COALESCE(NEW.camera, ''), NEW.severity, 1)
    ON CONFLICT DO UPDATE SET raised = raised + 1;
    INSERT INTO hour_spans (hour, first_seq, last_seq)
    VALUES (NEW.start_at - NEW.start_at % 3600000000, NEW.raised_seq, NEW.raised_seq)
    ON CONFLICT DO UPDATE SET first_seq = MIN(first_seq, excluded.first_seq), last_seq = MAX(last_seq, excluded.last_seq);
END;

CREATE TRIGGER events_change_their_standing AFTER UPDATE OF waits, acknowledged_at ON events
WHEN CASE WHEN OLD.acknowledged_at IS NULL THEN OLD.waits ELSE 2 END
  <> CASE WHEN NEW.acknowledged_at IS NULL THEN NEW.waits ELSE 2 END
BEGIN
    UPDATE event_keys SET standing = CASE WHEN NEW.acknowledged_at IS NULL THEN NEW.waits ELSE 2 END
    WHERE raised_seq = NEW.raised_seq;
END;

-- An event whose gravity or begin is set right is counted where it belongs from then on.
CREATE TRIGGER events_are_counted_anew AFTER UPDATE OF camera, event_type, severity, start_at ON events
WHEN OLD.camera IS NOT NEW.camera OR OLD.event_type <> NEW.event_type OR OLD.severity <> NEW.severity
  OR OLD.start_at <> NEW.start_at
BEGIN
    UPDATE event_hours SET raised = raised - 1
    WHERE (slot, hour) IN (SELECT slot, start_at - start_at % 3600000000 FROM event_keys WHERE raised_seq = OLD.raised_seq);
    UPDATE event_days SET raised = raised - 1
    WHERE (slot, day) IN (SELECT slot, start_at - start_at % 86400000000 FROM event_keys WHERE raised_seq = OLD.raised_seq);
    UPDATE camera_hours SET raised = raised - 1
    WHERE hour = OLD.start_at - OLD.start_at % 3600000000 AND camera = COALESCE(OLD.camera, '') AND severity = OLD.severity;
    DELETE FROM event_keys WHERE raised_seq = OLD.raised_seq;
    INSERT INTO event_slots (camera, zone, event_type, severity)
    VALUES (COALESCE(NEW.camera, ''), COALESCE(json_extract(NEW.event, '$.zone.id'), ''), NEW.event_type, NEW.severity)
    ON CONFLICT DO NOTHING;
    INSERT INTO event_keys (slot, standing, raised_seq, start_at)
    SELECT slot, CASE WHEN NEW.acknowledged_at IS NULL THEN NEW.waits ELSE 2 END, NEW.raised_seq, NEW.start_at
    FROM event_slots
    WHERE camera = COALESCE(NEW.camera, '') AND zone = COALESCE(json_extract(NEW.event, '$.zone.id'), '')
      AND event_type = NEW.event_type AND severity = NEW.severity;
    INSERT INTO event_hours (slot, hour, raised)
    SELECT slot, start_at - start_at % 3600000000, 1 FROM event_keys WHERE raised_seq = NEW.raised_seq
    ON CONFLICT DO UPDATE SET raised = raised + 1;
    INSERT INTO event_days (slot, day, raised)
    SELECT slot, start_at - start_at % 86400000000, 1 FROM event_keys WHERE raised_seq = NEW.raised_seq
    ON CONFLICT DO UPDATE SET raised = raised + 1;
    INSERT INTO camera_hours (hour, camera, severity, raised)
    VALUES (NEW.start_at - NEW.start_at % 3600000000, COALESCE(NEW.camera, ''), NEW.severity, 1)
    ON CONFLICT DO UPDATE SET raised = raised + 1;
    INSERT INTO hour_spans (hour, first_seq, last_seq)
    VALUES (NEW.start_at - NEW.start_at % 3600000000, NEW.raised_seq, NEW.raised_seq)
    ON CONFLICT DO UPDATE SET first_seq = MIN(first_seq, excluded.first_seq), last_seq = MAX(last_seq, excluded.last_seq);
END;

-- What is deleted can't be listed; that it happened stays counted.
CREATE TRIGGER deleted_events_have_no_key AFTER DELETE ON events
BEGIN
    DELETE FROM event_keys WHERE raised_seq = OLD.raised_seq;
END;
