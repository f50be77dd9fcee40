SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '30s';

-- Looks a request's answer up after its lock was taken or refused. A query of its own inside a
-- volatile function sees what was committed by then; in the statement that takes the lock it would
-- see what was committed when that began, and take a repeated request for a new one.

CREATE FUNCTION request_begun(lock_number bigint, by_caller text, by_key text, by_route text)
    RETURNS TABLE (is_first boolean, seen jsonb) LANGUAGE plpgsql VOLATILE ROWS 1 AS $$
BEGIN
    is_first := pg_try_advisory_xact_lock(lock_number);
    seen := (
        SELECT jsonb_build_object('fingerprint', fingerprint, 'outcome', outcome)
        FROM idempotency WHERE caller = by_caller AND key = by_key AND route = by_route);
    RETURN NEXT;
END
$$;
