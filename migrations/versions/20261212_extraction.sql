SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE extraction_schedule (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    every TEXT NOT NULL,
    agency TEXT,
    owner_agency_id BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at timestamptz NOT NULL,
    next_on DATE NOT NULL,
    ended_at timestamptz,
    CONSTRAINT pk_extraction_schedule PRIMARY KEY (id),
    CONSTRAINT ck_extraction_schedule_kind CHECK (kind IN ('annex', 'report', 'dossiers', 'parquet', 'json', 'open_data')),
    CONSTRAINT ck_extraction_schedule_every CHECK (every IN ('month', 'quarter', 'half_year', 'year')),
    CONSTRAINT fk_extraction_schedule_owner_agency_id FOREIGN KEY(owner_agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_extraction_schedule_due ON extraction_schedule (next_on) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX uq_extraction_schedule_wish ON extraction_schedule (owner_agency_id, kind, every, coalesce(agency, '')) WHERE ended_at IS NULL;
COMMENT ON TABLE extraction_schedule IS 'Extractions that are made whenever a period has ended';
COMMENT ON COLUMN extraction_schedule.agency IS 'With the units below it; NULL: the whole province';
COMMENT ON COLUMN extraction_schedule.owner_agency_id IS 'Who asked';
COMMENT ON COLUMN extraction_schedule.next_on IS 'Day on which the next one is made';

CREATE TABLE extraction (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    first_on DATE NOT NULL,
    last_on DATE NOT NULL,
    agency TEXT,
    as_of DATE,
    owner_agency_id BIGINT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at timestamptz NOT NULL,
    schedule_id UUID,
    state TEXT NOT NULL,
    rows_done BIGINT NOT NULL,
    rows_total BIGINT,
    parts_done INTEGER NOT NULL,
    parts_total INTEGER,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    finished_at timestamptz,
    expires_at timestamptz,
    fault TEXT,
    CONSTRAINT pk_extraction PRIMARY KEY (id),
    CONSTRAINT ck_extraction_kind CHECK (kind IN ('annex', 'report', 'dossiers', 'parquet', 'json', 'open_data')),
    CONSTRAINT ck_extraction_state CHECK (state IN ('waiting', 'running', 'done', 'failed', 'expired')),
    CONSTRAINT ck_extraction_period CHECK (last_on >= first_on),
    CONSTRAINT uq_extraction_schedule_id UNIQUE (schedule_id, first_on),
    CONSTRAINT fk_extraction_owner_agency_id FOREIGN KEY(owner_agency_id) REFERENCES agency (id),
    CONSTRAINT fk_extraction_schedule_id FOREIGN KEY(schedule_id) REFERENCES extraction_schedule (id)
);

CREATE INDEX ix_extraction_kept ON extraction (expires_at) WHERE state = 'done';
CREATE INDEX ix_extraction_open ON extraction (next_at) WHERE state IN ('waiting', 'running');
CREATE INDEX ix_extraction_owner_agency_id ON extraction (owner_agency_id, requested_at);
COMMENT ON TABLE extraction IS 'An extraction that somebody, or a schedule, asked for';
COMMENT ON COLUMN extraction.agency IS 'With the units below it; NULL: the whole province';
COMMENT ON COLUMN extraction.owner_agency_id IS 'Who asked';
COMMENT ON COLUMN extraction.lease IS 'Token of the worker that makes it';
COMMENT ON COLUMN extraction.expires_at IS 'Its files are kept until then';
COMMENT ON COLUMN extraction.fault IS 'Why it could not be made, as a sentence';

CREATE TABLE extraction_file (
    extraction_id UUID NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    n_rows BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    is_data BOOLEAN NOT NULL,
    CONSTRAINT pk_extraction_file PRIMARY KEY (extraction_id, name),
    CONSTRAINT fk_extraction_file_extraction_id FOREIGN KEY(extraction_id) REFERENCES extraction (id)
);

COMMENT ON TABLE extraction_file IS 'A file of an extraction, complete';
COMMENT ON COLUMN extraction_file.fingerprint IS 'The same: not made again';

CREATE TABLE extraction_chunk (
    extraction_id UUID NOT NULL,
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_extraction_chunk PRIMARY KEY (extraction_id, name, n),
    CONSTRAINT fk_extraction_chunk_file FOREIGN KEY(extraction_id, name) REFERENCES extraction_file (extraction_id, name) ON DELETE CASCADE
);

COMMENT ON TABLE extraction_chunk IS 'Content in pieces of 256 KiB, so that reading it back streams';

GRANT SELECT, INSERT, UPDATE ON extraction, extraction_schedule TO motcua_app;
GRANT SELECT, INSERT, DELETE ON extraction_file TO motcua_app;
GRANT SELECT, INSERT ON extraction_chunk TO motcua_app;

-- Figures are without personal data; still, each analyst sees what their own agency, or one below
-- it, asked for. Pieces go with their file, files with their extraction.
ALTER TABLE extraction ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON extraction TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'analyst'
        AND owner_agency_id = ANY ((SELECT acting_agencies())::bigint[]))
);

ALTER TABLE extraction_schedule ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON extraction_schedule TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'analyst'
        AND owner_agency_id = ANY ((SELECT acting_agencies())::bigint[]))
);

ALTER TABLE extraction_file ENABLE ROW LEVEL SECURITY;
CREATE POLICY with_its_extraction ON extraction_file TO motcua_app USING (
    EXISTS (SELECT FROM extraction WHERE extraction.id = extraction_id)
);

ALTER TABLE extraction_chunk ENABLE ROW LEVEL SECURITY;
CREATE POLICY with_its_extraction ON extraction_chunk TO motcua_app USING (
    EXISTS (SELECT FROM extraction WHERE extraction.id = extraction_id)
);
