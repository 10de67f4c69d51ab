-- A points ledger on PostgreSQL 15, the comparison of the benchmark: one row a member, one immutable
-- row a transaction whose id makes repeats harmless, no negative balance. Where a choice costs
-- something it is made in PostgreSQL's favour: no foreign key, room in pages for in-place updates,
-- one set-based statement a table for a batch.
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    balance bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 50);

CREATE TABLE transfers (
    id uuid PRIMARY KEY,
    account bigint NOT NULL,
    points bigint NOT NULL CHECK (points <> 0),
    created timestamptz NOT NULL DEFAULT now()
);

-- 1 applied; 0 the id was applied before; -1 no such account; -2 the balance is too small.
CREATE FUNCTION post(in_id uuid, in_account bigint, in_points bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO transfers (id, account, points) VALUES (in_id, in_account, in_points)
        ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    UPDATE accounts SET balance = balance + in_points
        WHERE id = in_account AND balance + in_points >= 0;
    IF FOUND THEN
        RETURN 1;
    END IF;
    DELETE FROM transfers WHERE id = in_id;
    PERFORM 1 FROM accounts WHERE id = in_account;
    IF FOUND THEN
        RETURN -2;
    END IF;
    RETURN -1;
END
$$;

-- How many of them were applied. The batch's sum of an account must not make its balance negative,
-- or the whole batch fails: cheaper than judging row by row. Rows are locked in order of their id,
-- so that batches side by side do not deadlock.
CREATE FUNCTION post_batch(in_ids uuid[], in_accounts bigint[], in_points bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    applied bigint;
BEGIN
    PERFORM 1 FROM accounts WHERE id = ANY (in_accounts) ORDER BY id FOR UPDATE;
    WITH added AS (
        INSERT INTO transfers (id, account, points)
            SELECT * FROM unnest(in_ids, in_accounts, in_points)
            ON CONFLICT (id) DO NOTHING
            RETURNING account, points
    ), sums AS (
        SELECT account, sum(points)::bigint AS points, count(*) AS many FROM added GROUP BY account
    ), updated AS (
        UPDATE accounts a SET balance = a.balance + sums.points FROM sums
            WHERE a.id = sums.account
            RETURNING sums.many
    )
    SELECT coalesce(sum(many), 0) INTO applied FROM updated;
    RETURN applied;
END
$$;
