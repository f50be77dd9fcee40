SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

-- A stay of a dossier at a step of an agency that is over, judged by the clock of its day. The one
-- that goes on follows from the history. The release before writes none; what it did is caught up
-- from the history when the dossier moves next.

CREATE TABLE handover (
    dossier_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    from_agency_id BIGINT,
    from_step TEXT,
    from_name TEXT NOT NULL,
    to_agency_id BIGINT NOT NULL,
    to_step TEXT NOT NULL,
    to_name TEXT,
    sent_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    left_at timestamptz NOT NULL,
    budget_minutes INTEGER NOT NULL,
    spent_minutes INTEGER NOT NULL,
    due_at timestamptz,
    outcome TEXT,
    note TEXT,
    CONSTRAINT pk_handover PRIMARY KEY (dossier_id, seq),
    CONSTRAINT ck_handover_outcome CHECK (outcome IN ('early', 'on_time', 'late')),
    CONSTRAINT ck_handover_judged CHECK ((outcome IS NULL) = (due_at IS NULL)),
    CONSTRAINT ck_handover_order CHECK (sent_at <= left_at),
    CONSTRAINT ck_handover_minutes CHECK (budget_minutes >= 0 AND spent_minutes >= 0),
    CONSTRAINT fk_handover_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_handover_from_agency_id FOREIGN KEY(from_agency_id) REFERENCES agency (id),
    CONSTRAINT fk_handover_to_agency_id FOREIGN KEY(to_agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_handover_to_agency_id_left_at ON handover (to_agency_id, left_at DESC);
COMMENT ON TABLE handover IS 'Giao nhận: rows are added when the dossier leaves, never changed';
COMMENT ON COLUMN handover.seq IS 'Of the event that handed it over';
COMMENT ON COLUMN handover.from_agency_id IS 'NULL: from the applicant';
COMMENT ON COLUMN handover.to_name IS 'Who worked on it there; NULL: nobody did';
COMMENT ON COLUMN handover.received_at IS 'From when its time is counted: the rule of 15:00';
COMMENT ON COLUMN handover.due_at IS 'By the step''s share; NULL: its time is not counted';

CREATE TABLE opinion_request (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    agency_id BIGINT NOT NULL,
    step TEXT NOT NULL,
    question TEXT NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by TEXT NOT NULL,
    asked_name TEXT NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT pk_opinion_request PRIMARY KEY (id),
    CONSTRAINT ck_opinion_request_deadline CHECK (due_at > asked_at),
    CONSTRAINT fk_opinion_request_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_opinion_request_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_opinion_request_dossier_id ON opinion_request (dossier_id);
COMMENT ON TABLE opinion_request IS 'Xin ý kiến phối hợp: one question to several agencies';
COMMENT ON COLUMN opinion_request.agency_id IS 'That asks';
COMMENT ON COLUMN opinion_request.asked_by IS 'Account';

CREATE TABLE opinion (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    request_id BIGINT NOT NULL,
    dossier_id BIGINT NOT NULL,
    agency_id BIGINT NOT NULL,
    due_at timestamptz NOT NULL,
    state TEXT NOT NULL,
    position TEXT,
    content TEXT,
    closed_at timestamptz,
    answered_by TEXT,
    answered_name TEXT,
    CONSTRAINT pk_opinion PRIMARY KEY (id),
    CONSTRAINT uq_opinion_request_id_agency_id UNIQUE (request_id, agency_id),
    CONSTRAINT ck_opinion_state CHECK (state IN ('waiting', 'answered', 'unanswered', 'dropped')),
    CONSTRAINT ck_opinion_position CHECK (position IN ('agree', 'disagree', 'other')),
    CONSTRAINT ck_opinion_closed CHECK ((state = 'waiting') = (closed_at IS NULL)),
    CONSTRAINT ck_opinion_answer CHECK ((state = 'answered') = (position IS NOT NULL AND answered_by IS NOT NULL AND answered_name IS NOT NULL)),
    CONSTRAINT fk_opinion_request_id FOREIGN KEY(request_id) REFERENCES opinion_request (id),
    CONSTRAINT fk_opinion_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_opinion_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_opinion_agency_id_state ON opinion (agency_id, state, due_at, id);
CREATE INDEX ix_opinion_dossier_id ON opinion (dossier_id);
CREATE INDEX ix_opinion_waiting ON opinion (due_at) WHERE state = 'waiting';
COMMENT ON TABLE opinion IS 'What one of the agencies asked says';
COMMENT ON COLUMN opinion.agency_id IS 'That is asked';
COMMENT ON COLUMN opinion.due_at IS 'As in the request';
COMMENT ON COLUMN opinion.closed_at IS 'Answered, given up at the deadline, or no longer needed';
COMMENT ON COLUMN opinion.answered_by IS 'Account';

-- What is still asked when a dossier ends, is asked no longer; whoever ends it.

CREATE FUNCTION drop_opinions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.opinion
    SET state = CASE WHEN due_at < NEW.ended_at THEN 'unanswered' ELSE 'dropped' END,
        closed_at = least(due_at, NEW.ended_at)
    WHERE dossier_id = NEW.id AND state = 'waiting';
    RETURN NULL;
END
$$;

CREATE TRIGGER drop_opinions AFTER UPDATE OF ended_at ON dossier
    FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
    EXECUTE FUNCTION drop_opinions();

CREATE TABLE procedure_draft (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    procedure_code TEXT NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    content JSONB NOT NULL,
    note TEXT,
    created_at timestamptz NOT NULL,
    created_by TEXT NOT NULL,
    created_name TEXT NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by TEXT NOT NULL,
    changed_name TEXT NOT NULL,
    procedure_version_id BIGINT,
    CONSTRAINT pk_procedure_draft PRIMARY KEY (id),
    CONSTRAINT uq_procedure_draft_procedure_version_id UNIQUE (procedure_version_id),
    CONSTRAINT ck_procedure_draft_origin CHECK (origin IN ('hand', 'national_portal')),
    CONSTRAINT ck_procedure_draft_state CHECK (state IN ('draft', 'checked', 'published', 'discarded')),
    CONSTRAINT ck_procedure_draft_version CHECK (version >= 1),
    CONSTRAINT ck_procedure_draft_content CHECK (jsonb_typeof(content) = 'object'),
    CONSTRAINT ck_procedure_draft_published CHECK ((state = 'published') = (procedure_version_id IS NOT NULL)),
    CONSTRAINT fk_procedure_draft_procedure_version_id FOREIGN KEY(procedure_version_id) REFERENCES procedure_version (id)
);

CREATE INDEX ix_procedure_draft_procedure_code ON procedure_draft (procedure_code, id);
COMMENT ON TABLE procedure_draft IS 'Dự thảo phiên bản thủ tục: a version before it is published';
COMMENT ON COLUMN procedure_draft.origin IS 'Who wrote it: an administrator, or what the national portal said';
COMMENT ON COLUMN procedure_draft.version IS 'Raised by every change; the ETag';
COMMENT ON COLUMN procedure_draft.content IS 'name, field, sample, definition: a version without number and dates';
COMMENT ON COLUMN procedure_draft.procedure_version_id IS 'That it became';

GRANT SELECT, INSERT ON handover, opinion_request TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON opinion, procedure_draft TO motcua_app;
GRANT INSERT ON procedure, procedure_version, procedure_agency TO motcua_app;

-- A version that was published is never rewritten: what may change is its last day.

CREATE FUNCTION end_procedure_version(version_id bigint, last_day date) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    BEGIN ATOMIC
        UPDATE public.procedure_version
        SET valid_to = last_day,
            definition = jsonb_set(definition, '{valid_to}', to_jsonb(last_day::text))
        WHERE id = version_id;
    END;
REVOKE ALL ON FUNCTION end_procedure_version FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_procedure_version TO motcua_app;

-- Hand-overs are the desks' own record; nobody else reads them.

ALTER TABLE handover ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by_desk ON handover FOR SELECT TO motcua_app USING (
    (SELECT acting_role()) IN ('system', 'receptionist', 'officer', 'approver')
    AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
CREATE POLICY added ON handover FOR INSERT TO motcua_app WITH CHECK (true);

-- Opinions are seen by the desks that see the dossier, and by the agency that is asked; nobody but
-- that agency answers.

ALTER TABLE opinion ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON opinion FOR SELECT TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver') AND (
        agency_id = ANY ((SELECT acting_agencies())::bigint[])
        OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)))
);
CREATE POLICY asked ON opinion FOR INSERT TO motcua_app WITH CHECK (
    (SELECT acting_role()) IN ('officer', 'approver')
    AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
CREATE POLICY answered ON opinion FOR UPDATE TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('officer', 'approver')
        AND agency_id = ANY ((SELECT acting_agencies())::bigint[]))
);

ALTER TABLE opinion_request ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_opinions ON opinion_request FOR SELECT TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver') AND (
        EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
        OR EXISTS (SELECT FROM opinion WHERE opinion.request_id = opinion_request.id)))
);
CREATE POLICY asked ON opinion_request FOR INSERT TO motcua_app WITH CHECK (
    (SELECT acting_role()) IN ('officer', 'approver')
    AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);

ALTER TABLE procedure_draft ENABLE ROW LEVEL SECURITY;
CREATE POLICY kept_by_administrators ON procedure_draft TO motcua_app USING (
    (SELECT acting_role()) IN ('administrator', 'system')
);
