-- Who is in a database, and whether we may send them away: a superuser's session only a superuser may end.
SELECT coalesce(a.usename, '')::text AS login,
       count(*) AS sessions,
       NOT coalesce(bool_or(r.rolsuper), false)
           AND (pg_has_role('pg_signal_backend', 'USAGE') OR bool_and(pg_has_role(a.usesysid, 'USAGE'))) AS may_be_ended
  FROM pg_stat_activity AS a
  LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
 WHERE a.datname = %(database)s
   AND a.pid <> pg_backend_pid()
   AND coalesce(a.backend_type, 'client backend') = 'client backend'  -- NULL where we may see little
 GROUP BY 1
 ORDER BY 1
