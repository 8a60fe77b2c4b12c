-- ALTER DATABASE … SET (role is '') and ALTER ROLE … IN DATABASE … SET, which pg_dump writes only with --create.
SELECT coalesce(r.rolname, '')::text AS role,
       split_part(line, '=', 1) AS name,
       substr(line, strpos(line, '=') + 1) AS value
  FROM pg_db_role_setting AS s
  LEFT JOIN pg_roles AS r ON r.oid = s.setrole
 CROSS JOIN LATERAL unnest(s.setconfig) AS line
 WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND (s.setrole = 0 OR r.oid IS NOT NULL)
 ORDER BY 1, 2
