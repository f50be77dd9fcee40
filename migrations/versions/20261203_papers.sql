SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE paper_number (
    agency_id BIGINT NOT NULL,
    form TEXT NOT NULL,
    year SMALLINT NOT NULL,
    last_number INTEGER NOT NULL,
    CONSTRAINT pk_paper_number PRIMARY KEY (agency_id, form, year),
    CONSTRAINT ck_paper_number_form CHECK (form IN ('receipt', 'supplement-request', 'refusal', 'apology', 'stop-notice', 'control-slip')),
    CONSTRAINT fk_paper_number_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE paper_number IS 'Number counter of an agency''s papers of one form in one year (Decree 30/2020/NĐ-CP)';

CREATE TABLE issued_paper (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    form TEXT NOT NULL,
    apology_id BIGINT,
    agency_id BIGINT NOT NULL,
    year SMALLINT NOT NULL,
    number INTEGER NOT NULL,
    facts JSONB NOT NULL,
    issued_at timestamptz NOT NULL,
    issued_by TEXT NOT NULL,
    issued_name TEXT NOT NULL,
    sha256 TEXT,
    template TEXT,
    printed_at timestamptz,
    CONSTRAINT pk_issued_paper PRIMARY KEY (id),
    CONSTRAINT uq_issued_paper_agency_id_form_year_number UNIQUE (agency_id, form, year, number),
    CONSTRAINT uq_issued_paper_apology_id UNIQUE (apology_id),
    CONSTRAINT ck_issued_paper_form CHECK (form IN ('receipt', 'supplement-request', 'refusal', 'apology', 'stop-notice', 'control-slip')),
    CONSTRAINT ck_issued_paper_counters CHECK (number >= 1 AND seq >= 1),
    CONSTRAINT ck_issued_paper_printed CHECK ((sha256 IS NULL) = (template IS NULL) AND (sha256 IS NULL) = (printed_at IS NULL)),
    CONSTRAINT fk_issued_paper_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_issued_paper_apology_id FOREIGN KEY(apology_id) REFERENCES apology (id),
    CONSTRAINT fk_issued_paper_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_issued_paper_sha256 FOREIGN KEY(sha256) REFERENCES stored_file (sha256)
);

CREATE UNIQUE INDEX uq_issued_paper_dossier_id_form_seq ON issued_paper (dossier_id, form, seq) WHERE apology_id IS NULL;
CREATE INDEX ix_issued_paper_dossier_id ON issued_paper (dossier_id, id);
COMMENT ON TABLE issued_paper IS 'Giấy tờ đã ban hành: what a paper says is frozen with the act, its bytes when printed';
COMMENT ON COLUMN issued_paper.seq IS 'Event that issued it, or was the last then';
COMMENT ON COLUMN issued_paper.apology_id IS 'If that issued it';
COMMENT ON COLUMN issued_paper.agency_id IS 'In whose books it is';
COMMENT ON COLUMN issued_paper.year IS 'Of the book';
COMMENT ON COLUMN issued_paper.facts IS 'What it says, as it was when it was issued';
COMMENT ON COLUMN issued_paper.issued_by IS 'Account';
COMMENT ON COLUMN issued_paper.sha256 IS 'NULL: not printed yet';
COMMENT ON COLUMN issued_paper.template IS 'Version that it was printed with';
COMMENT ON COLUMN issued_paper.printed_at IS 'For the first time';

GRANT SELECT, INSERT, UPDATE ON paper_number TO motcua_app;
GRANT SELECT, INSERT, UPDATE (sha256, template, printed_at) ON issued_paper TO motcua_app;

-- A paper is seen by who sees its dossier, the control slip by the agencies alone; it is added by
-- who acts on the dossier; what was printed stays, and only the system prints for the first time.

ALTER TABLE issued_paper ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON issued_paper FOR SELECT TO motcua_app USING (
    (form <> 'control-slip' OR (SELECT acting_role()) <> 'applicant')
    AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
CREATE POLICY added ON issued_paper FOR INSERT TO motcua_app WITH CHECK (
    (SELECT acting_role()) <> 'applicant'
    AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
CREATE POLICY printed ON issued_paper FOR UPDATE TO motcua_app
    USING ((SELECT acting_role()) = 'system' AND sha256 IS NULL)
    WITH CHECK ((SELECT acting_role()) = 'system');
