SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

-- Who works on a dossier, and where it stands in the queue. All of it is NULL for the release
-- before, which neither reads nor writes it.

ALTER TABLE dossier
    ADD COLUMN remaining_minutes INTEGER,
    ADD COLUMN queue_class SMALLINT,
    ADD COLUMN queue_minutes INTEGER,
    ADD COLUMN claimed_by TEXT,
    ADD COLUMN claimed_name TEXT,
    ADD COLUMN claimed_until timestamptz,
    ADD COLUMN assigned_to TEXT,
    ADD COLUMN assigned_name TEXT;

COMMENT ON COLUMN dossier.remaining_minutes IS 'Working time left while the clock stands';
COMMENT ON COLUMN dossier.queue_class IS '0 clock runs, 1 stands, 2 result is there; NULL: ended';
COMMENT ON COLUMN dossier.queue_minutes IS 'Order within the class: minutes since 1970 until which the clock runs, or left';
COMMENT ON COLUMN dossier.claimed_by IS 'Account that is working on it';
COMMENT ON COLUMN dossier.claimed_until IS 'End of the lease';
COMMENT ON COLUMN dossier.assigned_to IS 'Account that it was given to';

-- The place follows from the row, whoever writes it: the queue can never disagree with a status
-- or a due instant. Written out because PostgreSQL 15 cannot add a generated column without
-- rewriting the table.

CREATE FUNCTION place_in_queue() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    runs_until timestamptz := CASE WHEN NEW.accepted_at IS NULL THEN NEW.answer_due_at ELSE NEW.due_at END;
BEGIN
    NEW.queue_class := CASE
        WHEN NEW.status IN ('registered', 'accepted', 'in_process') THEN 0
        WHEN NEW.status IN ('supplement_requested', 'payment_requested')
            THEN CASE WHEN NEW.remaining_minutes IS NULL THEN 0 ELSE 1 END
        WHEN NEW.status = 'resolved' THEN 2
    END;
    NEW.queue_minutes := CASE
        WHEN NEW.queue_class = 1 THEN NEW.remaining_minutes
        WHEN NEW.queue_class IS NOT NULL
            THEN coalesce(floor(extract(epoch FROM runs_until) / 60)::integer, 2147483647)
    END;
    RETURN NEW;
END
$$;

UPDATE dossier
SET queue_class = CASE WHEN status = 'resolved' THEN 2 ELSE 0 END,
    queue_minutes = coalesce(floor(extract(
        epoch FROM CASE WHEN accepted_at IS NULL THEN answer_due_at ELSE due_at END) / 60)::integer,
        2147483647)
WHERE status IN ('registered', 'accepted', 'in_process', 'supplement_requested',
    'payment_requested', 'resolved');

CREATE TRIGGER place_in_queue
    BEFORE INSERT OR UPDATE OF status, accepted_at, answer_due_at, due_at, remaining_minutes
    ON dossier FOR EACH ROW EXECUTE FUNCTION place_in_queue();

-- Partial: some thousand open dossiers of a province, whatever the size of its archive. Built in
-- one scan of the table each, inside the time that a migration may take.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_queue
    ON dossier (at_agency_id, queue_class, queue_minutes, id)
    WHERE queue_class IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_claimed_by ON dossier (claimed_by) WHERE claimed_by IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_assigned_to ON dossier (assigned_to) WHERE assigned_to IS NOT NULL;

CREATE TABLE delegation (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    from_account TEXT NOT NULL,
    from_name TEXT NOT NULL,
    to_account TEXT NOT NULL,
    to_name TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    first_on DATE NOT NULL,
    last_on DATE NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT pk_delegation PRIMARY KEY (id),
    CONSTRAINT ck_delegation_period CHECK (last_on >= first_on),
    CONSTRAINT ck_delegation_persons CHECK (from_account <> to_account),
    CONSTRAINT fk_delegation_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_delegation_agency_id ON delegation (agency_id);
CREATE INDEX ix_delegation_from_account ON delegation (from_account);
CREATE INDEX ix_delegation_to_account ON delegation (to_account) WHERE ended_at IS NULL;
COMMENT ON TABLE delegation IS 'Ủy quyền xử lý trong thời gian vắng mặt';
COMMENT ON COLUMN delegation.agency_id IS 'Of who is away';
COMMENT ON COLUMN delegation.made_by IS 'Account: who is away, or an approver';
COMMENT ON COLUMN delegation.ended_at IS 'Taken back before its last day';

GRANT SELECT, INSERT, UPDATE ON delegation TO motcua_app;
ALTER TABLE delegation ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_agency ON delegation TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver')
        AND (agency_id = ANY ((SELECT acting_agencies())::bigint[])
            OR to_account = (SELECT acting_account())))
);

-- Words to find a dossier by: a table of its own, because acts change dossiers all day and words
-- never, and an index of words is dear to write. One row per agency that has or had the dossier
-- in hand, its words beginning with that agency's number: what a clerk looks for is looked for
-- among what the clerk may see. The words ~2026 and ~2026q4 say when it was received, so that a
-- search can begin with the newest instead of gathering years of hits to sort them.

CREATE FUNCTION search_words(agency bigint, received_at timestamptz, code text, words text[])
    RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE
    RETURN array_to_tsvector(ARRAY(
        SELECT DISTINCT agency || ':' || word
        FROM unnest(words || ARRAY[
            lower(split_part(code, '-', 1)),
            split_part(code, '-', 2) || '-' || split_part(code, '-', 3),
            split_part(code, '-', 3),
            to_char(received_at AT TIME ZONE 'UTC', '"~"YYYY'),
            to_char(received_at AT TIME ZONE 'UTC', '"~"YYYY"q"Q')]) AS word));

CREATE TABLE dossier_search (
    agency_id BIGINT NOT NULL,
    received_at timestamptz NOT NULL,
    dossier_id BIGINT NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT pk_dossier_search PRIMARY KEY (agency_id, received_at, dossier_id),
    CONSTRAINT fk_dossier_search_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

-- New words wait in a list that every search reads through: kept short, for the searches' sake.
CREATE INDEX ix_dossier_search_words ON dossier_search USING gin (words)
    WITH (gin_pending_list_limit = 256);
COMMENT ON TABLE dossier_search IS 'Words to find a dossier by, per agency that has or had it in hand';
COMMENT ON COLUMN dossier_search.words IS 'Each begins with the agency''s number';

GRANT SELECT, INSERT ON dossier_search TO motcua_app;
ALTER TABLE dossier_search ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON dossier_search FOR SELECT TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver')
        AND agency_id = ANY ((SELECT acting_agencies())::bigint[]))
    OR ((SELECT acting_role()) = 'applicant'
        AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id))
);
CREATE POLICY added ON dossier_search FOR INSERT TO motcua_app WITH CHECK (true);

-- A dossier that gets to another agency is found there too, whoever sent it.

CREATE FUNCTION follow_agencies() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.dossier_search (agency_id, received_at, dossier_id, words)
    SELECT added, known.received_at, known.dossier_id, array_to_tsvector(ARRAY(
        SELECT added || substr(word, strpos(word, ':'))
        FROM unnest(tsvector_to_array(known.words)) AS word))
    FROM unnest(NEW.agency_ids) AS added
    CROSS JOIN LATERAL (
        SELECT * FROM public.dossier_search
        WHERE agency_id = ANY (OLD.agency_ids) AND received_at = NEW.received_at
            AND dossier_id = NEW.id
        LIMIT 1
    ) AS known
    WHERE added <> ALL (OLD.agency_ids)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE TRIGGER follow_agencies AFTER UPDATE OF agency_ids ON dossier
    FOR EACH ROW WHEN (OLD.agency_ids IS DISTINCT FROM NEW.agency_ids)
    EXECUTE FUNCTION follow_agencies();

-- An index of words cannot be used under row security, because its operator could tell of rows
-- that are not to be seen. This function looks with the owner's eyes, and only into the agencies
-- of who acts; it returns keys, and the rows are then read under row security as always.
-- `among` is what the index is asked, `wanted` the whole condition. It looks at the last two
-- quarters before `newest`, then the last two years, then at everything, until it has enough.

CREATE FUNCTION search_hits(wanted text, among text, newest timestamptz, since timestamptz,
    before_at timestamptz, before_id bigint, most integer)
    RETURNS TABLE (dossier_id bigint, received_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    latest timestamp := newest AT TIME ZONE 'UTC';
    period text;
    keys bigint[];
    instants timestamptz[];
BEGIN
    FOREACH period IN ARRAY ARRAY[
        to_char(latest, '"(''@~"YYYY"q"Q"''"')
            || to_char(latest - interval '3 months', '" | ''@~"YYYY"q"Q"'') & "'),
        to_char(latest, '"(''@~"YYYY"''"')
            || to_char(latest - interval '1 year', '" | ''@~"YYYY"'') & "'),
        ''
    ] LOOP
        WITH looked_through AS MATERIALIZED (
            SELECT replace(wanted, '@', agency || ':')::tsquery AS wanted,
                replace(period || among, '@', agency || ':')::tsquery AS among
            FROM unnest(public.acting_agencies()) AS agency
            WHERE public.acting_role() IN ('receptionist', 'officer', 'approver')
        ), hits AS (
            SELECT DISTINCT hit.dossier_id, hit.received_at
            FROM looked_through CROSS JOIN LATERAL (
                SELECT known.dossier_id, known.received_at, known.words
                FROM public.dossier_search AS known
                WHERE known.words @@ looked_through.among
                OFFSET 0 -- keeps the whole condition, with its beginnings of words, off the index
            ) AS hit
            WHERE hit.words @@ looked_through.wanted AND hit.received_at >= since
                AND (hit.received_at, hit.dossier_id) < (before_at, before_id)
            ORDER BY hit.received_at DESC, hit.dossier_id DESC
            LIMIT most
        )
        SELECT array_agg(hits.dossier_id), array_agg(hits.received_at)
        INTO keys, instants FROM hits;
        EXIT WHEN cardinality(keys) >= most;
    END LOOP;
    RETURN QUERY SELECT * FROM unnest(keys, instants);
END
$$;
REVOKE ALL ON FUNCTION search_hits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_hits TO motcua_app;

-- How far existing rows were given what this release writes with every new one.

CREATE TABLE backfill (
    name TEXT NOT NULL,
    through BIGINT NOT NULL,
    CONSTRAINT pk_backfill PRIMARY KEY (name)
);
COMMENT ON TABLE backfill IS 'Steps after a migration that go through existing rows in batches';
COMMENT ON COLUMN backfill.through IS 'Highest key that is done';
