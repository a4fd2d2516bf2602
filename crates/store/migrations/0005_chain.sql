-- What was written when, each entry bound to the one before by SHA-256: docs/evidence.md says how.
-- The first entry, made when the program opens the file, covers what is older than the chain.
CREATE TABLE chain (
    number  INTEGER PRIMARY KEY NOT NULL,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    target  TEXT NOT NULL,
    content BLOB NOT NULL CHECK (length(content) = 32),
    hash    BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX chain_target ON chain (kind, target);
CREATE TRIGGER chain_is_never_changed BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'entries of the chain are never changed'); END;
CREATE TRIGGER chain_is_never_deleted BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'entries of the chain are never deleted'); END;

-- Up to where rows are in the chain; found again from the chain itself, so nothing is proved by it.
CREATE TABLE chain_reach (
    number  INTEGER PRIMARY KEY CHECK (number = 1),
    changes INTEGER NOT NULL,
    audit   INTEGER NOT NULL
) STRICT;

CREATE INDEX event_changes_event ON event_changes (event_id, seq);

-- Events whose evidence retention leaves alone.
CREATE TABLE holds (
    event_id TEXT PRIMARY KEY NOT NULL,
    by       TEXT NOT NULL,
    at       INTEGER NOT NULL,
    reason   TEXT NOT NULL
) STRICT;

-- A right of its own, beside the role.
ALTER TABLE users ADD COLUMN may_export_original INTEGER NOT NULL DEFAULT 0;
