SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE reconciliation (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    origin TEXT NOT NULL,
    night DATE,
    first_on DATE NOT NULL,
    last_on DATE NOT NULL,
    agency TEXT,
    state TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_name TEXT NOT NULL,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz,
    recorded_on DATE,
    planned INTEGER NOT NULL,
    done INTEGER NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    CONSTRAINT pk_reconciliation PRIMARY KEY (id),
    CONSTRAINT uq_reconciliation_night UNIQUE (night),
    CONSTRAINT ck_reconciliation_origin CHECK (origin IN ('asked', 'nightly')),
    CONSTRAINT ck_reconciliation_state CHECK (state IN ('running', 'finished')),
    CONSTRAINT ck_reconciliation_days CHECK (last_on >= first_on),
    CONSTRAINT ck_reconciliation_finished
        CHECK ((state = 'finished') = (finished_at IS NOT NULL))
);

CREATE INDEX ix_reconciliation_running ON reconciliation (id) WHERE state = 'running';
COMMENT ON TABLE reconciliation IS 'A comparison with what the national portal holds (đối chiếu)';
COMMENT ON COLUMN reconciliation.night IS 'Of a nightly run: one each night';
COMMENT ON COLUMN reconciliation.first_on IS 'First day of receipt';
COMMENT ON COLUMN reconciliation.agency IS 'With those below it; NULL: every agency';
COMMENT ON COLUMN reconciliation.recorded_on IS 'First day whose figures know it: answers as of an earlier day stay as they were';
COMMENT ON COLUMN reconciliation.planned IS 'Dossiers and listed codes to ask about';
COMMENT ON COLUMN reconciliation.lease IS 'Token of the process that works on it';

CREATE TABLE reconciliation_part (
    reconciliation_id BIGINT NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL,
    keys JSONB NOT NULL,
    CONSTRAINT pk_reconciliation_part PRIMARY KEY (reconciliation_id, n),
    CONSTRAINT ck_reconciliation_part_kind CHECK (kind IN ('ours', 'following', 'listed')),
    CONSTRAINT fk_reconciliation_part_reconciliation_id
        FOREIGN KEY(reconciliation_id) REFERENCES reconciliation (id)
);

COMMENT ON TABLE reconciliation_part IS 'What a run has still to ask; a part that was recorded is gone';
COMMENT ON COLUMN reconciliation_part.keys IS 'Of dossiers, of agencies'' days, or codes';

CREATE TABLE reconciliation_count (
    reconciliation_id BIGINT NOT NULL,
    agency_id BIGINT NOT NULL,
    month DATE NOT NULL,
    outcome TEXT NOT NULL,
    dossiers INTEGER NOT NULL,
    held INTEGER NOT NULL,
    CONSTRAINT pk_reconciliation_count PRIMARY KEY (reconciliation_id, agency_id, month, outcome),
    CONSTRAINT ck_reconciliation_count_outcome CHECK (outcome IN ('equal', 'missing', 'behind',
        'different', 'unknown_here', 'not_told_yet', 'cannot_be_asked', 'unasked')),
    CONSTRAINT fk_reconciliation_count_reconciliation_id
        FOREIGN KEY(reconciliation_id) REFERENCES reconciliation (id),
    CONSTRAINT fk_reconciliation_count_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE reconciliation_count IS 'What a run found, by agency and month of receipt';
COMMENT ON COLUMN reconciliation_count.agency_id IS 'Received them';
COMMENT ON COLUMN reconciliation_count.month IS 'Of receipt, its first day';
COMMENT ON COLUMN reconciliation_count.held IS 'Of these, held by the portal';

CREATE TABLE reconciliation_difference (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    reconciliation_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    dossier_id BIGINT,
    agency_id BIGINT NOT NULL,
    month DATE NOT NULL,
    outcome TEXT NOT NULL,
    cause TEXT,
    told INTEGER NOT NULL,
    stage INTEGER,
    detail TEXT,
    fields TEXT[] NOT NULL,
    found_at timestamptz NOT NULL,
    mended_at timestamptz,
    mended_by TEXT,
    mended TEXT,
    CONSTRAINT pk_reconciliation_difference PRIMARY KEY (id),
    CONSTRAINT uq_reconciliation_difference_reconciliation_id_code
        UNIQUE (reconciliation_id, code),
    CONSTRAINT ck_reconciliation_difference_outcome CHECK (outcome IN ('equal', 'missing',
        'behind', 'different', 'unknown_here', 'not_told_yet', 'cannot_be_asked', 'unasked')),
    CONSTRAINT ck_reconciliation_difference_cause CHECK (cause IN ('blocked', 'dead',
        'never_told', 'lost', 'changed', 'following', 'listed', 'handed_in', 'silent', 'refused',
        'unmapped', 'unregistered')),
    CONSTRAINT fk_reconciliation_difference_reconciliation_id
        FOREIGN KEY(reconciliation_id) REFERENCES reconciliation (id),
    CONSTRAINT fk_reconciliation_difference_dossier_id
        FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_reconciliation_difference_agency_id
        FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_reconciliation_difference_id ON reconciliation_difference (reconciliation_id, id);
CREATE INDEX ix_reconciliation_difference_unknown ON reconciliation_difference (month)
    WHERE outcome = 'unknown_here';
COMMENT ON TABLE reconciliation_difference IS 'Dossiers that did not compare equal';
COMMENT ON COLUMN reconciliation_difference.dossier_id IS 'NULL: none of ours';
COMMENT ON COLUMN reconciliation_difference.agency_id IS 'Received it';
COMMENT ON COLUMN reconciliation_difference.told IS 'Last event that the portal acknowledged';
COMMENT ON COLUMN reconciliation_difference.stage IS 'Event up to which the portal holds it, if it is one of ours';
COMMENT ON COLUMN reconciliation_difference.detail IS 'What the portal or our own fault said';
COMMENT ON COLUMN reconciliation_difference.fields IS 'Names of what differs';
COMMENT ON COLUMN reconciliation_difference.mended_at IS 'When it was queued to be told again';
COMMENT ON COLUMN reconciliation_difference.mended IS 'What was done in the ledger';

CREATE TABLE reconciliation_value (
    difference_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    ours JSONB,
    theirs JSONB,
    is_personal BOOLEAN NOT NULL,
    CONSTRAINT pk_reconciliation_value PRIMARY KEY (difference_id, field),
    CONSTRAINT fk_reconciliation_value_difference_id FOREIGN KEY(difference_id)
        REFERENCES reconciliation_difference (id) ON DELETE CASCADE
);

COMMENT ON TABLE reconciliation_value IS 'Values that differ; personal ones are seen by the agency''s own staff only';

CREATE TABLE catalogue_sync (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    begun_at timestamptz NOT NULL,
    asked_name TEXT NOT NULL,
    leased_until timestamptz,
    finished_at timestamptz,
    outcome TEXT,
    drafted TEXT[] NOT NULL,
    unchanged INTEGER NOT NULL,
    faulty JSONB NOT NULL,
    renamed JSONB NOT NULL,
    reason TEXT,
    CONSTRAINT pk_catalogue_sync PRIMARY KEY (id),
    CONSTRAINT ck_catalogue_sync_outcome CHECK (outcome IN ('done', 'failed'))
);

COMMENT ON TABLE catalogue_sync IS 'Looks at the national portal''s catalogue, and what they brought';
COMMENT ON COLUMN catalogue_sync.leased_until IS 'Until then its worker reads';
COMMENT ON COLUMN catalogue_sync.outcome IS 'NULL: under way, or its worker never came back';
COMMENT ON COLUMN catalogue_sync.faulty IS 'Why, by code';
COMMENT ON COLUMN catalogue_sync.renamed IS 'Their names there, by code';
COMMENT ON COLUMN catalogue_sync.reason IS 'Why it failed';

-- What a person does to the ledger after a reconciliation: told again from an event on.

DO $$
BEGIN
    EXECUTE 'ALTER TABLE delivery_act DROP CONSTRAINT ck_delivery_act_act, '
        'ADD CONSTRAINT ck_delivery_act_act '
        'CHECK (act IN (''retry'', ''park'', ''unpark'', ''mend''))';
END
$$;

-- What was acknowledged and is told again counts as told no more: its figures are read anew.

CREATE FUNCTION figures_mark_told(dossiers bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    INSERT INTO figure_mark (dossier_id, recorded_at) SELECT unnest(dossiers), '-infinity'
$$;
REVOKE ALL ON FUNCTION figures_mark_told FROM PUBLIC;
GRANT EXECUTE ON FUNCTION figures_mark_told TO motcua_app;

GRANT SELECT, INSERT, UPDATE ON reconciliation, reconciliation_count, catalogue_sync TO motcua_app;
GRANT SELECT, INSERT, DELETE ON reconciliation_part, reconciliation_value TO motcua_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON reconciliation_difference TO motcua_app;

-- Staff see what concerns their agency, administrators too, but no personal value; analysts see
-- the counts alone.

ALTER TABLE reconciliation_difference ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON reconciliation_difference TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('administrator', 'receptionist', 'officer', 'approver')
        AND agency_id = ANY ((SELECT acting_agencies())::bigint[])));
ALTER TABLE reconciliation_value ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON reconciliation_value TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((NOT is_personal OR (SELECT acting_role()) <> 'administrator')
        AND EXISTS (SELECT FROM reconciliation_difference AS d WHERE d.id = difference_id)));
