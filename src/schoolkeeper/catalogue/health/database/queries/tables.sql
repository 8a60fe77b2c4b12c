-- Tables with many dead rows, which wait for VACUUM.
SELECT schemaname || '.' || relname AS name,
       n_live_tup AS live_rows,
       n_dead_tup AS dead_rows,
       last_autovacuum
  FROM pg_stat_user_tables
 WHERE n_dead_tup >= 1000
 ORDER BY n_dead_tup DESC, name
 LIMIT 50
