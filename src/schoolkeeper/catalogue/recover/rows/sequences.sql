-- The sequences that give the columns of a table their values.
SELECT a.attname AS "column",
       quote_ident(n.nspname) || '.' || quote_ident(s.relname) AS sequence,
       q.seqincrement > 0 AS ascends
  FROM (SELECT d.refobjsubid AS attnum, d.objid AS sequence
          FROM pg_depend AS d
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
           AND d.refobjid = %(table)s::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
         UNION
        SELECT v.adnum, d.refobjid
          FROM pg_attrdef AS v
          JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = v.oid
           AND d.refclassid = 'pg_class'::regclass
         WHERE v.adrelid = %(table)s::regclass) AS used
  JOIN pg_class AS s ON s.oid = used.sequence AND s.relkind = 'S'
  JOIN pg_namespace AS n ON n.oid = s.relnamespace
  JOIN pg_sequence AS q ON q.seqrelid = s.oid
  JOIN pg_attribute AS a ON a.attrelid = %(table)s::regclass AND a.attnum = used.attnum
 ORDER BY 1, 2
