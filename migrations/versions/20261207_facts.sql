SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE figure_mark (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_figure_mark PRIMARY KEY (id)
);

CREATE INDEX ix_figure_mark_recorded_at ON figure_mark (recorded_at);
COMMENT ON TABLE figure_mark IS 'Dossiers whose facts are to be read anew, marked in the transaction of the act';
COMMENT ON COLUMN figure_mark.recorded_at IS 'Instant of the act; -infinity: not known, now';

CREATE TABLE figure_fact (
    dossier_id BIGINT NOT NULL,
    recorded_on DATE NOT NULL,
    until_on DATE NOT NULL,
    code TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    owner_ids BIGINT[] NOT NULL,
    procedure_version_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    received_on DATE NOT NULL,
    status TEXT NOT NULL,
    answered_on DATE,
    answered_late BOOLEAN NOT NULL,
    accepted_on DATE,
    ended_on DATE,
    outcome TEXT,
    timing TEXT,
    returned_on DATE,
    due_at timestamptz,
    overdue_on DATE,
    handled_on DATE,
    counted_due_at timestamptz,
    late_on DATE,
    late_why TEXT,
    asked_on DATE[] NOT NULL,
    supplied_on DATE[] NOT NULL,
    billed_on DATE[] NOT NULL,
    settled_on DATE[] NOT NULL,
    forwarded_on DATE[] NOT NULL,
    moved_on DATE[] NOT NULL,
    sync_state TEXT NOT NULL,
    sync_code TEXT,
    is_paper_due BOOLEAN NOT NULL,
    has_result_file BOOLEAN NOT NULL,
    is_fee_due BOOLEAN NOT NULL,
    is_paid_online BOOLEAN NOT NULL,
    are_files BOOLEAN NOT NULL,
    is_digital BOOLEAN NOT NULL,
    is_verified BOOLEAN NOT NULL,
    CONSTRAINT pk_figure_fact PRIMARY KEY (dossier_id, recorded_on),
    CONSTRAINT ck_figure_fact_validity CHECK (until_on > recorded_on),
    CONSTRAINT ck_figure_fact_outcome CHECK (outcome IN ('resolved', 'refused', 'withdrawn', 'stopped')),
    CONSTRAINT ck_figure_fact_timing CHECK (timing IN ('early', 'on_time', 'late')),
    CONSTRAINT fk_figure_fact_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_figure_fact_received ON figure_fact (agency_id, received_on, dossier_id);
CREATE INDEX ix_figure_fact_handled ON figure_fact (agency_id, handled_on, dossier_id);
CREATE INDEX ix_figure_fact_recorded ON figure_fact (recorded_on, dossier_id);
CREATE INDEX ix_figure_fact_due ON figure_fact (overdue_on) WHERE until_on = '9999-12-31' AND ended_on IS NULL;
CREATE INDEX ix_figure_fact_late ON figure_fact (late_on) WHERE until_on = '9999-12-31' AND handled_on IS NULL;
COMMENT ON TABLE figure_fact IS 'What figures need of a dossier, in versions: the one valid on a day says what was known then';
COMMENT ON COLUMN figure_fact.until_on IS 'First day on which a later version is valid; 9999-12-31: the current one';
COMMENT ON COLUMN figure_fact.agency_id IS 'Received it';
COMMENT ON COLUMN figure_fact.owner_ids IS 'Resolved it one after the other: who received it, then each successor';
COMMENT ON COLUMN figure_fact.overdue_on IS 'Day on which the due instant passed while it was open';
COMMENT ON COLUMN figure_fact.handled_on IS 'Day of the end as figure 2.1 counts it';
COMMENT ON COLUMN figure_fact.counted_due_at IS 'Due as figure 2.1 counts it: only supplements stop the clock';
COMMENT ON COLUMN figure_fact.late_on IS 'Day since which figure 2.1 counts it as late';
COMMENT ON COLUMN figure_fact.moved_on IS 'Days on which the successors took it over';

CREATE TABLE figure_entry (
    recorded_on DATE NOT NULL,
    received_on DATE NOT NULL,
    day DATE NOT NULL,
    agency_id BIGINT NOT NULL,
    procedure_version_id BIGINT NOT NULL,
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
    handled INTEGER NOT NULL,
    handled_late INTEGER NOT NULL,
    late INTEGER NOT NULL,
    overdue INTEGER NOT NULL,
    waiting_supplement INTEGER NOT NULL,
    waiting_payment INTEGER NOT NULL,
    moved_in INTEGER NOT NULL,
    moved_out INTEGER NOT NULL,
    CONSTRAINT pk_figure_entry PRIMARY KEY (recorded_on, received_on, day, agency_id, procedure_version_id, channel)
);

CREATE INDEX ix_figure_entry_day ON figure_entry (day);
CREATE INDEX ix_figure_entry_received_on ON figure_entry (received_on);
COMMENT ON TABLE figure_entry IS 'Journal of the sums: what a day of recording changed in the counts of days';
COMMENT ON COLUMN figure_entry.recorded_on IS 'Day on which it became known';
COMMENT ON COLUMN figure_entry.day IS 'Day that the counts belong to';

CREATE TABLE figure_month (
    received_month DATE NOT NULL,
    month DATE NOT NULL,
    agency_id BIGINT NOT NULL,
    procedure_version_id BIGINT NOT NULL,
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
    handled INTEGER NOT NULL,
    handled_late INTEGER NOT NULL,
    late INTEGER NOT NULL,
    overdue INTEGER NOT NULL,
    waiting_supplement INTEGER NOT NULL,
    waiting_payment INTEGER NOT NULL,
    moved_in INTEGER NOT NULL,
    moved_out INTEGER NOT NULL,
    CONSTRAINT pk_figure_month PRIMARY KEY (received_month, month, agency_id, procedure_version_id, channel)
);

COMMENT ON TABLE figure_month IS 'The journal added up by months, as it stands now';

CREATE TABLE figure_closing (
    day DATE NOT NULL,
    closed_at timestamptz NOT NULL,
    CONSTRAINT pk_figure_closing PRIMARY KEY (day)
);

COMMENT ON TABLE figure_closing IS 'Days about which an answer was given: what comes later is recorded later';

CREATE TABLE figure_check (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    checked_at timestamptz NOT NULL,
    dossiers BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    seconds DOUBLE PRECISION NOT NULL,
    report JSONB NOT NULL,
    CONSTRAINT pk_figure_check PRIMARY KEY (id)
);

COMMENT ON TABLE figure_check IS 'Results of recounting everything from the events';

GRANT SELECT, DELETE ON figure_mark TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON figure_fact, figure_entry, figure_month, figure_closing TO motcua_app;
GRANT SELECT, INSERT ON figure_check TO motcua_app;

-- Whatever changes a dossier leaves a mark in its own transaction, whoever writes it; the marks are
-- worked off by the worker, and by whoever asks for a figure before it is answered. A bulk load
-- says `app.figures = 'bulk'` and keeps the books itself.

CREATE FUNCTION figures_mark_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_mark (dossier_id, recorded_at) VALUES (NEW.dossier_id, NEW.occurred_at);
    RETURN NULL;
END $$;

CREATE FUNCTION figures_mark_dossier() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_mark (dossier_id, recorded_at) VALUES (NEW.id, '-infinity');
    RETURN NULL;
END $$;

CREATE FUNCTION figures_mark_delivery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_mark (dossier_id, recorded_at)
    VALUES (NEW.dossier_id, coalesce(NEW.acknowledged_at, '-infinity'));
    RETURN NULL;
END $$;

CREATE FUNCTION figures_mark_payment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_mark (dossier_id, recorded_at)
    VALUES (NEW.dossier_id, CASE NEW.status WHEN 'paid' THEN NEW.paid_at ELSE '-infinity' END);
    RETURN NULL;
END $$;

CREATE FUNCTION figures_mark_document() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_mark (dossier_id, recorded_at) VALUES (NEW.dossier_id, '-infinity');
    RETURN NULL;
END $$;

-- Without facts there are no sums: an emptied database is empty here too.
CREATE FUNCTION figures_forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    TRUNCATE figure_mark, figure_entry, figure_month;
    RETURN NULL;
END $$;

CREATE TRIGGER figures_forget AFTER TRUNCATE ON figure_fact FOR EACH STATEMENT
    EXECUTE FUNCTION figures_forget();
CREATE TRIGGER figures_mark AFTER INSERT ON dossier_event FOR EACH ROW
    WHEN (current_setting('app.figures', true) IS DISTINCT FROM 'bulk')
    EXECUTE FUNCTION figures_mark_event();
CREATE TRIGGER figures_mark AFTER UPDATE ON dossier FOR EACH ROW
    WHEN (OLD.version = NEW.version AND (OLD.due_at IS DISTINCT FROM NEW.due_at
        OR OLD.answer_due_at IS DISTINCT FROM NEW.answer_due_at
        OR OLD.agency_id <> NEW.agency_id
        OR OLD.received_agency_id IS DISTINCT FROM NEW.received_agency_id
        OR OLD.channel <> NEW.channel
        OR OLD.procedure_version_id <> NEW.procedure_version_id
        OR OLD.is_verified <> NEW.is_verified OR OLD.fees <> NEW.fees))
    EXECUTE FUNCTION figures_mark_dossier();
CREATE TRIGGER figures_mark AFTER UPDATE ON delivery FOR EACH ROW
    WHEN (NEW.seq = 1 AND NEW.partner = 'national_portal' AND OLD.state <> NEW.state
        AND (NEW.state IN ('acknowledged', 'blocked', 'dead') OR OLD.state IN ('blocked', 'dead')))
    EXECUTE FUNCTION figures_mark_delivery();
CREATE TRIGGER figures_mark AFTER INSERT OR UPDATE ON payment FOR EACH ROW
    WHEN (NEW.status IN ('paid', 'refunded'))
    EXECUTE FUNCTION figures_mark_payment();
CREATE TRIGGER figures_mark AFTER INSERT OR UPDATE ON document FOR EACH ROW
    WHEN (NEW.kind = 'result' AND NEW.dossier_id IS NOT NULL)
    EXECUTE FUNCTION figures_mark_document();

-- What was there before is read by the worker.
INSERT INTO figure_mark (dossier_id, recorded_at) SELECT id, '-infinity' FROM dossier ORDER BY id;
