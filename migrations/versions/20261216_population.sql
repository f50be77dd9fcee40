SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

ALTER TABLE figure_fact ADD COLUMN is_population_asked BOOLEAN NOT NULL DEFAULT false;

CREATE FUNCTION figures_mark_lookup() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO figure_mark (dossier_id, recorded_at) VALUES (NEW.dossier_id, NEW.answered_at);
    RETURN NULL;
END $$;

CREATE TRIGGER figures_mark AFTER UPDATE ON lookup FOR EACH ROW
    WHEN (NEW.source = 'population' AND OLD.answered_at IS NULL AND NEW.answered_at IS NOT NULL)
    EXECUTE FUNCTION figures_mark_lookup();

-- What was asked before this release is read by the worker.
INSERT INTO figure_mark (dossier_id, recorded_at)
SELECT DISTINCT dossier_id, '-infinity'::timestamptz FROM lookup
WHERE source = 'population' AND answered_at IS NOT NULL;
