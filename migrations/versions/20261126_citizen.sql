SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE dossier ADD COLUMN authorisation_id UUID;
COMMENT ON COLUMN dossier.authorisation_id IS 'Giấy ủy quyền, if handed in for somebody else';

CREATE TABLE draft (
    n BIGINT GENERATED ALWAYS AS IDENTITY,
    id UUID NOT NULL,
    owner_id TEXT NOT NULL,
    content JSONB NOT NULL,
    version INTEGER NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_draft PRIMARY KEY (n),
    CONSTRAINT uq_draft_id UNIQUE (id),
    CONSTRAINT ck_draft_content CHECK (jsonb_typeof(content) = 'object'),
    CONSTRAINT ck_draft_version CHECK (version >= 1)
);

CREATE INDEX ix_draft_owner_id ON draft (owner_id, created_at DESC, n DESC);
CREATE INDEX ix_draft_changed_at ON draft (changed_at);
COMMENT ON TABLE draft IS 'Hồ sơ nháp: an application that is not handed in yet, told to nobody';
COMMENT ON COLUMN draft.owner_id IS 'Account that writes it';
COMMENT ON COLUMN draft.content IS 'As POST /v1/dossiers takes it, complete or not';
COMMENT ON COLUMN draft.version IS 'Raised by every change; the ETag';

CREATE TABLE rating (
    dossier_id BIGINT NOT NULL,
    version SMALLINT NOT NULL,
    agency_id BIGINT NOT NULL,
    score SMALLINT NOT NULL,
    comment TEXT,
    author_id TEXT NOT NULL,
    rated_on DATE NOT NULL,
    rated_at timestamptz NOT NULL,
    CONSTRAINT pk_rating PRIMARY KEY (dossier_id, version),
    CONSTRAINT ck_rating_version CHECK (version >= 1),
    CONSTRAINT ck_rating_score CHECK (score BETWEEN 1 AND 5),
    CONSTRAINT ck_rating_comment CHECK (char_length(comment) BETWEEN 1 AND 2000),
    CONSTRAINT fk_rating_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_rating_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_rating_agency_id_rated_at ON rating (agency_id, rated_at DESC, dossier_id DESC);
CREATE INDEX ix_rating_rated_on ON rating (rated_on);
COMMENT ON TABLE rating IS 'Đánh giá: a change adds a row, none is ever changed or removed; the last counts';
COMMENT ON COLUMN rating.agency_id IS 'Resolved the dossier';
COMMENT ON COLUMN rating.rated_on IS 'Local day of the first version: a change does not move it';

CREATE TABLE petition_day (
    agency_id BIGINT NOT NULL,
    day DATE NOT NULL,
    last_number INTEGER NOT NULL,
    CONSTRAINT pk_petition_day PRIMARY KEY (agency_id, day),
    CONSTRAINT fk_petition_day_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE petition_day IS 'Number counter of petitions of an agency''s day';

CREATE TABLE petition (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    kind TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    dossier_id BIGINT,
    subject TEXT NOT NULL,
    content TEXT NOT NULL,
    status TEXT NOT NULL,
    status_before TEXT,
    version INTEGER NOT NULL,
    petitioner_id TEXT NOT NULL,
    petitioner_number TEXT,
    petitioner_name TEXT NOT NULL,
    phone TEXT,
    received_at timestamptz NOT NULL,
    due_at timestamptz,
    calendar_revision BIGINT NOT NULL,
    supplements SMALLINT NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT pk_petition PRIMARY KEY (id),
    CONSTRAINT uq_petition_code UNIQUE (code),
    CONSTRAINT ck_petition_kind CHECK (kind IN ('complaint', 'suggestion')),
    CONSTRAINT ck_petition_status CHECK (status IN ('received', 'accepted', 'supplement_requested', 'refused', 'answered', 'withdrawn')),
    CONSTRAINT ck_petition_status_before CHECK (status_before IN ('received', 'accepted')),
    CONSTRAINT ck_petition_waiting CHECK ((status = 'supplement_requested') = (status_before IS NOT NULL) AND (status = 'supplement_requested') = (due_at IS NULL)),
    CONSTRAINT ck_petition_answered CHECK ((status = 'answered') = (answered_at IS NOT NULL)),
    CONSTRAINT ck_petition_ended CHECK ((status IN ('refused', 'answered', 'withdrawn')) = (ended_at IS NOT NULL)),
    CONSTRAINT ck_petition_counters CHECK (version >= 1 AND supplements >= 0),
    CONSTRAINT fk_petition_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_petition_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_petition_agency_id_received ON petition (agency_id, received_at DESC, id DESC);
CREATE INDEX ix_petition_petitioner_id ON petition (petitioner_id, received_at DESC, id DESC);
CREATE INDEX ix_petition_petitioner_number ON petition (petitioner_number, received_at DESC, id DESC);
CREATE INDEX ix_petition_dossier_id ON petition (dossier_id);
CREATE INDEX ix_petition_open ON petition (calendar_revision) WHERE ended_at IS NULL;
COMMENT ON TABLE petition IS 'Phản ánh, kiến nghị (PAKN)';
COMMENT ON COLUMN petition.agency_id IS 'It is about, and answered by';
COMMENT ON COLUMN petition.dossier_id IS 'It is about, if it is about one';
COMMENT ON COLUMN petition.status_before IS 'Where a supplement leads back to';
COMMENT ON COLUMN petition.version IS 'Raised by every act; the ETag';
COMMENT ON COLUMN petition.petitioner_id IS 'Account that sent it';
COMMENT ON COLUMN petition.petitioner_number IS 'Personal number or tax code';
COMMENT ON COLUMN petition.due_at IS 'Derived from the history; NULL while the clock stands';
COMMENT ON COLUMN petition.calendar_revision IS 'Of the calendar that due_at was derived by';

CREATE TABLE petition_event (
    petition_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    act TEXT NOT NULL,
    source TEXT,
    target TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    occurred_at timestamptz NOT NULL,
    due_at timestamptz,
    words TEXT,
    CONSTRAINT pk_petition_event PRIMARY KEY (petition_id, seq),
    CONSTRAINT ck_petition_event_act CHECK (act IN ('submit', 'accept', 'refuse', 'ask_supplement', 'supplement', 'answer', 'withdraw')),
    CONSTRAINT ck_petition_event_source CHECK (source IN ('received', 'accepted', 'supplement_requested', 'refused', 'answered', 'withdrawn')),
    CONSTRAINT ck_petition_event_target CHECK (target IN ('received', 'accepted', 'supplement_requested', 'refused', 'answered', 'withdrawn')),
    CONSTRAINT ck_petition_event_actor_role CHECK (actor_role IN ('applicant', 'receptionist', 'officer', 'approver', 'analyst', 'administrator', 'partner', 'system')),
    CONSTRAINT fk_petition_event_petition_id FOREIGN KEY(petition_id) REFERENCES petition (id)
);

COMMENT ON TABLE petition_event IS 'History of a petition: rows are added, never changed';
COMMENT ON COLUMN petition_event.due_at IS 'As it stood after the act';
COMMENT ON COLUMN petition_event.words IS 'Reason, what was asked for, what was added, the answer';

-- Counters may be lost in a crash: then somebody has a few more tries.
CREATE UNLOGGED TABLE quota_use (
    quota TEXT NOT NULL,
    subject TEXT NOT NULL,
    ends_at timestamptz NOT NULL,
    used INTEGER NOT NULL,
    CONSTRAINT pk_quota_use PRIMARY KEY (quota, subject, ends_at)
);

CREATE INDEX ix_quota_use_ends_at ON quota_use (ends_at);
COMMENT ON TABLE quota_use IS 'What was used of a quota in a fixed window, counted for all web processes';
COMMENT ON COLUMN quota_use.subject IS 'Keyed hash: neither an address nor a code can be read from it';
COMMENT ON COLUMN quota_use.ends_at IS 'End of the window';

GRANT SELECT, INSERT, UPDATE, DELETE ON draft, quota_use TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON petition, petition_day TO motcua_app;
GRANT SELECT, INSERT ON rating, petition_event TO motcua_app;

-- A draft is its owner's alone; the system only sweeps what nobody touched for long.
ALTER TABLE draft ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON draft TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'applicant' AND owner_id = (SELECT acting_account()))
);

-- A rating is read by who sees its dossier and written by nobody but a citizen in their own name.
ALTER TABLE rating ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON rating FOR SELECT TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));
CREATE POLICY given ON rating FOR INSERT TO motcua_app WITH CHECK (
    (SELECT acting_role()) = 'applicant' AND author_id = (SELECT acting_account())
    AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);

-- The rule of app/db/visibility.py (visible_petitions), said once more by the database.
ALTER TABLE petition ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON petition TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'applicant' AND (
        petitioner_id = (SELECT acting_account())
        OR petitioner_number = nullif((SELECT acting_number()), '')))
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver') AND (
        agency_id = ANY ((SELECT acting_agencies())::bigint[])))
);

ALTER TABLE petition_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_petition ON petition_event FOR SELECT TO motcua_app
    USING (EXISTS (SELECT FROM petition WHERE petition.id = petition_id));
CREATE POLICY added ON petition_event FOR INSERT TO motcua_app
    WITH CHECK (EXISTS (SELECT FROM petition WHERE petition.id = petition_id));
