-- Other sessions of this database that have a transaction open or that this role may not see into (state is NULL).
-- clock_timestamp(), because now() stands still inside our own transaction.
SELECT pid,
       coalesce(usename, '') AS role,
       coalesce(application_name, '') AS application,
       state,
       coalesce(extract(epoch FROM clock_timestamp() - xact_start), 0)::float8 AS transaction_seconds,
       coalesce(extract(epoch FROM clock_timestamp() - query_start), 0)::float8 AS statement_seconds,
       coalesce(extract(epoch FROM clock_timestamp() - state_change), 0)::float8 AS state_seconds,
       query_start AS statement_started_at,
       query AS statement
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND pid <> pg_backend_pid()
   AND usesysid IS NOT NULL
   AND (backend_type IS NULL OR backend_type = 'client backend')
   AND (state IS NULL OR xact_start IS NOT NULL)
 ORDER BY xact_start NULLS LAST, pid
 LIMIT 200
