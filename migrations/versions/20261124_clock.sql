SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE calendar_change (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    revision BIGINT NOT NULL,
    entered_at timestamptz NOT NULL,
    entered_by TEXT NOT NULL,
    entered_name TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT,
    document JSONB NOT NULL,
    CONSTRAINT pk_calendar_change PRIMARY KEY (id),
    CONSTRAINT uq_calendar_change_revision UNIQUE (revision)
);

COMMENT ON TABLE calendar_change IS 'Changes of the calendar: rows are added, never changed';
COMMENT ON COLUMN calendar_change.revision IS 'That it led to';
COMMENT ON COLUMN calendar_change.entered_by IS 'Account';
COMMENT ON COLUMN calendar_change.source IS 'The document that says so';
COMMENT ON COLUMN calendar_change.reason IS 'Needed where a past day is changed';
COMMENT ON COLUMN calendar_change.document IS 'The change as entered';

-- What is known already becomes the first change, as if it were entered now.
INSERT INTO calendar_change (revision, entered_at, entered_by, entered_name, source, document)
SELECT value, now(), 'system', 'Hệ thống', 'Lịch ban đầu của hệ thống', jsonb_build_object(
    'source', 'Lịch ban đầu của hệ thống',
    'reason', NULL,
    'days', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('agency', '*', 'day', day, 'kind', kind,
            'name', name, 'hours', hours, 'source', source) ORDER BY day), '[]')
        FROM calendar_day),
    'hours', (
        SELECT coalesce(jsonb_agg(jsonb_build_object('agency', agency, 'valid_from', valid_from,
            'week', week) ORDER BY agency, valid_from), '[]')
        FROM (
            SELECT agency, valid_from, jsonb_object_agg(weekday, hours) AS week
            FROM (
                SELECT agency, valid_from, weekday, string_agg(
                    to_char(starts, 'HH24:MI') || '-' || to_char(ends, 'HH24:MI'), ' '
                    ORDER BY starts) AS hours
                FROM office_hours GROUP BY agency, valid_from, weekday
            ) AS days GROUP BY agency, valid_from
        ) AS weeks))
FROM revision WHERE name = 'calendar';

CREATE TABLE local_day (
    agency TEXT NOT NULL,
    day DATE NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    hours TEXT,
    change_id BIGINT NOT NULL,
    CONSTRAINT pk_local_day PRIMARY KEY (agency, day),
    CONSTRAINT ck_local_day_kind CHECK (kind IN ('off', 'worked', 'hours')),
    CONSTRAINT ck_local_day_hours CHECK ((kind = 'hours') = (hours IS NOT NULL)),
    CONSTRAINT ck_local_day_agency CHECK (agency <> '*'),
    CONSTRAINT fk_local_day_change_id FOREIGN KEY(change_id) REFERENCES calendar_change (id)
);

COMMENT ON TABLE local_day IS 'Days on which one office differs from the others';
COMMENT ON COLUMN local_day.agency IS 'Identifier code';
COMMENT ON COLUMN local_day.hours IS 'As in calendar_day';

-- Both tables hold a hundred rows: their constraints are checked at once.
ALTER TABLE calendar_day ADD COLUMN change_id BIGINT;
-- squawk-ignore adding-foreign-key-constraint,constraint-missing-not-valid
ALTER TABLE calendar_day ADD CONSTRAINT fk_calendar_day_change_id
    FOREIGN KEY(change_id) REFERENCES calendar_change (id);
COMMENT ON COLUMN calendar_day.change_id IS 'That entered it';
UPDATE calendar_day SET change_id = (SELECT id FROM calendar_change);

ALTER TABLE office_hours ADD COLUMN change_id BIGINT;
-- squawk-ignore adding-foreign-key-constraint,constraint-missing-not-valid
ALTER TABLE office_hours ADD CONSTRAINT fk_office_hours_change_id
    FOREIGN KEY(change_id) REFERENCES calendar_change (id);
COMMENT ON COLUMN office_hours.change_id IS 'That entered it';
UPDATE office_hours SET change_id = (SELECT id FROM calendar_change);

ALTER TABLE dossier ADD COLUMN calendar_revision BIGINT DEFAULT 0 NOT NULL;
COMMENT ON COLUMN dossier.calendar_revision IS 'Under which the due instants were derived; 0: not known';

-- Three of the indexes hold open dossiers only; all are built within the time box above, in the
-- migration's one transaction, in which an index cannot be built concurrently.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_open_revision ON dossier (calendar_revision, id) WHERE ended_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_open_due_at ON dossier (due_at) WHERE ended_at IS NULL AND due_at IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_open_reply_due_on ON dossier (reply_due_on) WHERE ended_at IS NULL AND reply_due_on IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_resolved ON dossier (procedure_version_id, resolved_at DESC) WHERE resolved_at IS NOT NULL;

CREATE TABLE due_move (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    what TEXT NOT NULL,
    before timestamptz NOT NULL,
    after timestamptz NOT NULL,
    revision_before BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    moved_at timestamptz NOT NULL,
    CONSTRAINT pk_due_move PRIMARY KEY (id),
    CONSTRAINT uq_due_move_dossier_id_what_revision UNIQUE (dossier_id, what, revision),
    CONSTRAINT ck_due_move_what CHECK (what IN ('due', 'answer')),
    CONSTRAINT ck_due_move_moved CHECK (before <> after),
    CONSTRAINT ck_due_move_revisions CHECK (revision_before < revision),
    CONSTRAINT fk_due_move_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_due_move_revision ON due_move (revision, id);
COMMENT ON TABLE due_move IS 'What changes of the calendar moved; the promise on the receipt stays as it is';
COMMENT ON COLUMN due_move.revision_before IS 'Of the calendar';
COMMENT ON COLUMN due_move.revision IS 'Of the calendar that moved it';

CREATE TABLE warning (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    due_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    CONSTRAINT pk_warning PRIMARY KEY (id),
    CONSTRAINT uq_warning_dossier_id_kind_due_at UNIQUE (dossier_id, kind, due_at),
    CONSTRAINT ck_warning_kind CHECK (kind IN ('due_soon', 'escalated', 'overdue', 'apology_due')),
    CONSTRAINT fk_warning_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_warning_raised_at ON warning (raised_at DESC, id DESC);
COMMENT ON TABLE warning IS 'Cảnh báo thời hạn: each once per dossier and due instant';
COMMENT ON COLUMN warning.due_at IS 'What it warns of';

CREATE TABLE warning_reading (
    warning_id BIGINT NOT NULL,
    account TEXT NOT NULL,
    read_at timestamptz NOT NULL,
    CONSTRAINT pk_warning_reading PRIMARY KEY (warning_id, account),
    CONSTRAINT fk_warning_reading_warning_id FOREIGN KEY(warning_id) REFERENCES warning (id)
);

COMMENT ON TABLE warning_reading IS 'Who has read which warning';

CREATE TABLE apology (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    missed_at timestamptz NOT NULL,
    new_due_at timestamptz NOT NULL,
    reason TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    signed_by TEXT NOT NULL,
    signed_name TEXT NOT NULL,
    signed_at timestamptz NOT NULL,
    CONSTRAINT pk_apology PRIMARY KEY (id),
    CONSTRAINT uq_apology_dossier_id_missed_at UNIQUE (dossier_id, missed_at),
    CONSTRAINT ck_apology_later CHECK (new_due_at > missed_at),
    CONSTRAINT fk_apology_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_apology_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE apology IS 'Phiếu xin lỗi và hẹn lại of dossiers that are late already; the due instant stays';
COMMENT ON COLUMN apology.missed_at IS 'Appointment missed';
COMMENT ON COLUMN apology.new_due_at IS 'Appointment given';
COMMENT ON COLUMN apology.agency_id IS 'That apologises';
COMMENT ON COLUMN apology.signed_by IS 'Account';

CREATE TABLE pace (
    procedure_id BIGINT NOT NULL,
    refreshed_at timestamptz NOT NULL,
    cases INTEGER NOT NULL,
    samples JSONB NOT NULL,
    CONSTRAINT pk_pace PRIMARY KEY (procedure_id),
    CONSTRAINT fk_pace_procedure_id FOREIGN KEY(procedure_id) REFERENCES procedure (id)
);

COMMENT ON TABLE pace IS 'How long finished dossiers of a procedure took from where';
COMMENT ON COLUMN pace.cases IS 'Finished dossiers looked at';
COMMENT ON COLUMN pace.samples IS 'Minutes to the decision by place, sorted';

GRANT INSERT, UPDATE, DELETE ON calendar_day, office_hours TO motcua_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON local_day TO motcua_app;
GRANT UPDATE ON revision TO motcua_app;
GRANT SELECT, INSERT ON calendar_change, due_move, warning, warning_reading, apology
    TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON pace TO motcua_app;

-- What belongs to a dossier is seen by who sees the dossier, as its history is.

ALTER TABLE due_move ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON due_move TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));

ALTER TABLE warning ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON warning TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));

ALTER TABLE warning_reading ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON warning_reading TO motcua_app
    USING (account = (SELECT acting_account()));

ALTER TABLE apology ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON apology TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));
