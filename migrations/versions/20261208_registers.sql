SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE issued_register (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    agency_id BIGINT NOT NULL,
    first_on DATE NOT NULL,
    last_on DATE NOT NULL,
    format TEXT NOT NULL,
    entries INTEGER NOT NULL,
    said_sha256 TEXT NOT NULL,
    issued_at timestamptz NOT NULL,
    issued_by TEXT NOT NULL,
    issued_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    template TEXT,
    CONSTRAINT pk_issued_register PRIMARY KEY (id),
    CONSTRAINT uq_issued_register_said UNIQUE (agency_id, first_on, last_on, format, said_sha256),
    CONSTRAINT ck_issued_register_format CHECK (format IN ('pdf', 'xlsx')),
    CONSTRAINT ck_issued_register_extent CHECK (first_on <= last_on AND entries >= 1),
    CONSTRAINT fk_issued_register_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_issued_register_sha256 FOREIGN KEY(sha256) REFERENCES stored_file (sha256)
);

COMMENT ON TABLE issued_register IS 'Sổ theo dõi hồ sơ đã phát hành: kept as issued, the same again is the one before';
COMMENT ON COLUMN issued_register.agency_id IS 'With the units below it';
COMMENT ON COLUMN issued_register.said_sha256 IS 'Of what its entries say';
COMMENT ON COLUMN issued_register.issued_by IS 'Account';
COMMENT ON COLUMN issued_register.template IS 'Version that it was printed with; NULL: a spreadsheet';

GRANT SELECT, INSERT ON issued_register TO motcua_app;

-- A register holds every applicant's name: it is for the desks of its agency and those above.

ALTER TABLE issued_register ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_desk ON issued_register FOR SELECT TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver')
        AND agency_id = ANY ((SELECT acting_agencies())::bigint[])));
CREATE POLICY issued_by_desk ON issued_register FOR INSERT TO motcua_app WITH CHECK (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver')
        AND agency_id = ANY ((SELECT acting_agencies())::bigint[])));
