-- Transactions that were prepared for a two-phase commit and neither committed nor rolled back since.
SELECT gid AS name,
       owner::text AS role,
       extract(epoch FROM clock_timestamp() - prepared)::float8 AS age_seconds
  FROM pg_prepared_xacts
 WHERE database = current_database()
 ORDER BY prepared, gid
