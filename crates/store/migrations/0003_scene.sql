-- Masked areas and calibration of a camera, as JSON.
ALTER TABLE cameras ADD COLUMN scene TEXT NOT NULL DEFAULT '{}';

-- The site's time zone and holidays, as JSON; one row at most.
CREATE TABLE site (
    number   INTEGER PRIMARY KEY CHECK (number = 1),
    calendar TEXT NOT NULL
) STRICT;
