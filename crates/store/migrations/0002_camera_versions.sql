-- Who changed what of a camera when. A row is written with the change itself and never altered; `settings` hold no
-- secret. Cameras from before get their first row when the program opens the file.
CREATE TABLE camera_versions (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    camera   TEXT NOT NULL REFERENCES cameras (id),
    version  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    author   TEXT NOT NULL,
    username TEXT,
    deed     TEXT NOT NULL,
    restored INTEGER,
    settings TEXT NOT NULL,
    changes  TEXT NOT NULL,
    UNIQUE (camera, version)
) STRICT;
CREATE TRIGGER camera_versions_are_never_changed BEFORE UPDATE ON camera_versions
BEGIN SELECT RAISE(ABORT, 'versions of cameras are never changed'); END;

-- Which version judged an event: such versions are kept.
ALTER TABLE events ADD COLUMN config_version INTEGER;
UPDATE events SET config_version = json_extract(event, '$.config_version') WHERE json_valid(event);
CREATE INDEX events_config_version ON events (camera, config_version);
