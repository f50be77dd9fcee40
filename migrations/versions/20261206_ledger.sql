SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE delivery ADD COLUMN retried_after SMALLINT DEFAULT 0 NOT NULL;
ALTER TABLE delivery ADD COLUMN parked_at timestamptz;
COMMENT ON COLUMN delivery.retried_after IS 'Attempts made when a person last let it go on: the back-off counts from there';
COMMENT ON COLUMN delivery.parked_at IS 'Set aside by a person since then; blocked until taken back';

CREATE TABLE delivery_attempt (
    delivery_id BIGINT NOT NULL,
    n SMALLINT NOT NULL,
    ended_at timestamptz NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    answer TEXT,
    body_sha256 TEXT,
    payload_version SMALLINT NOT NULL,
    CONSTRAINT pk_delivery_attempt PRIMARY KEY (delivery_id, n),
    CONSTRAINT fk_delivery_attempt_delivery_id FOREIGN KEY(delivery_id) REFERENCES delivery (id)
);

COMMENT ON TABLE delivery_attempt IS 'Attempts that did not end in an acknowledgement; that one is in the delivery itself';
COMMENT ON COLUMN delivery_attempt.outcome IS 'State of the delivery after it, or unknown: its worker never came back';
COMMENT ON COLUMN delivery_attempt.answer IS 'As received, cut at 4,000 characters';

CREATE TABLE delivery_act (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    delivery_id BIGINT NOT NULL,
    act TEXT NOT NULL,
    reason TEXT,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    acted_at timestamptz NOT NULL,
    CONSTRAINT pk_delivery_act PRIMARY KEY (id),
    CONSTRAINT ck_delivery_act_act CHECK (act IN ('retry', 'park', 'unpark')),
    CONSTRAINT ck_delivery_act_reason CHECK (act = 'retry' OR reason IS NOT NULL),
    CONSTRAINT fk_delivery_act_delivery_id FOREIGN KEY(delivery_id) REFERENCES delivery (id)
);

CREATE INDEX ix_delivery_act_delivery_id ON delivery_act (delivery_id);
COMMENT ON TABLE delivery_act IS 'What persons did to deliveries: rows are added, never changed';

ALTER TABLE partner_breaker ADD COLUMN opened_at timestamptz, ADD COLUMN reason TEXT;
COMMENT ON TABLE partner_breaker IS 'Whether a partner is called at present; shared by all workers';
COMMENT ON COLUMN partner_breaker.failures IS 'Calls without an answer, one after the other';
COMMENT ON COLUMN partner_breaker.open_until IS 'Then one worker tries a single call (half-open)';

CREATE TABLE portal_route (
    agency TEXT NOT NULL,
    valid_from DATE NOT NULL,
    generation TEXT NOT NULL,
    unit TEXT,
    CONSTRAINT pk_portal_route PRIMARY KEY (agency, valid_from),
    CONSTRAINT ck_portal_route_generation CHECK (generation IN ('mapi', 'central'))
);

COMMENT ON TABLE portal_route IS 'Which generation of the national portal is told of an agency''s dossiers, by day of receipt';
COMMENT ON COLUMN portal_route.agency IS 'Identifier code, with those below it; * for every agency';
COMMENT ON COLUMN portal_route.unit IS 'Code under which the central portal numbers dossiers';

CREATE TABLE portal_dossier (
    dossier_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    portal_id TEXT,
    numbered_at timestamptz NOT NULL,
    CONSTRAINT pk_portal_dossier PRIMARY KEY (dossier_id),
    CONSTRAINT uq_portal_dossier_number UNIQUE (number),
    CONSTRAINT fk_portal_dossier_dossier_id FOREIGN KEY(dossier_id) REFERENCES dossier (id)
);

COMMENT ON TABLE portal_dossier IS 'A dossier at the central portal (generation B), which gives it a number and an id of its own';
COMMENT ON COLUMN portal_dossier.number IS 'MaHoSo there, kept before it is used: a retry takes no second one';
COMMENT ON COLUMN portal_dossier.portal_id IS 'IdHoSo, once it was created there';

CREATE TABLE portal_file (
    document_id UUID NOT NULL,
    file_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CONSTRAINT pk_portal_file PRIMARY KEY (document_id),
    CONSTRAINT fk_portal_file_document_id FOREIGN KEY(document_id) REFERENCES document (id)
);

COMMENT ON TABLE portal_file IS 'A document that was uploaded to the central portal';
COMMENT ON COLUMN portal_file.file_id IS 'IdTepTin';
COMMENT ON COLUMN portal_file.sha256 IS 'HashTepTin, the same as ours';

ALTER TABLE procedure_draft ADD COLUMN source_sha256 TEXT;
COMMENT ON COLUMN procedure_draft.source_sha256 IS 'Of what the national portal said: the same is not drafted twice';

GRANT SELECT, INSERT ON delivery_attempt, delivery_act, portal_file TO motcua_app;
GRANT SELECT, INSERT, UPDATE ON portal_dossier TO motcua_app;
GRANT SELECT ON portal_route TO motcua_app;

-- What a person may see of the ledger: the agency's own, without anything of the applicant. The
-- view belongs to the owner of the tables, so that administrators, who see no dossier, see this.

CREATE VIEW delivery_seen AS
SELECT delivery.id, delivery.partner, delivery.dossier_id, delivery.seq, delivery.kind,
    delivery.payload_version, delivery.state, delivery.attempts, delivery.retried_after,
    delivery.next_at, delivery.leased_until, delivery.acknowledged_at, delivery.answer_code,
    delivery.answer, delivery.body_sha256, delivery.parked_at,
    dossier.code AS dossier_code, dossier.agency_id,
    coalesce(event.occurred_at, payment.opened_at) AS arose_at
FROM delivery JOIN dossier ON dossier.id = delivery.dossier_id
LEFT JOIN dossier_event AS event ON delivery.kind = 'dossier_event'
    AND event.dossier_id = delivery.dossier_id AND event.seq = delivery.seq
LEFT JOIN payment ON payment.reference = delivery.subject
WHERE (SELECT acting_role()) = 'system'
    OR ((SELECT acting_role()) IN ('administrator', 'receptionist', 'officer', 'approver')
        AND dossier.agency_ids && (SELECT acting_agencies()));
GRANT SELECT ON delivery_seen TO motcua_app;
