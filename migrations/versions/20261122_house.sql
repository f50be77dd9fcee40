CREATE TABLE calendar_day (
    day DATE NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    hours TEXT,
    CONSTRAINT pk_calendar_day PRIMARY KEY (day),
    CONSTRAINT ck_calendar_day_kind CHECK (kind IN ('off', 'worked', 'hours')),
    CONSTRAINT ck_calendar_day_hours CHECK ((kind = 'hours') = (hours IS NOT NULL))
);

COMMENT ON TABLE calendar_day IS 'Holidays, days off in lieu, make-up working days';
COMMENT ON COLUMN calendar_day.hours IS 'Of a day with hours of its own: 07:30-11:30 13:00-15:00';

CREATE TABLE idempotency (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    route TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    outcome JSONB NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY (caller, key, route)
);

CREATE INDEX ix_idempotency_created_at ON idempotency (created_at);
COMMENT ON TABLE idempotency IS 'Answers given, so that a repeated request gets the same one';
COMMENT ON COLUMN idempotency.route IS 'Method and path';
COMMENT ON COLUMN idempotency.fingerprint IS 'SHA-256 of the body';

CREATE TABLE notice (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at timestamptz NOT NULL,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    handled_at timestamptz,
    reason TEXT,
    CONSTRAINT pk_notice PRIMARY KEY (id),
    CONSTRAINT uq_notice_source_key UNIQUE (source, key),
    CONSTRAINT ck_notice_source CHECK (source IN ('national_portal', 'payment_platform')),
    CONSTRAINT ck_notice_state CHECK (state IN ('waiting', 'applied', 'rejected'))
);

CREATE INDEX ix_notice_waiting ON notice (id) WHERE state = 'waiting';
COMMENT ON TABLE notice IS 'Inbox: verified on receipt, applied later';
COMMENT ON COLUMN notice.key IS 'What makes it the same notice';
COMMENT ON COLUMN notice.body IS 'As received';

CREATE TABLE office_hours (
    agency TEXT NOT NULL,
    valid_from DATE NOT NULL,
    weekday SMALLINT NOT NULL,
    starts TIME WITHOUT TIME ZONE NOT NULL,
    ends TIME WITHOUT TIME ZONE NOT NULL,
    CONSTRAINT pk_office_hours PRIMARY KEY (agency, valid_from, weekday, starts),
    CONSTRAINT ck_office_hours_weekday CHECK (weekday BETWEEN 1 AND 7),
    CONSTRAINT ck_office_hours_interval CHECK (ends > starts)
);

COMMENT ON TABLE office_hours IS 'Working hours of an office, effective-dated';
COMMENT ON COLUMN office_hours.agency IS 'Identifier code, * for every agency';
COMMENT ON COLUMN office_hours.weekday IS 'ISO: 1 Monday to 7 Sunday';

CREATE TABLE procedure (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    field_code TEXT NOT NULL,
    field_name TEXT NOT NULL,
    is_sample BOOLEAN NOT NULL,
    CONSTRAINT pk_procedure PRIMARY KEY (id),
    CONSTRAINT uq_procedure_code UNIQUE (code)
);

COMMENT ON TABLE procedure IS 'Thủ tục hành chính';

CREATE TABLE replay_batch (
    run TEXT NOT NULL,
    batch INTEGER NOT NULL,
    dossiers INTEGER NOT NULL,
    played_at timestamptz NOT NULL,
    CONSTRAINT pk_replay_batch PRIMARY KEY (run, batch)
);

COMMENT ON TABLE replay_batch IS 'Written in the transaction of its dossiers: a killed replay goes on after it';
COMMENT ON COLUMN replay_batch.run IS 'Table''s SHA-256, share and seed';

CREATE TABLE report_group (
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    position SMALLINT NOT NULL,
    CONSTRAINT pk_report_group PRIMARY KEY (code),
    CONSTRAINT uq_report_group_position UNIQUE (position)
);

COMMENT ON TABLE report_group IS 'Groups of the published annex, each with a total row';

CREATE TABLE revision (
    name TEXT NOT NULL,
    value BIGINT NOT NULL,
    CONSTRAINT pk_revision PRIMARY KEY (name),
    CONSTRAINT ck_revision_name CHECK (name IN ('calendar', 'catalogue'))
);

COMMENT ON TABLE revision IS 'Raised by every change, so that processes know when to read again';

CREATE TABLE stored_file (
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    media_type TEXT NOT NULL,
    stored_at timestamptz NOT NULL,
    checked_at timestamptz,
    check_until timestamptz,
    CONSTRAINT pk_stored_file PRIMARY KEY (sha256),
    CONSTRAINT ck_stored_file_size CHECK (size_bytes > 0)
);

CREATE INDEX ix_stored_file_unchecked ON stored_file (stored_at) WHERE checked_at IS NULL;
COMMENT ON TABLE stored_file IS 'A file, kept once under the SHA-256 of its content';
COMMENT ON COLUMN stored_file.checked_at IS 'Of the last signature verdict';
COMMENT ON COLUMN stored_file.check_until IS 'Claimed by a checker until then';

CREATE TABLE agency (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    level TEXT NOT NULL,
    parent_id BIGINT,
    valid_from DATE NOT NULL,
    valid_to DATE,
    successor_id BIGINT,
    report_group TEXT,
    report_row SMALLINT,
    CONSTRAINT pk_agency PRIMARY KEY (id),
    CONSTRAINT ck_agency_level CHECK (level IN ('province', 'district', 'commune')),
    CONSTRAINT ck_agency_validity CHECK (valid_to >= valid_from),
    CONSTRAINT ck_agency_report_line CHECK ((report_group IS NULL) = (report_row IS NULL)),
    CONSTRAINT uq_agency_report_group_report_row UNIQUE (report_group, report_row),
    CONSTRAINT uq_agency_code UNIQUE (code),
    CONSTRAINT fk_agency_parent_id FOREIGN KEY(parent_id) REFERENCES agency (id),
    CONSTRAINT fk_agency_successor_id FOREIGN KEY(successor_id) REFERENCES agency (id),
    CONSTRAINT fk_agency_report_group FOREIGN KEY(report_group) REFERENCES report_group (code)
);

CREATE INDEX ix_agency_parent_id ON agency (parent_id);
CREATE INDEX ix_agency_successor_id ON agency (successor_id);
COMMENT ON TABLE agency IS 'Cơ quan, đơn vị (Decision 20/2020/QĐ-TTg)';
COMMENT ON COLUMN agency.valid_to IS 'Last day; NULL while it exists';

CREATE TABLE file_chunk (
    sha256 TEXT NOT NULL,
    n INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_file_chunk PRIMARY KEY (sha256, n),
    CONSTRAINT fk_file_chunk_sha256 FOREIGN KEY(sha256) REFERENCES stored_file (sha256)
);

COMMENT ON TABLE file_chunk IS 'Content in pieces of 256 KiB, so that reading it back streams';

CREATE TABLE procedure_version (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    procedure_id BIGINT NOT NULL,
    version SMALLINT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    online_level SMALLINT NOT NULL,
    definition JSONB NOT NULL,
    CONSTRAINT pk_procedure_version PRIMARY KEY (id),
    CONSTRAINT uq_procedure_version_procedure_id_version UNIQUE (procedure_id, version),
    CONSTRAINT ck_procedure_version_online_level CHECK (online_level BETWEEN 1 AND 4),
    CONSTRAINT ck_procedure_version_validity CHECK (valid_to >= valid_from),
    CONSTRAINT fk_procedure_version_procedure_id FOREIGN KEY(procedure_id) REFERENCES procedure (id)
);

COMMENT ON TABLE procedure_version IS 'What a dossier is judged by: it keeps the version it was submitted under';

CREATE TABLE signature_verdict (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    sha256 TEXT NOT NULL,
    n SMALLINT NOT NULL,
    checked_at timestamptz NOT NULL,
    indication TEXT NOT NULL,
    sub_indication TEXT,
    reason TEXT NOT NULL,
    report JSONB NOT NULL,
    policy TEXT NOT NULL,
    CONSTRAINT pk_signature_verdict PRIMARY KEY (id),
    CONSTRAINT ck_signature_verdict_indication CHECK (indication IN ('TOTAL_PASSED', 'NO_SIGNATURE', 'INDETERMINATE', 'TOTAL_FAILED')),
    CONSTRAINT fk_signature_verdict_sha256 FOREIGN KEY(sha256) REFERENCES stored_file (sha256)
);

CREATE UNIQUE INDEX uq_signature_verdict_sha256_n ON signature_verdict (sha256, n);
COMMENT ON TABLE signature_verdict IS 'Evidence: rows are added, never changed';
COMMENT ON COLUMN signature_verdict.n IS '1 for the first check of this file';
COMMENT ON COLUMN signature_verdict.reason IS 'For the clerk';
COMMENT ON COLUMN signature_verdict.policy IS 'Policy and versions used';

CREATE TABLE dossier (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    code TEXT NOT NULL,
    procedure_version_id BIGINT NOT NULL,
    agency_id BIGINT NOT NULL,
    at_agency_id BIGINT NOT NULL,
    agency_ids BIGINT[] NOT NULL,
    step SMALLINT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    status_before TEXT,
    version INTEGER NOT NULL,
    applicant_kind TEXT NOT NULL,
    applicant_number TEXT NOT NULL,
    applicant_name TEXT NOT NULL,
    contact JSONB NOT NULL,
    submitter_id TEXT NOT NULL,
    submitter_number TEXT,
    submitter_name TEXT NOT NULL,
    submitter_tech_id TEXT,
    is_verified SMALLINT NOT NULL,
    form JSONB NOT NULL,
    fees JSONB NOT NULL,
    return_way TEXT NOT NULL,
    received_on DATE NOT NULL,
    received_at timestamptz NOT NULL,
    answer_due_at timestamptz,
    accepted_at timestamptz,
    due_at timestamptz,
    promised_at timestamptz,
    reply_due_on DATE,
    extension JSONB,
    supplements SMALLINT NOT NULL,
    resolved_at timestamptz,
    ended_at timestamptz,
    result_granted SMALLINT,
    origin TEXT DEFAULT 'live' NOT NULL,
    CONSTRAINT pk_dossier PRIMARY KEY (id),
    CONSTRAINT ck_dossier_channel CHECK (channel IN ('desk', 'online', 'post')),
    CONSTRAINT ck_dossier_status CHECK (status IN ('registered', 'accepted', 'refused', 'in_process', 'supplement_requested', 'payment_requested', 'withdrawn', 'stopped', 'resolved', 'returned')),
    CONSTRAINT ck_dossier_status_before CHECK (status_before IN ('registered', 'accepted', 'in_process')),
    CONSTRAINT ck_dossier_applicant_kind CHECK (applicant_kind IN ('citizen', 'enterprise', 'state_body', 'organisation')),
    CONSTRAINT ck_dossier_return_way CHECK (return_way IN ('online', 'desk', 'post')),
    CONSTRAINT ck_dossier_origin CHECK (origin IN ('live', 'replay')),
    CONSTRAINT ck_dossier_waiting_knows_before CHECK ((status IN ('supplement_requested', 'payment_requested')) = (status_before IS NOT NULL)),
    CONSTRAINT ck_dossier_accepted CHECK (status IN ('registered', 'refused', 'withdrawn', 'stopped', 'supplement_requested') OR accepted_at IS NOT NULL),
    CONSTRAINT ck_dossier_resolved CHECK (status NOT IN ('resolved', 'returned') OR resolved_at IS NOT NULL),
    CONSTRAINT ck_dossier_counters CHECK (version >= 1 AND step >= 0 AND supplements >= 0),
    CONSTRAINT uq_dossier_code UNIQUE (code),
    CONSTRAINT fk_dossier_procedure_version_id FOREIGN KEY(procedure_version_id) REFERENCES procedure_version (id),
    CONSTRAINT fk_dossier_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_dossier_at_agency_id FOREIGN KEY(at_agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_dossier_agency_id_received ON dossier (agency_id, received_at DESC, id DESC);
CREATE INDEX ix_dossier_applicant_number ON dossier (applicant_number, received_at DESC, id DESC);
CREATE INDEX ix_dossier_at_agency_id_received ON dossier (at_agency_id, received_at DESC, id DESC);
CREATE INDEX ix_dossier_submitter_id ON dossier (submitter_id, received_at DESC, id DESC);
COMMENT ON TABLE dossier IS 'Hồ sơ';
COMMENT ON COLUMN dossier.agency_id IS 'Resolves it';
COMMENT ON COLUMN dossier.at_agency_id IS 'Has it now';
COMMENT ON COLUMN dossier.agency_ids IS 'Have or had it in hand';
COMMENT ON COLUMN dossier.step IS 'Index in the version''s process';
COMMENT ON COLUMN dossier.status_before IS 'Where a waiting status leads back to';
COMMENT ON COLUMN dossier.version IS 'Raised by every act; the ETag';
COMMENT ON COLUMN dossier.applicant_number IS 'Personal number or tax code';
COMMENT ON COLUMN dossier.contact IS 'Phone, e-mail, address';
COMMENT ON COLUMN dossier.submitter_id IS 'Account that handed it in';
COMMENT ON COLUMN dossier.submitter_number IS 'Identity number of who handed it in';
COMMENT ON COLUMN dossier.submitter_tech_id IS 'Account at the national portal';
COMMENT ON COLUMN dossier.is_verified IS '1: account verified by VNeID';
COMMENT ON COLUMN dossier.fees IS 'Fees due, less exemptions';
COMMENT ON COLUMN dossier.received_on IS 'Local day of receipt';
COMMENT ON COLUMN dossier.answer_due_at IS 'First answer: 8 working hours';
COMMENT ON COLUMN dossier.due_at IS 'Derived from the history; cached';
COMMENT ON COLUMN dossier.promised_at IS 'Appointment on the receipt';
COMMENT ON COLUMN dossier.reply_due_on IS 'Last day to answer a supplement or payment request';
COMMENT ON COLUMN dossier.extension IS 'Count and unit, once granted';
COMMENT ON COLUMN dossier.supplements IS 'Requests since acceptance';
COMMENT ON COLUMN dossier.result_granted IS '1 granted, 0 denied';

CREATE TABLE intake_day (
    agency_id BIGINT NOT NULL,
    day DATE NOT NULL,
    last_number INTEGER NOT NULL,
    online INTEGER NOT NULL,
    desk INTEGER NOT NULL,
    post INTEGER NOT NULL,
    CONSTRAINT pk_intake_day PRIMARY KEY (agency_id, day),
    CONSTRAINT ck_intake_day_sum CHECK (online + desk + post = last_number),
    CONSTRAINT fk_intake_day_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_intake_day_day ON intake_day (day);
COMMENT ON TABLE intake_day IS 'Number counter and received dossiers of an agency''s day: one row does both';
COMMENT ON COLUMN intake_day.last_number IS 'Of that day''s dossier codes';

CREATE TABLE procedure_agency (
    procedure_version_id BIGINT NOT NULL,
    agency_id BIGINT NOT NULL,
    CONSTRAINT pk_procedure_agency PRIMARY KEY (procedure_version_id, agency_id),
    CONSTRAINT fk_procedure_agency_procedure_version_id FOREIGN KEY(procedure_version_id) REFERENCES procedure_version (id),
    CONSTRAINT fk_procedure_agency_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_procedure_agency_agency_id ON procedure_agency (agency_id);
COMMENT ON TABLE procedure_agency IS 'Which agencies resolve a version';

CREATE TABLE delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    partner TEXT NOT NULL,
    dossier_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload_version SMALLINT NOT NULL,
    subject TEXT,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    acknowledged_at timestamptz,
    answer_code TEXT,
    answer TEXT,
    body_sha256 TEXT,
    CONSTRAINT pk_delivery PRIMARY KEY (id),
    CONSTRAINT uq_delivery_partner_dossier_id_seq UNIQUE (partner, dossier_id, seq),
    CONSTRAINT ck_delivery_partner CHECK (partner IN ('national_portal', 'payment_platform')),
    CONSTRAINT ck_delivery_kind CHECK (kind IN ('dossier_event', 'payment_opening')),
    CONSTRAINT ck_delivery_state CHECK (state IN ('waiting', 'in_flight', 'acknowledged', 'blocked', 'dead')),
    CONSTRAINT fk_delivery_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_delivery_open ON delivery (partner, next_at) WHERE state IN ('waiting', 'in_flight');
CREATE INDEX ix_delivery_unacknowledged ON delivery (dossier_id, partner, seq) WHERE state <> 'acknowledged';
COMMENT ON TABLE delivery IS 'Ledger to partners: one row per fact, kept in order per dossier';
COMMENT ON COLUMN delivery.seq IS 'Order within partner and dossier';
COMMENT ON COLUMN delivery.subject IS 'What it is about if not an event: a payment''s reference';
COMMENT ON COLUMN delivery.lease IS 'Token of the claim that is under way';
COMMENT ON COLUMN delivery.answer IS 'As received, cut at 4,000 characters';

CREATE TABLE document (
    id UUID NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    agency_id BIGINT,
    dossier_id BIGINT,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT pk_document PRIMARY KEY (id),
    CONSTRAINT ck_document_kind CHECK (kind IN ('component', 'result')),
    CONSTRAINT fk_document_sha256 FOREIGN KEY(sha256) REFERENCES stored_file (sha256),
    CONSTRAINT fk_document_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_document_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_document_dossier_id ON document (dossier_id);
CREATE INDEX ix_document_owner_id ON document (owner_id);
CREATE INDEX ix_document_sha256 ON document (sha256);
COMMENT ON TABLE document IS 'A file under a name, in a dossier or waiting to be handed in';
COMMENT ON COLUMN document.owner_id IS 'Account that uploaded it';
COMMENT ON COLUMN document.agency_id IS 'Of the owner, if staff';

CREATE TABLE dossier_component (
    dossier_id BIGINT NOT NULL,
    n SMALLINT NOT NULL,
    component TEXT NOT NULL,
    document_id UUID,
    added_at timestamptz NOT NULL,
    CONSTRAINT pk_dossier_component PRIMARY KEY (dossier_id, n),
    CONSTRAINT fk_dossier_component_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

COMMENT ON TABLE dossier_component IS 'Thành phần hồ sơ as handed in; a supplement adds rows, the last of a code counts';
COMMENT ON COLUMN dossier_component.component IS 'Code in the procedure version';
COMMENT ON COLUMN dossier_component.document_id IS 'NULL: handed in on paper';

CREATE TABLE dossier_event (
    dossier_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    act TEXT NOT NULL,
    source TEXT,
    target TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    occurred_at timestamptz NOT NULL,
    due_at timestamptz,
    reason TEXT,
    legal_ground TEXT,
    details JSONB NOT NULL,
    CONSTRAINT pk_dossier_event PRIMARY KEY (dossier_id, seq),
    CONSTRAINT ck_dossier_event_act CHECK (act IN ('submit', 'take_in', 'accept', 'refuse', 'request_supplement', 'supplement', 'start', 'pass_on', 'request_payment', 'settle', 'extend', 'resolve', 'stop', 'withdraw', 'return_result')),
    CONSTRAINT ck_dossier_event_source CHECK (source IN ('draft', 'registered', 'accepted', 'refused', 'in_process', 'supplement_requested', 'payment_requested', 'withdrawn', 'stopped', 'resolved', 'returned')),
    CONSTRAINT ck_dossier_event_target CHECK (target IN ('registered', 'accepted', 'refused', 'in_process', 'supplement_requested', 'payment_requested', 'withdrawn', 'stopped', 'resolved', 'returned')),
    CONSTRAINT ck_dossier_event_actor_role CHECK (actor_role IN ('applicant', 'receptionist', 'officer', 'approver', 'analyst', 'administrator', 'partner', 'system')),
    CONSTRAINT fk_dossier_event_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_dossier_event_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE dossier_event IS 'History: rows are added, never changed';
COMMENT ON COLUMN dossier_event.agency_id IS 'Had it at that moment';
COMMENT ON COLUMN dossier_event.due_at IS 'As it stood after the act';

CREATE TABLE payment (
    reference TEXT NOT NULL,
    dossier_id BIGINT NOT NULL,
    purpose TEXT NOT NULL,
    method TEXT NOT NULL,
    amount_vnd BIGINT NOT NULL,
    status TEXT NOT NULL,
    payer_ip TEXT NOT NULL,
    opened_at timestamptz NOT NULL,
    pay_url TEXT,
    paid_at timestamptz,
    transaction TEXT,
    bank TEXT,
    receipt_number TEXT,
    failure TEXT,
    refund_due_at timestamptz,
    CONSTRAINT pk_payment PRIMARY KEY (reference),
    CONSTRAINT ck_payment_purpose CHECK (purpose IN ('acceptance', 'return', 'obligation')),
    CONSTRAINT ck_payment_method CHECK (method IN ('platform', 'cash')),
    CONSTRAINT ck_payment_status CHECK (status IN ('opened', 'pending', 'paid', 'failed', 'expired', 'refunded')),
    CONSTRAINT ck_payment_amount CHECK (amount_vnd > 0),
    CONSTRAINT ck_payment_paid CHECK ((status = 'paid') <= (paid_at IS NOT NULL)),
    CONSTRAINT fk_payment_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT uq_payment_receipt_number UNIQUE (receipt_number)
);

CREATE INDEX ix_payment_dossier_id ON payment (dossier_id);
CREATE UNIQUE INDEX uq_payment_one_alive ON payment (dossier_id, purpose) WHERE refund_due_at IS NULL AND (status IN ('opened', 'pending') OR status = 'paid' AND purpose <> 'obligation');
CREATE UNIQUE INDEX uq_payment_transaction ON payment (transaction) WHERE transaction IS NOT NULL;
COMMENT ON TABLE payment IS 'One attempt to pay; money in integer đồng';
COMMENT ON COLUMN payment.reference IS 'MaThamChieu';
COMMENT ON COLUMN payment.transaction IS 'MaGiaoDich of the platform';
COMMENT ON COLUMN payment.bank IS 'MaNganHang';
COMMENT ON COLUMN payment.refund_due_at IS 'Paid twice, or after the end';

-- The application's role: it owns nothing, may not change history, and sees rows by who acts.

DO $$
BEGIN
    CREATE ROLE motcua_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- roles belong to the cluster: another database, or another process, made it
END
$$;

GRANT motcua_app TO current_user;
GRANT USAGE ON SCHEMA public TO motcua_app;
GRANT SELECT ON report_group, agency, procedure, procedure_version, procedure_agency,
    calendar_day, office_hours, revision, alembic_version TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON dossier, intake_day, delivery, notice, payment, stored_file,
    document TO motcua_app;
GRANT SELECT, INSERT ON dossier_component, dossier_event, file_chunk, signature_verdict
    TO motcua_app;
GRANT SELECT, INSERT, DELETE ON idempotency TO motcua_app;

-- The rule of app/db/visibility.py, said once more by the database. The settings are told by the
-- first statement of every transaction (app/db/access.py); the sub-selects make them be read once
-- per statement rather than once per row. Without them nothing is visible.

CREATE FUNCTION acting_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('app.role', true), '');
CREATE FUNCTION acting_account() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('app.account', true), '');
CREATE FUNCTION acting_number() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(current_setting('app.number', true), '');
CREATE FUNCTION acting_agencies() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(nullif(current_setting('app.agencies', true), ''), '{}')::bigint[];

ALTER TABLE dossier ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON dossier TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'applicant' AND (
        submitter_id = (SELECT acting_account())
        OR applicant_number = nullif((SELECT acting_number()), '')))
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver') AND (
        agency_ids && (SELECT acting_agencies())))
);

-- What belongs to a dossier is seen by who sees the dossier; it may be written in the statement
-- that makes the dossier, when the dossier itself cannot be seen yet.

ALTER TABLE dossier_component ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON dossier_component FOR SELECT TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));
CREATE POLICY added ON dossier_component FOR INSERT TO motcua_app WITH CHECK (true);

ALTER TABLE dossier_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON dossier_event FOR SELECT TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));
CREATE POLICY added ON dossier_event FOR INSERT TO motcua_app WITH CHECK (true);

ALTER TABLE payment ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON payment TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));

ALTER TABLE document ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON document TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR owner_id = (SELECT acting_account())
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
