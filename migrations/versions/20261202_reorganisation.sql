SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

CREATE TABLE agency_change (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    takes_on DATE NOT NULL,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    document JSONB NOT NULL,
    entered_at timestamptz NOT NULL,
    entered_by TEXT NOT NULL,
    entered_name TEXT NOT NULL,
    begun_at timestamptz,
    finished_at timestamptz,
    withdrawn_at timestamptz,
    withdrawn_name TEXT,
    total INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    through BIGINT NOT NULL,
    shown BIGINT NOT NULL,
    CONSTRAINT pk_agency_change PRIMARY KEY (id),
    CONSTRAINT ck_agency_change_state CHECK (state IN ('scheduled', 'moving', 'done', 'withdrawn')),
    CONSTRAINT ck_agency_change_begun CHECK ((state IN ('moving', 'done')) = (begun_at IS NOT NULL)),
    CONSTRAINT ck_agency_change_finished CHECK ((state = 'done') = (finished_at IS NOT NULL)),
    CONSTRAINT ck_agency_change_withdrawn CHECK ((state = 'withdrawn') = (withdrawn_at IS NOT NULL)),
    CONSTRAINT ck_agency_change_counters CHECK (total >= 0 AND moved >= 0 AND through >= 0 AND shown >= 0)
);

CREATE INDEX ix_agency_change_unfinished ON agency_change (takes_on, id) WHERE state IN ('scheduled', 'moving');
COMMENT ON TABLE agency_change IS 'Sắp xếp cơ quan: entered, carried out on its day, never removed';
COMMENT ON COLUMN agency_change.takes_on IS 'First day on which it holds';
COMMENT ON COLUMN agency_change.source IS 'The document that says so';
COMMENT ON COLUMN agency_change.document IS 'The change as entered';
COMMENT ON COLUMN agency_change.entered_by IS 'Account';
COMMENT ON COLUMN agency_change.total IS 'Open dossiers to move when it began';
COMMENT ON COLUMN agency_change.moved IS 'Moves of dossiers done so far';
COMMENT ON COLUMN agency_change.through IS 'Open dossiers are looked for after this key, at the end from anew';
COMMENT ON COLUMN agency_change.shown IS 'Ended dossiers of a split are shown to their successor up to this key';

CREATE TABLE agency_succession (
    agency_id BIGINT NOT NULL,
    procedure_code TEXT NOT NULL,
    successor_id BIGINT NOT NULL,
    from_on DATE NOT NULL,
    change_id BIGINT NOT NULL,
    CONSTRAINT pk_agency_succession PRIMARY KEY (agency_id, procedure_code),
    CONSTRAINT ck_agency_succession_other CHECK (agency_id <> successor_id),
    CONSTRAINT fk_agency_succession_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_agency_succession_successor_id FOREIGN KEY(successor_id) REFERENCES agency (id),
    CONSTRAINT fk_agency_succession_change_id FOREIGN KEY(change_id) REFERENCES agency_change (id)
);

CREATE INDEX ix_agency_succession_successor_id ON agency_succession (successor_id);
CREATE INDEX ix_agency_succession_change_id ON agency_succession (change_id);
COMMENT ON TABLE agency_succession IS 'Who goes on with an agency''s work, from when';
COMMENT ON COLUMN agency_succession.procedure_code IS '* for everything that no other row names';

CREATE TABLE agency_heir (
    agency_id BIGINT NOT NULL,
    heir_id BIGINT NOT NULL,
    CONSTRAINT pk_agency_heir PRIMARY KEY (agency_id, heir_id),
    CONSTRAINT fk_agency_heir_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id),
    CONSTRAINT fk_agency_heir_heir_id FOREIGN KEY(heir_id) REFERENCES agency (id)
);

CREATE INDEX ix_agency_heir_heir_id ON agency_heir (heir_id);
COMMENT ON TABLE agency_heir IS 'Ended agencies with all that inherited their files, directly or not';

CREATE TABLE agency_former_name (
    agency_id BIGINT NOT NULL,
    last_on DATE NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_agency_former_name PRIMARY KEY (agency_id, last_on),
    CONSTRAINT fk_agency_former_name_agency_id FOREIGN KEY(agency_id) REFERENCES agency (id)
);

COMMENT ON TABLE agency_former_name IS 'Names that agencies had until a day';
COMMENT ON COLUMN agency_former_name.last_on IS 'Last day of the name';

-- Both are NULL for a dossier that was never moved, and for whatever the release before writes.

ALTER TABLE dossier ADD COLUMN received_agency_id BIGINT, ADD COLUMN clock_agency_id BIGINT;
COMMENT ON COLUMN dossier.received_agency_id IS 'Received it, if a reorganisation has moved it since';
COMMENT ON COLUMN dossier.clock_agency_id IS 'Whose calendar its clock goes by, if it began before a move';

-- Open dossiers only: built in one scan of the table, inside the time that a migration may take.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_dossier_open_agency_id ON dossier (agency_id, id) WHERE queue_class IS NOT NULL;

-- The acts are those that are known by now, whichever releases named them, and one more.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE dossier_event DROP CONSTRAINT ck_dossier_event_act, '
        'ADD CONSTRAINT ck_dossier_event_act ' || (
            SELECT replace(pg_get_constraintdef(oid), '])', ', ''move''::text])')
            FROM pg_constraint WHERE conname = 'ck_dossier_event_act');
END
$$;

-- Whose work an ended agency's is now follows from these; they hold no personal data.

GRANT SELECT, INSERT, UPDATE ON agency_change TO motcua_app;
GRANT SELECT, INSERT, DELETE ON agency_succession TO motcua_app;
GRANT SELECT, INSERT ON agency_heir TO motcua_app;
GRANT SELECT ON agency_former_name TO motcua_app;
GRANT INSERT, DELETE, UPDATE (valid_to, successor_id) ON agency TO motcua_app;
GRANT INSERT, DELETE ON report_group TO motcua_app;

-- No name is changed without the former one being kept: the application can do it only so.

CREATE FUNCTION rename_agency(code_of text, new_name text, former_until date) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO public.agency_former_name (agency_id, last_on, name)
        SELECT id, former_until, name FROM public.agency WHERE code = code_of;
    UPDATE public.agency SET name = new_name WHERE code = code_of;
$$;
REVOKE ALL ON FUNCTION rename_agency FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rename_agency TO motcua_app;
