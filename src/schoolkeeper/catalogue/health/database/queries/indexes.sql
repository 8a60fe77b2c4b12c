-- Indexes that PostgreSQL does not use because building them failed; those under construction are left out.
SELECT n.nspname || '.' || c.relname AS name,
       i.indrelid::regclass::text AS table_name,
       i.indisunique AS is_unique,
       pg_relation_size(c.oid) AS size_bytes
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE NOT (i.indisvalid AND i.indisready)
   AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.index_relid = c.oid)
 ORDER BY name
