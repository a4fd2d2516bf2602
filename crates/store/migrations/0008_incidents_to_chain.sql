-- Only what the program itself writes comes into the chain: an incident altered past it shows.
DROP TRIGGER incidents_added_to_chain;
DROP TRIGGER incidents_changed_to_chain;

CREATE INDEX incidents_zone ON incidents (zone, number) WHERE zone IS NOT NULL;
CREATE INDEX incidents_type ON incidents (event_type, number);
CREATE INDEX incidents_severity ON incidents (severity, number);
