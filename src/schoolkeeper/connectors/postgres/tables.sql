-- The tables whose rows pg_dump writes, the largest first, with their columns in order.
-- Members of extensions are left out: CREATE EXTENSION makes them again.
SELECT n.nspname AS schema,
       c.relname AS table,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS full_name,
       coalesce(
           json_agg(
               json_build_array(a.attname, format_type(a.atttypid, NULL), a.atttypmod <> -1)
               ORDER BY a.attnum
           ) FILTER (WHERE a.attname IS NOT NULL),
           '[]'
       ) AS columns
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind = 'r'
   AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema'
   AND n.nspname !~ '^pg_'
   AND NOT EXISTS (
           SELECT FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
       )
 GROUP BY c.oid, n.nspname, c.relname
 ORDER BY pg_table_size(c.oid) DESC, 1, 2
