-- The server, and who we are on it. The system identifier is the same in all copies that replication made.
SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier::text FROM pg_control_system()) END AS system_identifier,
       current_setting('server_version_num')::int / 10000 AS server_major,
       current_setting('server_version_num')::int >= 160000 AS can_set,
       pg_is_in_recovery() AS in_recovery,
       current_setting('default_transaction_read_only') = 'on' AS read_only,
       (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,  -- NULL where we may not ask
       rolname::text AS role,
       quote_ident(rolname) AS quoted_role,
       rolsuper AS is_superuser,
       rolcreatedb AS may_create_databases,
       rolcreaterole AS may_create_roles
  FROM pg_roles
 WHERE rolname = current_user
