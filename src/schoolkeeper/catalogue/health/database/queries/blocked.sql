-- Who waits for a lock in this database, and for whom. pg_locks shows everybody's locks to everybody.
-- A blocker with pid 0 is a prepared transaction, which has no session. One row per waiting and blocking pair.
SELECT waiting.pid AS waiting_pid,
       coalesce(waiter.usename, '') AS waiting_role,
       coalesce(waiter.application_name, '') AS waiting_application,
       coalesce(extract(epoch FROM clock_timestamp() - waiting.waitstart), 0)::float8 AS waiting_seconds,
       waiter.query_start AS waiting_statement_started_at,
       coalesce(waiter.query, '') AS waiting_statement,
       waiting.mode AS lock_mode,
       coalesce(waiting.relation::regclass::text, waiting.locktype) AS lock_target,
       blocking.pid AS blocking_pid,
       coalesce(blocker.usename, '') AS blocking_role,
       coalesce(blocker.application_name, '') AS blocking_application,
       coalesce(blocker.state, '') AS blocking_state,
       coalesce(extract(epoch FROM clock_timestamp() - blocker.xact_start), 0)::float8 AS blocking_transaction_seconds,
       blocker.query_start AS blocking_statement_started_at,
       coalesce(blocker.query, '') AS blocking_statement
  FROM pg_locks AS waiting
  JOIN pg_stat_activity AS waiter ON waiter.pid = waiting.pid AND waiter.datname = current_database()
 CROSS JOIN LATERAL (SELECT DISTINCT unnest(pg_blocking_pids(waiting.pid)) AS pid) AS blocking
  LEFT JOIN pg_stat_activity AS blocker ON blocker.pid = blocking.pid
 WHERE NOT waiting.granted
 ORDER BY waiting_seconds DESC, waiting_pid, blocking_pid
 LIMIT 200
