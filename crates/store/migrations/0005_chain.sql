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
    audit   INTEGER NOT NULL,
    deeds   INTEGER NOT NULL
) STRICT;

-- Incidents whose newest form is not in the chain yet: empty after each commit.
CREATE TABLE incidents_to_chain (number INTEGER PRIMARY KEY NOT NULL) STRICT;
INSERT INTO incidents_to_chain (number) SELECT number FROM incidents;
CREATE TRIGGER incidents_added_to_chain AFTER INSERT ON incidents
BEGIN INSERT OR IGNORE INTO incidents_to_chain (number) VALUES (new.number); END;
CREATE TRIGGER incidents_changed_to_chain AFTER UPDATE OF incident, state, held ON incidents
BEGIN INSERT OR IGNORE INTO incidents_to_chain (number) VALUES (new.number); END;

CREATE INDEX event_changes_event ON event_changes (event_id, seq);

CREATE INDEX incidents_held ON incidents (id) WHERE held = 1;

-- A right of its own, beside the role.
ALTER TABLE users ADD COLUMN may_export_original INTEGER NOT NULL DEFAULT 0;
UPDATE users SET may_export_original = 1 WHERE username = 'admin' AND role = 'admin';
