SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

-- The system sees everything: asked once per statement, before a row is looked at. Without that a
-- statement over many dossiers first reads all dossiers there are, to look up each one's children.

ALTER POLICY seen_with_dossier ON dossier_component USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON dossier_event USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON payment USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON lookup USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON rating USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON due_move USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON warning USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON apology USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON import_row USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON post_order USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_dossier ON portal_origin USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM dossier WHERE dossier.id = dossier_id)
);
ALTER POLICY seen_with_petition ON petition_event USING (
    (SELECT acting_role()) = 'system'
    OR EXISTS (SELECT FROM petition WHERE petition.id = petition_id)
);

-- Facts are written by a statement that reads the dossier itself, dossiers are never deleted, and
-- the nightly recount names a fact without one: the key said it a fourth time, for more than a
-- third of what writing the facts costs.
-- squawk-ignore ban-drop-constraint
ALTER TABLE figure_fact DROP CONSTRAINT fk_figure_fact_dossier_id;

-- What the key did besides: whoever empties the dossiers empties the books.

CREATE FUNCTION facts_forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    TRUNCATE figure_fact;
    RETURN NULL;
END $$;

CREATE TRIGGER facts_forget AFTER TRUNCATE ON dossier FOR EACH STATEMENT
    EXECUTE FUNCTION facts_forget();
