-- One table as it is defined; no row when there is none of that name.
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name,
       n.nspname AS in_schema,
       c.relname AS relation,
       c.relkind::text AS kind,
       c.relispartition AS is_part,
       (SELECT coalesce(json_agg(json_build_object(
                   'name', a.attname,
                   'type', format_type(a.atttypid, a.atttypmod),
                   'generated', a.attgenerated <> '',
                   'required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
               ) ORDER BY a.attnum), '[]')
          FROM pg_attribute AS a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT coalesce(json_agg(json_build_object(
                   'name', x.relname,
                   'is_key', i.indisprimary OR NOT EXISTS (
                       SELECT FROM pg_attribute AS a
                        WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey) AND NOT a.attnotnull),
                   'columns', (SELECT json_agg(a.attname ORDER BY k.place)
                                 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
                                 JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
                                WHERE k.place <= i.indnkeyatts)
               ) ORDER BY i.indisprimary DESC, x.relname), '[]')
          FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
         WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
           AND i.indpred IS NULL AND i.indexprs IS NULL) AS unique_indexes,
       ARRAY(SELECT t.tgname::text FROM pg_trigger AS t
              WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
              ORDER BY 1) AS triggers,
       ARRAY(SELECT r.rulename::text FROM pg_rewrite AS r
              WHERE r.ev_class = c.oid AND r.ev_type <> '1' AND r.ev_enabled IN ('O', 'A')
              ORDER BY 1) AS rules,
       ARRAY(SELECT p.name FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p(name)
              WHERE NOT has_table_privilege(c.oid, p.name)) AS rights_missing
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE c.oid = to_regclass(%(table)s)
