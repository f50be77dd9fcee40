SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

-- The release before writes these tables too and knows nothing of the new columns: all have a
-- default. Facts without the new generation's number are read anew, whoever wrote them.
ALTER TABLE figure_fact
    ADD COLUMN officer_id TEXT,
    ADD COLUMN officer_name TEXT,
    ADD COLUMN stood_at timestamptz,
    ADD COLUMN spent BIGINT,
    ADD COLUMN crossed_on DATE[] NOT NULL DEFAULT '{}',
    ADD COLUMN is_reused BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN is_from_store BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN is_displeased BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN reading SMALLINT NOT NULL DEFAULT 0;

ALTER TABLE figure_entry
    ADD COLUMN finished INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN spent BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN reused INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN from_store INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN displeased INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN crossed INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN handled_displeased INTEGER NOT NULL DEFAULT 0;

ALTER TABLE figure_month
    ADD COLUMN finished INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN spent BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN reused INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN from_store INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN displeased INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN crossed INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN handled_displeased INTEGER NOT NULL DEFAULT 0;

-- Only the books' own keeper writes these tables; the migration is one transaction, in which an
-- index cannot be built concurrently.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_figure_fact_ended_on ON figure_fact (ended_on);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_figure_fact_stale ON figure_fact (dossier_id) WHERE until_on = '9999-12-31' AND reading < 1;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_figure_fact_store ON figure_fact (recorded_on) WHERE is_from_store;
COMMENT ON COLUMN figure_fact.officer_id IS 'Account of the officer who had it in hand last';
COMMENT ON COLUMN figure_fact.stood_at IS 'Since when its clock stands, if it does';
COMMENT ON COLUMN figure_fact.spent IS 'Handling time once it ended: minutes of working time (480 a full day), or days of the year, as the limit is counted; less what the applicant took';
COMMENT ON COLUMN figure_fact.reading IS 'Generation of the rules by which it was read; an older one is read anew';
COMMENT ON COLUMN figure_fact.crossed_on IS 'Days on which it was forwarded to an agency of another level';

CREATE TABLE figure_petition_mark (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    petition_id BIGINT NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_figure_petition_mark PRIMARY KEY (id)
);

CREATE INDEX ix_figure_petition_mark_recorded_at ON figure_petition_mark (recorded_at);
COMMENT ON TABLE figure_petition_mark IS 'Petitions whose facts are to be read anew, marked in the transaction of the act';
COMMENT ON COLUMN figure_petition_mark.recorded_at IS 'Instant of the act; -infinity: not known, now';

CREATE TABLE figure_petition (
    petition_id BIGINT NOT NULL,
    recorded_on DATE NOT NULL,
    until_on DATE NOT NULL,
    code TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    procedure_version_id BIGINT,
    channel TEXT,
    received_on DATE NOT NULL,
    status TEXT NOT NULL,
    due_at timestamptz,
    due_on DATE,
    answered_on DATE,
    is_in_time BOOLEAN NOT NULL,
    CONSTRAINT pk_figure_petition PRIMARY KEY (petition_id, recorded_on),
    CONSTRAINT ck_figure_petition_validity CHECK (until_on > recorded_on),
    CONSTRAINT ck_figure_petition_status CHECK (status IN ('received', 'accepted', 'supplement_requested', 'refused', 'answered', 'withdrawn')),
    CONSTRAINT fk_figure_petition_petition_id FOREIGN KEY(petition_id) REFERENCES petition (id)
);

CREATE INDEX ix_figure_petition_due ON figure_petition (agency_id, due_on, petition_id);
COMMENT ON TABLE figure_petition IS 'What figure 5.2 needs of a petition, in versions as figure_fact';
COMMENT ON COLUMN figure_petition.until_on IS 'As in figure_fact';
COMMENT ON COLUMN figure_petition.agency_id IS 'Owes the answer';
COMMENT ON COLUMN figure_petition.procedure_version_id IS 'Of the dossier that it is about';
COMMENT ON COLUMN figure_petition.channel IS 'Of the dossier that it is about';
COMMENT ON COLUMN figure_petition.due_at IS 'NULL: the clock stands';
COMMENT ON COLUMN figure_petition.due_on IS 'NULL: no answer is owed, or the clock stands';
COMMENT ON COLUMN figure_petition.is_in_time IS 'Answered by the due minute';

CREATE TABLE figure_since (
    figure TEXT NOT NULL,
    since_on DATE NOT NULL,
    CONSTRAINT pk_figure_since PRIMARY KEY (figure)
);

COMMENT ON TABLE figure_since IS 'Figures that came with a later release: before that day nobody counted them';
COMMENT ON COLUMN figure_since.since_on IS 'First day as of which they are answered';

GRANT SELECT, DELETE ON figure_petition_mark TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON figure_petition TO motcua_app;
GRANT SELECT ON figure_since TO motcua_app;
-- Whoever changes the calendar of past days marks the dossiers whose handling time it alters.
GRANT INSERT ON figure_mark TO motcua_app;

CREATE FUNCTION figures_mark_rating() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_mark (dossier_id, recorded_at) VALUES (NEW.dossier_id, NEW.rated_at);
    RETURN NULL;
END $$;

CREATE FUNCTION figures_mark_petition_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_petition_mark (petition_id, recorded_at)
    VALUES (NEW.petition_id, NEW.occurred_at);
    INSERT INTO figure_mark (dossier_id, recorded_at)
    SELECT dossier_id, NEW.occurred_at FROM petition
    WHERE id = NEW.petition_id AND dossier_id IS NOT NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION figures_mark_petition() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_petition_mark (petition_id, recorded_at) VALUES (NEW.id, '-infinity');
    RETURN NULL;
END $$;

CREATE TRIGGER figures_mark AFTER INSERT ON rating FOR EACH ROW
    EXECUTE FUNCTION figures_mark_rating();
CREATE TRIGGER figures_mark AFTER INSERT ON petition_event FOR EACH ROW
    EXECUTE FUNCTION figures_mark_petition_event();
CREATE TRIGGER figures_mark AFTER UPDATE ON petition FOR EACH ROW
    WHEN (OLD.version = NEW.version AND (OLD.due_at IS DISTINCT FROM NEW.due_at
        OR OLD.agency_id <> NEW.agency_id))
    EXECUTE FUNCTION figures_mark_petition();

-- What was there before is read by the worker; as of a day before this one it stays unknown.
INSERT INTO figure_since (figure, since_on)
SELECT figure, (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
FROM unnest(ARRAY['2.2', '2.2b', '4.3', '4.4', '5.2', '5.4']) AS figure
WHERE EXISTS (SELECT FROM dossier);
INSERT INTO figure_petition_mark (petition_id, recorded_at)
SELECT id, '-infinity' FROM petition ORDER BY id;
