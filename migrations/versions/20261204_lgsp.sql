-- Look-ups through the LGSP and orders at the public post: tables of their own, beside what is.

SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE partner_breaker (
    partner TEXT NOT NULL,
    failures SMALLINT NOT NULL,
    open_until timestamptz,
    CONSTRAINT pk_partner_breaker PRIMARY KEY (partner),
    CONSTRAINT ck_partner_breaker_failures CHECK (failures >= 0)
);

COMMENT ON TABLE partner_breaker IS 'Partners that do not answer are left alone for a while, by all workers';
COMMENT ON COLUMN partner_breaker.failures IS 'In a row';
COMMENT ON COLUMN partner_breaker.open_until IS 'Until then nobody is asked';

CREATE TABLE lookup (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    purpose TEXT NOT NULL,
    subject_number TEXT NOT NULL,
    requested_id TEXT NOT NULL,
    requested_role TEXT NOT NULL,
    requested_name TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    requested_at timestamptz NOT NULL,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    answer_code TEXT,
    answer TEXT,
    answered_at timestamptz,
    outcome TEXT,
    differs TEXT[] DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_lookup PRIMARY KEY (id),
    CONSTRAINT ck_lookup_source CHECK (source IN ('population', 'business_register', 'result_store')),
    CONSTRAINT ck_lookup_purpose CHECK (purpose IN ('verify_applicant', 'prefill', 'reuse_result')),
    CONSTRAINT ck_lookup_requested_role CHECK (requested_role IN ('applicant', 'receptionist', 'officer', 'approver', 'analyst', 'administrator', 'partner', 'system')),
    CONSTRAINT ck_lookup_state CHECK (state IN ('waiting', 'in_flight', 'acknowledged', 'blocked', 'dead')),
    CONSTRAINT ck_lookup_outcome CHECK (outcome IN ('match', 'differs', 'found', 'not_found')),
    CONSTRAINT ck_lookup_answered CHECK ((state = 'acknowledged') = (outcome IS NOT NULL)),
    CONSTRAINT ck_lookup_differing CHECK ((outcome = 'differs') <= (cardinality(differs) > 0)),
    CONSTRAINT fk_lookup_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_lookup_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_lookup_dossier_id ON lookup (dossier_id, id);
CREATE INDEX ix_lookup_open ON lookup (next_at) WHERE state IN ('waiting', 'in_flight');
CREATE UNIQUE INDEX uq_lookup_check ON lookup (dossier_id) WHERE purpose = 'verify_applicant';
COMMENT ON TABLE lookup IS 'Lượt tra cứu: one question to a register, about one applicant, for one dossier';
COMMENT ON COLUMN lookup.subject_number IS 'The applicant it is about';
COMMENT ON COLUMN lookup.agency_id IS 'Of who asked';
COMMENT ON COLUMN lookup.lease IS 'Token of the claim that is under way';
COMMENT ON COLUMN lookup.answer IS 'Why it stands so, without personal data';
COMMENT ON COLUMN lookup.outcome IS 'NULL: chưa kiểm tra';

CREATE TABLE lookup_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    lookup_id BIGINT NOT NULL,
    dossier_id BIGINT NOT NULL,
    subject_number TEXT NOT NULL,
    event TEXT NOT NULL,
    source TEXT NOT NULL,
    purpose TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    occurred_at timestamptz NOT NULL,
    request TEXT,
    CONSTRAINT pk_lookup_log PRIMARY KEY (id),
    CONSTRAINT ck_lookup_log_event CHECK (event IN ('asked', 'reused', 'shown')),
    CONSTRAINT ck_lookup_log_source CHECK (source IN ('population', 'business_register', 'result_store')),
    CONSTRAINT ck_lookup_log_purpose CHECK (purpose IN ('verify_applicant', 'prefill', 'reuse_result')),
    CONSTRAINT ck_lookup_log_actor_role CHECK (actor_role IN ('applicant', 'receptionist', 'officer', 'approver', 'analyst', 'administrator', 'partner', 'system')),
    CONSTRAINT fk_lookup_log_lookup_id FOREIGN KEY(lookup_id) REFERENCES lookup (id),
    CONSTRAINT fk_lookup_log_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_lookup_log_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_lookup_log_lookup_id ON lookup_log (lookup_id);
CREATE INDEX ix_lookup_log_subject_number ON lookup_log (subject_number, id);
COMMENT ON TABLE lookup_log IS 'Who asked about a person or saw an answer: rows are added, never changed';
COMMENT ON COLUMN lookup_log.request IS 'MaYeuCau, as the register has it';

CREATE TABLE lookup_answer (
    lookup_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    subject_number TEXT NOT NULL,
    content BYTEA NOT NULL,
    fetched_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_lookup_answer PRIMARY KEY (lookup_id),
    CONSTRAINT ck_lookup_answer_source CHECK (source IN ('population', 'business_register', 'result_store')),
    CONSTRAINT fk_lookup_answer_lookup_id FOREIGN KEY(lookup_id) REFERENCES lookup (id)
);

CREATE INDEX ix_lookup_answer_expires_at ON lookup_answer (expires_at);
CREATE INDEX ix_lookup_answer_subject_number ON lookup_answer (subject_number, source);
COMMENT ON TABLE lookup_answer IS 'What a register answered, kept only as long as allowed';
COMMENT ON COLUMN lookup_answer.content IS 'Encrypted';

CREATE TABLE shared_category (
    name TEXT NOT NULL,
    entries JSONB,
    fetched_at timestamptz,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    CONSTRAINT pk_shared_category PRIMARY KEY (name)
);

COMMENT ON TABLE shared_category IS 'Shared categories (danh mục dùng chung) as the LGSP last gave them';
COMMENT ON COLUMN shared_category.entries IS 'Names by code; NULL: never fetched';
COMMENT ON COLUMN shared_category.next_at IS 'Claimed until then';

CREATE TABLE post_order (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    n SMALLINT NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    person JSONB NOT NULL,
    cod_vnd BIGINT NOT NULL,
    requested_id TEXT NOT NULL,
    requested_role TEXT NOT NULL,
    requested_name TEXT NOT NULL,
    requested_at timestamptz NOT NULL,
    wanted TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    answer_code TEXT,
    answer TEXT,
    item_code TEXT,
    parcel TEXT NOT NULL,
    moved_at timestamptz NOT NULL,
    closed_at timestamptz,
    unmapped_code TEXT,
    CONSTRAINT pk_post_order PRIMARY KEY (id),
    CONSTRAINT uq_post_order_dossier_id_n UNIQUE (dossier_id, n),
    CONSTRAINT ck_post_order_kind CHECK (kind IN ('collect', 'return')),
    CONSTRAINT ck_post_order_requested_role CHECK (requested_role IN ('applicant', 'receptionist', 'officer', 'approver', 'analyst', 'administrator', 'partner', 'system')),
    CONSTRAINT ck_post_order_wanted CHECK (wanted IN ('placed', 'cancelled')),
    CONSTRAINT ck_post_order_state CHECK (state IN ('waiting', 'in_flight', 'acknowledged', 'blocked', 'dead')),
    CONSTRAINT ck_post_order_parcel CHECK (parcel IN ('requested', 'registered', 'in_transit', 'delivered', 'cancelled', 'undeliverable')),
    CONSTRAINT ck_post_order_numbers CHECK (cod_vnd >= 0 AND n >= 1),
    CONSTRAINT fk_post_order_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT uq_post_order_number UNIQUE (number)
);

CREATE INDEX ix_post_order_delivered ON post_order (dossier_id) WHERE kind = 'return' AND parcel = 'delivered' AND closed_at IS NULL;
CREATE INDEX ix_post_order_open ON post_order (next_at) WHERE state IN ('waiting', 'in_flight');
CREATE UNIQUE INDEX uq_post_order_one_alive ON post_order (dossier_id, kind) WHERE parcel NOT IN ('cancelled', 'undeliverable');
COMMENT ON TABLE post_order IS 'Đơn bưu chính: one parcel of a dossier, beside its legal status';
COMMENT ON COLUMN post_order.n IS 'Order within the dossier';
COMMENT ON COLUMN post_order.number IS 'OrderNumber';
COMMENT ON COLUMN post_order.person IS 'The applicant''s end of the way';
COMMENT ON COLUMN post_order.cod_vnd IS 'To be collected on delivery';
COMMENT ON COLUMN post_order.wanted IS 'What the post is to be brought to';
COMMENT ON COLUMN post_order.lease IS 'Token of the claim that is under way';
COMMENT ON COLUMN post_order.answer IS 'Why it stands so, without personal data';
COMMENT ON COLUMN post_order.item_code IS 'Waybill';
COMMENT ON COLUMN post_order.closed_at IS 'Its end was told to the dossier';
COMMENT ON COLUMN post_order.unmapped_code IS 'Last code of the post without a word of ours';

CREATE TABLE post_track (
    id BIGINT NOT NULL,
    post_order_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    words TEXT NOT NULL,
    parcel TEXT,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_post_track PRIMARY KEY (id),
    CONSTRAINT ck_post_track_parcel CHECK (parcel IN ('requested', 'registered', 'in_transit', 'delivered', 'cancelled', 'undeliverable')),
    CONSTRAINT fk_post_track_post_order_id FOREIGN KEY(post_order_id) REFERENCES post_order (id)
);

CREATE INDEX ix_post_track_post_order_id ON post_track (post_order_id);
COMMENT ON TABLE post_track IS 'What the post told of a parcel: rows are added, never changed';
COMMENT ON COLUMN post_track.id IS 'The post''s own';
COMMENT ON COLUMN post_track.code IS 'The post''s own';
COMMENT ON COLUMN post_track.parcel IS 'NULL: the code has no word of ours';

CREATE TABLE post_poll (
    id SMALLINT NOT NULL,
    last_id BIGINT NOT NULL,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    answer TEXT,
    CONSTRAINT pk_post_poll PRIMARY KEY (id),
    CONSTRAINT ck_post_poll_one CHECK (id = 1)
);

COMMENT ON TABLE post_poll IS 'The one poll of the post''s tracking';
COMMENT ON COLUMN post_poll.last_id IS 'Cursor: everything up to it is here';
COMMENT ON COLUMN post_poll.attempts IS 'Failed ones in a row';
COMMENT ON COLUMN post_poll.answer IS 'Why the last poll failed';

INSERT INTO post_poll (id, last_id, attempts, next_at) VALUES (1, 0, 0, '2000-01-01T00:00:00Z');

GRANT SELECT, INSERT, UPDATE ON partner_breaker, lookup, shared_category, post_order TO motcua_app;
GRANT SELECT, INSERT ON lookup_log, post_track TO motcua_app;
GRANT SELECT, INSERT, DELETE ON lookup_answer TO motcua_app;
GRANT SELECT, UPDATE ON post_poll TO motcua_app;

-- What belongs to a dossier is seen by who sees the dossier; a check is asked for in the statement
-- that makes the dossier, when the dossier itself cannot be seen yet.

ALTER TABLE lookup ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON lookup TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));
CREATE POLICY added ON lookup FOR INSERT TO motcua_app WITH CHECK (true);

-- The record of who looked belongs to the person: whoever handed in for somebody else does not
-- see it.

ALTER TABLE lookup_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON lookup_log FOR SELECT TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'applicant'
        AND subject_number = nullif((SELECT acting_number()), ''))
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver')
        AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id))
);
CREATE POLICY added ON lookup_log FOR INSERT TO motcua_app WITH CHECK (true);

ALTER TABLE lookup_answer ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON lookup_answer FOR SELECT TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'applicant'
        AND subject_number = nullif((SELECT acting_number()), ''))
    OR ((SELECT acting_role()) IN ('receptionist', 'officer', 'approver')
        AND EXISTS (SELECT FROM lookup WHERE lookup.id = lookup_id))
);
CREATE POLICY kept ON lookup_answer FOR INSERT TO motcua_app
    WITH CHECK ((SELECT acting_role()) = 'system');
CREATE POLICY forgotten ON lookup_answer FOR DELETE TO motcua_app
    USING ((SELECT acting_role()) = 'system');

ALTER TABLE post_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_dossier ON post_order TO motcua_app
    USING (EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id));

ALTER TABLE post_track ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_with_order ON post_track TO motcua_app
    USING (EXISTS (SELECT FROM post_order WHERE post_order.id = post_order_id));
