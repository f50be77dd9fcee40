SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE inbound (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    service TEXT NOT NULL,
    code TEXT,
    body BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    received_at timestamptz NOT NULL,
    corrected JSONB,
    procedure TEXT,
    agency_id BIGINT,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    answer_code TEXT,
    answer TEXT,
    faults JSONB DEFAULT '[]' NOT NULL,
    dossier_id BIGINT,
    entered_at timestamptz,
    CONSTRAINT pk_inbound PRIMARY KEY (id),
    CONSTRAINT uq_inbound_code UNIQUE (code),
    CONSTRAINT uq_inbound_dossier_id UNIQUE (dossier_id),
    CONSTRAINT ck_inbound_service CHECK (service IN ('nhanhsdvcqg', 'addtthcKhuyenMai')),
    CONSTRAINT ck_inbound_state CHECK (state IN ('waiting', 'in_flight', 'entered', 'quarantined')),
    CONSTRAINT ck_inbound_entered CHECK ((state = 'entered') = (dossier_id IS NOT NULL)),
    CONSTRAINT fk_inbound_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_inbound_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_inbound_open ON inbound (next_at) WHERE state IN ('waiting', 'in_flight');
CREATE INDEX ix_inbound_not_entered ON inbound (id) WHERE state <> 'entered';
CREATE UNIQUE INDEX uq_inbound_unreadable ON inbound (sha256) WHERE code IS NULL;
COMMENT ON TABLE inbound IS 'Inbox of dossiers that the national portal hands on: kept as received, entered later';
COMMENT ON COLUMN inbound.code IS 'MaHoSo at the portal; NULL: it could not be read';
COMMENT ON COLUMN inbound.body IS 'As received';
COMMENT ON COLUMN inbound.corrected IS 'What a person made of it; NULL: it counts as received';
COMMENT ON COLUMN inbound.procedure IS 'MaTTHC as it was read';
COMMENT ON COLUMN inbound.agency_id IS 'Is to resolve it, as far as that is known';
COMMENT ON COLUMN inbound.lease IS 'Token of the claim that is under way';
COMMENT ON COLUMN inbound.answer IS 'Why it stands so, without personal data';
COMMENT ON COLUMN inbound.faults IS 'JSON pointer, code and sentence of each, without personal data';

CREATE TABLE inbound_copy (
    inbound_id BIGINT NOT NULL,
    n SMALLINT NOT NULL,
    body BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_inbound_copy PRIMARY KEY (inbound_id, n),
    CONSTRAINT uq_inbound_copy_inbound_id_sha256 UNIQUE (inbound_id, sha256),
    CONSTRAINT fk_inbound_copy_inbound_id FOREIGN KEY(inbound_id) REFERENCES inbound (id)
);

COMMENT ON TABLE inbound_copy IS 'The same MaHoSo again with another content: kept, never entered by itself';

CREATE TABLE inbound_file (
    inbound_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    fetched_at timestamptz NOT NULL,
    CONSTRAINT pk_inbound_file PRIMARY KEY (inbound_id, url),
    CONSTRAINT fk_inbound_file_inbound_id FOREIGN KEY(inbound_id) REFERENCES inbound (id),
    CONSTRAINT fk_inbound_file_sha256 FOREIGN KEY(sha256) REFERENCES stored_file (sha256)
);

COMMENT ON TABLE inbound_file IS 'Files that were fetched for a dossier that is not entered yet: a retry fetches the others';

CREATE TABLE inbound_act (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    inbound_id BIGINT NOT NULL,
    act TEXT NOT NULL,
    reason TEXT NOT NULL,
    changed TEXT[] DEFAULT '{}' NOT NULL,
    content JSONB,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    acted_at timestamptz NOT NULL,
    CONSTRAINT pk_inbound_act PRIMARY KEY (id),
    CONSTRAINT ck_inbound_act_act CHECK (act IN ('replay', 'mend')),
    CONSTRAINT fk_inbound_act_inbound_id FOREIGN KEY(inbound_id) REFERENCES inbound (id)
);

CREATE INDEX ix_inbound_act_inbound_id ON inbound_act (inbound_id);
COMMENT ON TABLE inbound_act IS 'What persons did to what came in: rows are added, never changed';
COMMENT ON COLUMN inbound_act.changed IS 'JSON pointers; empty pointer: the whole message';
COMMENT ON COLUMN inbound_act.content IS 'The message as it was mended';

CREATE TABLE portal_origin (
    dossier_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    service TEXT NOT NULL,
    procedure TEXT NOT NULL,
    submitted_at timestamptz NOT NULL,
    paid TEXT NOT NULL,
    CONSTRAINT pk_portal_origin PRIMARY KEY (dossier_id),
    CONSTRAINT uq_portal_origin_code UNIQUE (code),
    CONSTRAINT ck_portal_origin_service CHECK (service IN ('nhanhsdvcqg', 'addtthcKhuyenMai')),
    CONSTRAINT ck_portal_origin_paid CHECK (paid IN ('0', '1', '2')),
    CONSTRAINT fk_portal_origin_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

COMMENT ON TABLE portal_origin IS 'A dossier that was handed in at the national portal, by its name there';
COMMENT ON COLUMN portal_origin.code IS 'MaHoSo there';
COMMENT ON COLUMN portal_origin.procedure IS 'MaTTHC there, with its local suffix';
COMMENT ON COLUMN portal_origin.paid IS 'DuocThanhToanTrucTuyen as handed in';

CREATE TABLE lookup_file (
    lookup_id BIGINT NOT NULL,
    from_lookup_id BIGINT NOT NULL,
    owner TEXT NOT NULL,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    result_code TEXT NOT NULL,
    component TEXT NOT NULL,
    document_id UUID,
    CONSTRAINT pk_lookup_file PRIMARY KEY (lookup_id),
    CONSTRAINT fk_lookup_file_lookup_id FOREIGN KEY(lookup_id) REFERENCES lookup (id),
    CONSTRAINT fk_lookup_file_from_lookup_id FOREIGN KEY(from_lookup_id) REFERENCES lookup (id),
    CONSTRAINT fk_lookup_file_document_id FOREIGN KEY(document_id) REFERENCES document (id)
);

COMMENT ON TABLE lookup_file IS 'A look-up that fetches one file of the store of results, to meet a component';
COMMENT ON COLUMN lookup_file.from_lookup_id IS 'The look-up that listed it';
COMMENT ON COLUMN lookup_file.owner IS 'CoQuanChuQuan';
COMMENT ON COLUMN lookup_file.path IS 'DuongDan';
COMMENT ON COLUMN lookup_file.result_code IS 'MaKetQua';

ALTER TABLE document ADD COLUMN source TEXT DEFAULT 'upload' NOT NULL
    CONSTRAINT ck_document_source CHECK (source IN ('upload', 'portal', 'result_store'));
ALTER TABLE document ADD COLUMN source_code TEXT;
COMMENT ON COLUMN document.source IS 'Uploaded, fetched from the national portal, or from the store of results';
COMMENT ON COLUMN document.source_code IS 'MaKetQua of what is from the store';

GRANT SELECT, INSERT, UPDATE ON inbound, lookup_file TO motcua_app;
GRANT SELECT, INSERT, DELETE ON inbound_file TO motcua_app;
GRANT SELECT, INSERT ON inbound_copy, inbound_act, portal_origin TO motcua_app;

-- Whole messages of persons: nobody but the system reads them. Administrators read the view.

ALTER TABLE inbound ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_system ON inbound TO motcua_app USING ((SELECT acting_role()) = 'system');
ALTER TABLE inbound_copy ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_system ON inbound_copy TO motcua_app
    USING ((SELECT acting_role()) = 'system');
ALTER TABLE inbound_file ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_system ON inbound_file TO motcua_app
    USING ((SELECT acting_role()) = 'system');
ALTER TABLE inbound_act ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_system ON inbound_act TO motcua_app
    USING ((SELECT acting_role()) = 'system');

ALTER TABLE portal_origin ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON portal_origin FOR SELECT TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));
CREATE POLICY added ON portal_origin FOR INSERT TO motcua_app
    WITH CHECK ((SELECT acting_role()) = 'system');

ALTER TABLE lookup_file ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_lookup ON lookup_file TO motcua_app
    USING (EXISTS (SELECT FROM lookup WHERE lookup.id = lookup_id));

CREATE VIEW inbound_seen AS
SELECT inbound.id, inbound.service, inbound.code, inbound.sha256, inbound.received_at,
    inbound.corrected IS NOT NULL AS is_corrected, inbound.procedure, inbound.agency_id,
    inbound.state, inbound.attempts, inbound.next_at, inbound.answer_code, inbound.answer,
    inbound.faults, inbound.dossier_id, inbound.entered_at, dossier.code AS dossier_code,
    (SELECT count(*) FROM inbound_copy WHERE inbound_copy.inbound_id = inbound.id) AS copies,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('act', act, 'reason', reason,
            'changed', changed, 'actor_name', actor_name, 'acted_at', acted_at) ORDER BY act_.id),
            '[]')
        FROM inbound_act AS act_ WHERE act_.inbound_id = inbound.id) AS acts
FROM inbound LEFT JOIN dossier ON dossier.id = inbound.dossier_id
WHERE (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'administrator'
        AND (inbound.agency_id IS NULL OR inbound.agency_id = ANY ((SELECT acting_agencies())::bigint[])));
GRANT SELECT ON inbound_seen TO motcua_app;
