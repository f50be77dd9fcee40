SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE import_run (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    mapping TEXT NOT NULL,
    is_told BOOLEAN NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz,
    lines BIGINT NOT NULL,
    written BIGINT NOT NULL,
    faulty BIGINT NOT NULL,
    CONSTRAINT pk_import_run PRIMARY KEY (id),
    CONSTRAINT ck_import_run_counts CHECK (lines >= 0 AND written >= 0 AND faulty >= 0)
);

CREATE INDEX ix_import_run_sha256 ON import_run (sha256);
COMMENT ON TABLE import_run IS 'Files of former systems whose dossiers were taken in';
COMMENT ON COLUMN import_run.source IS 'Name of the former system';
COMMENT ON COLUMN import_run.mapping IS 'SHA-256 of how columns and words were translated';
COMMENT ON COLUMN import_run.is_told IS 'The national portal is told of its dossiers';
COMMENT ON COLUMN import_run.ended_at IS 'NULL: it is running, or was killed and goes on when started again';
COMMENT ON COLUMN import_run.lines IS 'Rows of the file; known at its end';

CREATE TABLE import_row (
    dossier_id BIGINT NOT NULL,
    run_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    promise_given BOOLEAN NOT NULL,
    CONSTRAINT pk_import_row PRIMARY KEY (dossier_id),
    CONSTRAINT fk_import_row_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_import_row_run_id FOREIGN KEY(run_id) REFERENCES import_run (id)
);

COMMENT ON TABLE import_row IS 'Where an imported dossier came from; written in its transaction';
COMMENT ON COLUMN import_row.line IS 'Line of the file on which its row begins';
COMMENT ON COLUMN import_row.digest IS 'Of what the row said: the same row again is not a fault';
COMMENT ON COLUMN import_row.promise_given IS 'The appointment is the former system''s, not derived';

GRANT SELECT ON import_run, import_row TO motcua_app;

ALTER TABLE import_row ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON import_row FOR SELECT TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));

-- One more origin. Every row that is there fulfils it: the scan holds up nobody.
-- squawk-ignore ban-drop-constraint
ALTER TABLE dossier DROP CONSTRAINT ck_dossier_origin;
ALTER TABLE dossier ADD CONSTRAINT ck_dossier_origin
    CHECK (origin IN ('live', 'replay', 'import')) NOT VALID;
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE dossier VALIDATE CONSTRAINT ck_dossier_origin;

-- A bulk load keeps the books itself, of payments too.
CREATE OR REPLACE TRIGGER figures_mark AFTER INSERT OR UPDATE ON payment FOR EACH ROW
    WHEN (NEW.status IN ('paid', 'refunded')
        AND current_setting('app.figures', true) IS DISTINCT FROM 'bulk')
    EXECUTE FUNCTION figures_mark_payment();

-- For machines, asked every few seconds: counts that do not grow dearer with the archive.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_payment_waiting ON payment (status) WHERE status IN ('opened', 'pending');

CREATE TABLE verdict_count (
    indication TEXT NOT NULL,
    total BIGINT NOT NULL,
    CONSTRAINT pk_verdict_count PRIMARY KEY (indication)
);

COMMENT ON TABLE verdict_count IS 'Signature verdicts by indication, kept with each verdict';
GRANT SELECT ON verdict_count TO motcua_app;

CREATE FUNCTION count_verdicts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO verdict_count AS known (indication, total)
    SELECT indication, count(*) FROM added GROUP BY indication ORDER BY indication
    ON CONFLICT (indication) DO UPDATE SET total = known.total + excluded.total;
    RETURN NULL;
END $$;

CREATE TRIGGER count_verdicts AFTER INSERT ON signature_verdict
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_verdicts();

INSERT INTO verdict_count (indication, total)
SELECT indication, count(*) FROM signature_verdict GROUP BY indication;
