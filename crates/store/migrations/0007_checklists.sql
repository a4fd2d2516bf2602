-- Checklists of cameras. A deleted one stays, with its runs.
CREATE TABLE checklists (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    camera     TEXT NOT NULL REFERENCES cameras (id),
    zone       TEXT,
    name       TEXT NOT NULL,
    items      TEXT NOT NULL,
    version    INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX checklists_camera ON checklists (camera) WHERE deleted_at IS NULL;

-- How each item stands now. `who` is null for the camera.
CREATE TABLE checklist_ticks (
    checklist         TEXT NOT NULL REFERENCES checklists (id),
    item              TEXT NOT NULL,
    revision          INTEGER NOT NULL,
    tick              TEXT NOT NULL,
    who               TEXT,
    at                INTEGER,
    note              TEXT NOT NULL,
    unconfirmed_since INTEGER,
    PRIMARY KEY (checklist, item)
) STRICT, WITHOUT ROWID;

-- From one reset to the next. One of each checklist that is not deleted has not ended.
CREATE TABLE checklist_runs (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    checklist TEXT NOT NULL REFERENCES checklists (id),
    started   INTEGER NOT NULL,
    ended     INTEGER,
    ended_by  TEXT,
    who       TEXT,
    note      TEXT NOT NULL DEFAULT '',
    items     TEXT,
    untold    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX checklist_runs_checklist ON checklist_runs (checklist, number);
CREATE UNIQUE INDEX checklist_runs_current ON checklist_runs (checklist) WHERE ended IS NULL;

CREATE TABLE checklist_deeds (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run    INTEGER NOT NULL REFERENCES checklist_runs (number) ON DELETE CASCADE,
    item   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    deed   TEXT NOT NULL,
    who    TEXT,
    note   TEXT NOT NULL
) STRICT;
CREATE INDEX checklist_deeds_run ON checklist_deeds (run, number);

-- One row at most. `changed`: when the shifts were set; `looked`: when the items were last looked at.
CREATE TABLE checklist_settings (
    number   INTEGER PRIMARY KEY CHECK (number = 1),
    settings TEXT,
    changed  INTEGER,
    looked   INTEGER
) STRICT;

-- What the law and the site ask for, in our own words. Deleted ones stay, so that what the program
-- brings along does not come back.
CREATE TABLE regulations (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    category   TEXT NOT NULL,
    content    TEXT NOT NULL,
    position   INTEGER NOT NULL,
    active     INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    edited_by  TEXT,
    edited_at  INTEGER,
    deleted_at INTEGER
) STRICT;
