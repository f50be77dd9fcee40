SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE figure_rollup (
    kind TEXT NOT NULL,
    span TEXT NOT NULL,
    since DATE NOT NULL,
    received_month DATE NOT NULL,
    part BIGINT NOT NULL,
    channel TEXT NOT NULL,
    received INTEGER NOT NULL,
    synced INTEGER NOT NULL,
    online_done INTEGER NOT NULL,
    fee_due INTEGER NOT NULL,
    paid_online INTEGER NOT NULL,
    paper_due INTEGER NOT NULL,
    result_filed INTEGER NOT NULL,
    digitised INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    spent BIGINT NOT NULL,
    reused INTEGER NOT NULL,
    from_store INTEGER NOT NULL,
    displeased INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    answered_late INTEGER NOT NULL,
    resolved_early INTEGER NOT NULL,
    resolved_on_time INTEGER NOT NULL,
    resolved_late INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    stopped INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    forwarded INTEGER NOT NULL,
    crossed INTEGER NOT NULL,
    handled INTEGER NOT NULL,
    handled_late INTEGER NOT NULL,
    handled_displeased INTEGER NOT NULL,
    late INTEGER NOT NULL,
    overdue INTEGER NOT NULL,
    waiting_supplement INTEGER NOT NULL,
    waiting_payment INTEGER NOT NULL,
    moved_in INTEGER NOT NULL,
    moved_out INTEGER NOT NULL,
    CONSTRAINT pk_figure_rollup PRIMARY KEY (kind, span, since, received_month, part, channel),
    CONSTRAINT ck_figure_rollup_kind CHECK (kind IN ('agency', 'procedure')),
    CONSTRAINT ck_figure_rollup_span CHECK (span IN ('day', 'month', 'year'))
);

COMMENT ON TABLE figure_rollup IS 'The journal added up by agency or by procedure, as it stands now';
COMMENT ON COLUMN figure_rollup.since IS 'First day of the span';
COMMENT ON COLUMN figure_rollup.received_month IS 'Of a year''s row: the year';
COMMENT ON COLUMN figure_rollup.part IS 'Key of the agency or of the version of the procedure';

GRANT SELECT, INSERT, UPDATE, DELETE ON figure_rollup TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON backfill TO motcua_app;

-- Books that hold something are rolled up year by year by whoever folds next, under the lock of the
-- books; until then no figure is given rather than a wrong one. Empty books are rolled up already.
INSERT INTO backfill (name, through)
SELECT 'figure_rollup', 9999 WHERE NOT EXISTS (SELECT FROM figure_entry);

CREATE OR REPLACE FUNCTION figures_forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    TRUNCATE figure_mark, figure_entry, figure_month, figure_rollup;
    RETURN NULL;
END $$;

-- What is counted from facts: late dossiers are few, moved ones fewer.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_figure_fact_overdue_ended ON figure_fact (ended_on) WHERE overdue_on IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_figure_fact_moved ON figure_fact (dossier_id) WHERE moved_on <> '{}';
