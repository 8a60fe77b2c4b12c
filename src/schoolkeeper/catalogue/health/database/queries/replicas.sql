-- Standbys that follow this server; base backups are left out. lag_bytes is NULL where this role may not see it.
SELECT concat_ws('@', nullif(application_name, ''), coalesce(host(client_addr), 'local')) AS name,
       coalesce(state, '') AS state,
       extract(epoch FROM replay_lag)::float8 AS lag_seconds,
       pg_wal_lsn_diff(
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
           replay_lsn
       )::int8 AS lag_bytes
  FROM pg_stat_replication
 WHERE state IS DISTINCT FROM 'backup'
 ORDER BY name, pid
