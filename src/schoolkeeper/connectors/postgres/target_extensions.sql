-- The extensions of a set that this server has, and which of them only a superuser may install.
SELECT e.name::text AS name, bool_and(v.superuser AND NOT v.trusted) AS needs_superuser
  FROM pg_available_extensions AS e
  JOIN pg_available_extension_versions AS v ON v.name = e.name AND v.version = e.default_version
 WHERE e.name::text = ANY (%(names)s::text[]) AND e.name <> 'plpgsql'
 GROUP BY 1
UNION ALL
SELECT e.name::text, false FROM pg_available_extensions AS e WHERE e.name = 'plpgsql'
 ORDER BY 1
