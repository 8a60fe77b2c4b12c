-- One database, from outside.
SELECT d.oid::bigint AS oid,
       r.rolname::text AS owner,
       d.datallowconn AS allows_connections,
       d.datistemplate AS is_template,
       d.datconnlimit = -2 AS is_invalid,
       pg_has_role(d.datdba, 'USAGE') AS owns,
       (SELECT count(*) FROM pg_subscription AS s WHERE s.subdbid = d.oid) AS subscriptions,
       (SELECT count(*) FROM pg_prepared_xacts AS p WHERE p.database = d.datname) AS prepared_transactions
  FROM pg_database AS d
  JOIN pg_roles AS r ON r.oid = d.datdba
 WHERE d.datname = %(database)s
