-- Everything that a restore must bring back besides rows: (kind, name, definition), one row per object.
-- Privileges are written out in full, so that "none said" and "the default said" are the same.
-- Names are quoted, so that no two objects have one. Members of extensions are left out: CREATE EXTENSION makes them again, and the extension itself is listed.
WITH member AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), space AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
     WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
), relation AS (
    SELECT c.*, s.nspname, quote_ident(s.nspname) || '.' || quote_ident(c.relname) AS full_name
      FROM pg_class AS c JOIN space AS s ON s.oid = c.relnamespace
     WHERE c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
), routine AS (
    SELECT p.*, s.nspname FROM pg_proc AS p JOIN space AS s ON s.oid = p.pronamespace
     WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
), own_type AS (
    SELECT t.*, quote_ident(s.nspname) || '.' || quote_ident(t.typname) AS full_name
      FROM pg_type AS t JOIN space AS s ON s.oid = t.typnamespace
     WHERE t.typtype IN ('e', 'd', 'r')
       AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
), other AS (
    SELECT 'pg_cast'::regclass AS class, oid FROM pg_cast
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
    UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
)
SELECT 'schema' AS kind, quote_ident(nspname) AS name,  -- else all names are of type "name", cut at 63 bytes
       concat_ws(' ', 'owner', nspowner::regrole,
           (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) AS x)
       ) AS definition
  FROM space
UNION ALL
SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                    WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'composite type' ELSE 'table' END,
       full_name,
       concat_ws(' ', relkind, relpersistence, 'owner', relowner::regrole,
           CASE WHEN relkind <> 'c' THEN
               (SELECT string_agg(x::text, ',' ORDER BY x::text)
                  FROM unnest(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) AS x)
           END,
           'row security', relrowsecurity, relforcerowsecurity, reloptions::text,
           pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid),
           (SELECT string_agg(inhparent::regclass::text, ',' ORDER BY inhseqno) FROM pg_inherits WHERE inhrelid = relation.oid),
           CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END,
           CASE WHEN NOT relispopulated THEN 'not populated' END,
           CASE WHEN relkind = 'S' THEN
               (SELECT concat_ws(' ', format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle)
                  FROM pg_sequence WHERE seqrelid = relation.oid)
           END,
           (SELECT concat_ws(' ', 'owned by', r2.oid::regclass, quote_ident(a.attname))
              FROM pg_depend AS d JOIN pg_class AS r2 ON r2.oid = d.refobjid
              JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE relation.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = relation.oid
               AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
       )
  FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
UNION ALL
SELECT 'column', r.full_name || '.' || quote_ident(a.attname),
       concat_ws(' ',
           row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum),
           format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attnotnull THEN 'not null' END,
           'default ' || pg_get_expr(d.adbin, d.adrelid),
           'identity ' || nullif(a.attidentity::text, ''), 'generated ' || nullif(a.attgenerated::text, ''),
           (SELECT 'collate ' || co.collname FROM pg_collation AS co WHERE co.oid = a.attcollation),
           (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(a.attacl) AS x),
           CASE WHEN r.relkind IN ('r', 'p', 'm') THEN
               concat_ws(' ', 'storage ' || a.attstorage::text,
                         'compression ' || nullif(to_jsonb(a) ->> 'attcompression', ''),  -- from PostgreSQL 14 on
                         'statistics ' || nullif(a.attstattarget, -1), a.attoptions::text)
           END
       )
  FROM relation AS r
  JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON d.adrelid = r.oid AND d.adnum = a.attnum
 WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT 'index', quote_ident(r.nspname) || '.' || quote_ident(ic.relname),
       concat_ws(' ', pg_get_indexdef(i.indexrelid), CASE WHEN i.indisclustered THEN 'clustered' END,
                 CASE WHEN i.indisreplident THEN 'replica identity' END)
  FROM relation AS r JOIN pg_index AS i ON i.indrelid = r.oid JOIN pg_class AS ic ON ic.oid = i.indexrelid
 WHERE (i.indisvalid OR r.relkind = 'p') AND i.indisready  -- pg_dump leaves out what an interrupted build left behind
UNION ALL
SELECT 'constraint', coalesce(r.full_name, t.full_name) || '.' || quote_ident(c.conname),
       concat_ws(' ', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not validated' END)
  FROM pg_constraint AS c
  LEFT JOIN relation AS r ON r.oid = c.conrelid
  LEFT JOIN own_type AS t ON t.oid = c.contypid
 WHERE coalesce(r.oid, t.oid) IS NOT NULL
UNION ALL
SELECT CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       quote_ident(nspname) || '.' || quote_ident(proname) || '(' || pg_get_function_identity_arguments(oid) || ')',
       concat_ws(' ',
           CASE WHEN prokind <> 'a' THEN pg_get_functiondef(oid)
                ELSE (SELECT concat_ws(' ', aggtransfn, aggfinalfn, aggcombinefn, aggtranstype::regtype, agginitval)
                        FROM pg_aggregate WHERE aggfnoid = routine.oid) END,
           'owner', proowner::regrole,
           (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(coalesce(proacl, acldefault('f', proowner))) AS x)
       )
  FROM routine
UNION ALL
SELECT 'trigger', r.full_name || '.' || quote_ident(t.tgname), concat_ws(' ', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled)
  FROM relation AS r JOIN pg_trigger AS t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'rule', r.full_name || '.' || quote_ident(w.rulename), concat_ws(' ', pg_get_ruledef(w.oid), 'enabled', w.ev_enabled)
  FROM relation AS r JOIN pg_rewrite AS w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', r.full_name || '.' || quote_ident(p.polname),
       concat_ws(' ', p.polcmd, p.polpermissive, 'to',
           (SELECT string_agg(CASE x WHEN 0 THEN 'public' ELSE x::regrole::text END, ',' ORDER BY x::regrole::text)
              FROM unnest(p.polroles) AS x),
           'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid))
  FROM relation AS r JOIN pg_policy AS p ON p.polrelid = r.oid
UNION ALL
SELECT 'type', full_name,
       concat_ws(' ', typtype, 'owner', typowner::regrole,
           (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = own_type.oid),
           CASE WHEN typtype = 'd' THEN format_type(typbasetype, typtypmod) END,
           CASE WHEN typnotnull THEN 'not null' END, 'default ' || typdefault,
           (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = own_type.oid),
           (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(coalesce(typacl, acldefault('T', typowner))) AS x)
       )
  FROM own_type
UNION ALL
SELECT 'extension', e.extname, concat_ws(' ', 'version', e.extversion, 'in', n.nspname)
  FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
UNION ALL
SELECT 'event trigger', evtname, concat_ws(' ', evtevent, evtfoid::regproc, evtenabled, evttags::text)
  FROM pg_event_trigger AS e
 WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid)
UNION ALL
SELECT 'statistics', quote_ident(s.nspname) || '.' || quote_ident(x.stxname), pg_get_statisticsobjdef(x.oid)
  FROM pg_statistic_ext AS x JOIN space AS s ON s.oid = x.stxnamespace
UNION ALL
SELECT 'default privilege',
       concat_ws(' ', a.defaclrole::regrole, n.nspname, a.defaclobjtype),
       (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(a.defaclacl) AS x)
  FROM pg_default_acl AS a LEFT JOIN pg_namespace AS n ON n.oid = a.defaclnamespace
UNION ALL
SELECT 'publication', quote_ident(p.pubname),
       concat_ws(' ', 'owner', p.pubowner::regrole, to_jsonb(p) - 'oid' - 'pubowner',
           (SELECT string_agg(to_jsonb(t)::text, ',' ORDER BY t.schemaname, t.tablename)
              FROM pg_publication_tables AS t WHERE t.pubname = p.pubname AND NOT p.puballtables))
  FROM pg_publication AS p
UNION ALL
-- Subscriptions are not restored by a drill, which must not connect to other servers.
SELECT 'comment', i.type || ' ' || i.identity, d.description
  FROM pg_description AS d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
 WHERE d.objoid >= 16384
   AND d.classoid <> 'pg_subscription'::regclass
   AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = d.classoid AND m.objid = d.objoid)
   AND NOT (d.classoid = 'pg_class'::regclass
            AND EXISTS (SELECT FROM pg_index AS x WHERE x.indexrelid = d.objoid AND NOT x.indisvalid))
UNION ALL
SELECT i.type, i.identity, ''
  FROM other AS o CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) AS i
 WHERE o.oid >= 16384  -- FirstNormalObjectId: what initdb made is below
   AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = o.class AND m.objid = o.oid)
 ORDER BY 1, 2
