-- Which database this is. The system identifier is the same in all copies that replication made.
SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier::text FROM pg_control_system()) END AS system_identifier,
       current_database()::text AS database,
       current_setting('server_version') AS server_version,
       current_setting('server_version_num')::int / 10000 AS server_major,
       pg_encoding_to_char(encoding)::text AS encoding,
       datcollate::text AS collate,
       datctype::text AS ctype
  FROM pg_database
 WHERE datname = current_database()
