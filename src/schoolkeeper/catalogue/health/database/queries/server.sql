-- The server as a whole, and whether this role may see what others do.
-- reserved_connections exists from PostgreSQL 16 on, hence the forgiving form of current_setting.
SELECT current_setting('server_version') AS version,
       pg_is_in_recovery() AS is_standby,
       pg_has_role('pg_read_all_stats', 'USAGE')
           OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS sees_all,
       pg_database_size(current_database()) AS size_bytes,
       current_setting('max_connections')::int AS connections_limit,
       current_setting('superuser_reserved_connections')::int
           + coalesce(current_setting('reserved_connections', true)::int, 0) AS connections_reserved,
       (SELECT count(*)
          FROM pg_stat_activity
         WHERE backend_type = 'client backend' OR (backend_type IS NULL AND usesysid IS NOT NULL)
       ) AS connections_used
