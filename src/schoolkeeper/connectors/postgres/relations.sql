-- Which file is which relation's now: tables, materialized views, indexes, and the parts that hold their long values.
SELECT c.oid::bigint AS oid,
       pg_relation_filenode(c.oid)::bigint AS file,
       c.relkind::text AS kind,
       n.nspname ~ '^pg_' OR n.nspname = 'information_schema' AS is_catalogue,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE pg_relation_filenode(c.oid) IS NOT NULL
