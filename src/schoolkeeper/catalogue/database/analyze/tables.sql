-- Tables with the number of row changes since their statistics were taken.
-- `has_statistics` looks at pg_class because the counters in pg_stat_user_tables are lost in a crash or restore.
SELECT quote_ident(s.schemaname) || '.' || quote_ident(s.relname) AS name,
       s.schemaname AS in_schema,
       s.relname AS relation,
       s.n_mod_since_analyze AS changed_rows,
       s.n_live_tup AS rows_estimate,
       c.reltuples >= 0 AS has_statistics
  FROM pg_stat_user_tables AS s
  JOIN pg_class AS c ON c.oid = s.relid
 WHERE c.relkind IN ('r', 'p')
   AND pg_catalog.pg_get_userbyid(c.relowner) IN (SELECT rolname FROM pg_roles WHERE pg_has_role(oid, 'USAGE'))
 ORDER BY name
