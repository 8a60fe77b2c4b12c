-- How much of its range each sequence has used. The range ends at the sequence's own limit or at that of a column
-- which takes its numbers, whichever comes first: an integer column can be fed by a bigint sequence.
-- Columns are those that own the sequence (serial, identity) and those whose default calls it.
WITH fed AS (
    SELECT refobjid AS table_oid, refobjsubid AS column_number, objid AS sequence_oid
      FROM pg_depend
     WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
       AND deptype IN ('a', 'i') AND refobjsubid > 0
     UNION
    SELECT ad.adrelid, ad.adnum, d.refobjid
      FROM pg_depend AS d
      JOIN pg_attrdef AS ad ON ad.oid = d.objid
     WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
), columns AS (
    SELECT fed.sequence_oid,
           min(fed.table_oid::regclass::text || '.' || a.attname) AS name,
           min(CASE a.atttypid
                   WHEN 'smallint'::regtype THEN 32767
                   WHEN 'integer'::regtype THEN 2147483647
               END) AS maximum
      FROM fed
      JOIN pg_attribute AS a ON a.attrelid = fed.table_oid AND a.attnum = fed.column_number
     GROUP BY fed.sequence_oid
), ranges AS (
    SELECT c.oid,
           n.nspname || '.' || c.relname AS name,
           coalesce(columns.name, '') AS feeds,
           s.seqincrement > 0 AS ascends,
           s.seqmin AS minimum,
           least(s.seqmax, columns.maximum) AS maximum,
           has_sequence_privilege(c.oid, 'SELECT, USAGE')
               AND (c.relpersistence = 'p' OR NOT pg_is_in_recovery()) AS is_readable
      FROM pg_sequence AS s
      JOIN pg_class AS c ON c.oid = s.seqrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
      LEFT JOIN columns ON columns.sequence_oid = c.oid
     WHERE NOT s.seqcycle AND c.relpersistence <> 't'
), used AS (
    SELECT ranges.*,
           CASE WHEN is_readable THEN pg_sequence_last_value(oid) END AS last_value
      FROM ranges
)
SELECT name,
       feeds,
       is_readable,
       (CASE WHEN ascends THEN maximum - last_value ELSE last_value - minimum END)::float8 AS numbers_left,
       coalesce(
           100 * (CASE WHEN ascends THEN last_value::numeric - minimum ELSE maximum - last_value::numeric END)
               / nullif(maximum::numeric - minimum, 0),
           0
       )::float8 AS used_percent
  FROM used
 ORDER BY name
