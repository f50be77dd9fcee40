SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE announcement (
    dossier_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    CONSTRAINT pk_announcement PRIMARY KEY (dossier_id, seq)
);

COMMENT ON TABLE announcement IS 'Events that nobody was told of yet; deleted in the transaction that plans the telling';

CREATE TABLE message (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL,
    dossier_id BIGINT,
    seq INTEGER,
    topic TEXT NOT NULL,
    recipient TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    short TEXT NOT NULL,
    deadline_on DATE,
    tried JSONB NOT NULL,
    created_at timestamptz NOT NULL,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    acknowledged_at timestamptz,
    answer_code TEXT,
    answer TEXT,
    CONSTRAINT pk_message PRIMARY KEY (id),
    CONSTRAINT ck_message_topic CHECK (topic IN ('received', 'accepted', 'refused', 'supplement_wanted', 'supplemented', 'payment_wanted', 'paid', 'extended', 'granted', 'denied', 'stopped', 'withdrawn', 'returned', 'to_accept', 'to_process', 'handed_over', 'answered', 'taken_back', 'to_return', 'overdue', 'webhook_disabled')),
    CONSTRAINT ck_message_recipient CHECK (recipient IN ('applicant', 'approver', 'officer', 'receptionist', 'administrator')),
    CONSTRAINT ck_message_channel CHECK (channel IN ('email', 'zalo', 'sms', 'inbox')),
    CONSTRAINT ck_message_state CHECK (state IN ('waiting', 'in_flight', 'acknowledged', 'blocked', 'dead')),
    CONSTRAINT ck_message_address CHECK ((channel = 'inbox') = (address IS NULL)),
    CONSTRAINT uq_message_key UNIQUE (key),
    CONSTRAINT fk_message_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_message_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

CREATE INDEX ix_message_desk ON message (agency_id, recipient, id) WHERE channel = 'inbox' AND recipient <> 'applicant';
CREATE INDEX ix_message_dossier_id ON message (dossier_id, id);
CREATE INDEX ix_message_open ON message (channel, next_at) WHERE state IN ('waiting', 'in_flight');
CREATE INDEX ix_message_stuck ON message (id) WHERE state IN ('blocked', 'dead');
COMMENT ON TABLE message IS 'Notices to people: one per event and recipient, in the words in which it was told';
COMMENT ON COLUMN message.key IS 'What makes it the same notice';
COMMENT ON COLUMN message.seq IS 'Of the event that it tells of';
COMMENT ON COLUMN message.recipient IS 'The applicant, or a role of staff';
COMMENT ON COLUMN message.agency_id IS 'Whose it is';
COMMENT ON COLUMN message.short IS 'For telephones';
COMMENT ON COLUMN message.deadline_on IS 'Of the recipient: on that day nothing is put off';
COMMENT ON COLUMN message.tried IS 'Channels that refused it, with their answer';
COMMENT ON COLUMN message.lease IS 'Token of the claim that is under way';
COMMENT ON COLUMN message.answer IS 'As received, cut at 1,000 characters';

CREATE TABLE notice_preference (
    number TEXT NOT NULL,
    channel TEXT NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_notice_preference PRIMARY KEY (number),
    CONSTRAINT ck_notice_preference_channel CHECK (channel IN ('email', 'zalo', 'sms', 'inbox'))
);

COMMENT ON TABLE notice_preference IS 'Over which channel a person wants to be told';
COMMENT ON COLUMN notice_preference.number IS 'Personal number or tax code';

CREATE TABLE notice_address (
    agency_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    email TEXT,
    changed_at timestamptz NOT NULL,
    changed_by TEXT NOT NULL,
    CONSTRAINT pk_notice_address PRIMARY KEY (agency_id, role),
    CONSTRAINT ck_notice_address_role CHECK (role IN ('approver', 'officer', 'receptionist', 'administrator')),
    CONSTRAINT fk_notice_address_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE notice_address IS 'Office mailboxes: where a role of an agency gets its notices';
COMMENT ON COLUMN notice_address.email IS 'NULL: only in the application';

CREATE TABLE publication (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    dossier_id BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    agency_id BIGINT NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT pk_publication PRIMARY KEY (id),
    CONSTRAINT uq_publication_dossier_id_seq UNIQUE (dossier_id, seq),
    CONSTRAINT fk_publication_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id),
    CONSTRAINT fk_publication_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE publication IS 'Every event in the order in which it was published: the key is the cursor of replays';
COMMENT ON COLUMN publication.seq IS 'Of the event in its dossier';
COMMENT ON COLUMN publication.agency_id IS 'Resolves the dossier';

CREATE TABLE webhook (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    types TEXT[] NOT NULL,
    agency_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at timestamptz NOT NULL,
    created_by TEXT NOT NULL,
    replays INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    failing_since timestamptz,
    paused_until timestamptz NOT NULL,
    disabled_at timestamptz,
    disabled_reason TEXT,
    CONSTRAINT pk_webhook PRIMARY KEY (id),
    CONSTRAINT ck_webhook_state CHECK (state IN ('active', 'disabled', 'ended')),
    CONSTRAINT ck_webhook_disabled CHECK ((state = 'disabled') <= (disabled_at IS NOT NULL)),
    CONSTRAINT fk_webhook_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE webhook IS 'Other systems of the province that want to know';
COMMENT ON COLUMN webhook.types IS 'Empty: every type';
COMMENT ON COLUMN webhook.agency_id IS 'And those below it';
COMMENT ON COLUMN webhook.replays IS 'Asked for so far';
COMMENT ON COLUMN webhook.failures IS 'In a row, of the endpoint itself';
COMMENT ON COLUMN webhook.paused_until IS 'Breaker';

CREATE TABLE webhook_secret (
    webhook_id BIGINT NOT NULL,
    n SMALLINT NOT NULL,
    secret TEXT NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at timestamptz,
    CONSTRAINT pk_webhook_secret PRIMARY KEY (webhook_id, n),
    CONSTRAINT fk_webhook_secret_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id)
);

COMMENT ON TABLE webhook_secret IS 'Signing secrets: at most two are valid at once';
COMMENT ON COLUMN webhook_secret.secret IS 'Encrypted with a key from APP_LINK_SECRET';
COMMENT ON COLUMN webhook_secret.ends_at IS 'NULL: the newest';

CREATE TABLE webhook_delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    webhook_id BIGINT NOT NULL,
    publication_id BIGINT NOT NULL,
    replay INTEGER NOT NULL,
    dossier_id BIGINT NOT NULL,
    created_at timestamptz NOT NULL,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    next_at timestamptz NOT NULL,
    lease TEXT,
    leased_until timestamptz,
    acknowledged_at timestamptz,
    answer_code TEXT,
    answer TEXT,
    CONSTRAINT pk_webhook_delivery PRIMARY KEY (id),
    CONSTRAINT uq_webhook_delivery_webhook_id_publication_id_replay UNIQUE (webhook_id, publication_id, replay),
    CONSTRAINT ck_webhook_delivery_state CHECK (state IN ('waiting', 'in_flight', 'acknowledged', 'blocked', 'dead')),
    CONSTRAINT fk_webhook_delivery_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id),
    CONSTRAINT fk_webhook_delivery_publication_id FOREIGN KEY(publication_id) REFERENCES publication (id),
    CONSTRAINT fk_webhook_delivery_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

CREATE INDEX ix_webhook_delivery_log ON webhook_delivery (webhook_id, id);
CREATE INDEX ix_webhook_delivery_open ON webhook_delivery (webhook_id, next_at) WHERE state IN ('waiting', 'in_flight');
CREATE INDEX ix_webhook_delivery_unacknowledged ON webhook_delivery (dossier_id, webhook_id, id) WHERE state <> 'acknowledged';
COMMENT ON TABLE webhook_delivery IS 'Log of what each subscriber was sent, in order per dossier';
COMMENT ON COLUMN webhook_delivery.replay IS '0: the first telling';
COMMENT ON COLUMN webhook_delivery.attempts IS 'Answered, or under way';
COMMENT ON COLUMN webhook_delivery.lease IS 'Token of the claim that is under way';
COMMENT ON COLUMN webhook_delivery.answer IS 'As received, cut at 1,000 characters';

GRANT SELECT, INSERT, DELETE ON announcement TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON message, notice_preference, notice_address, webhook,
    webhook_secret, webhook_delivery TO motcua_app;
GRANT SELECT, INSERT ON publication TO motcua_app;

-- A notice to the applicant is seen by who sees the dossier; one to staff by that role of that
-- agency; both by its administrators, who mend what is stuck (the API shows them no text).

ALTER TABLE message ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen_by ON message TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR (recipient = 'applicant' AND EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id))
    OR (recipient = (SELECT acting_role()) AND agency_id = ANY ((SELECT acting_agencies())::bigint[]))
    OR ((SELECT acting_role()) = 'administrator'
        AND agency_id = ANY ((SELECT acting_agencies())::bigint[]))
);

ALTER TABLE notice_preference ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notice_preference TO motcua_app USING (
    (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) = 'applicant' AND number = (SELECT acting_number()))
);
