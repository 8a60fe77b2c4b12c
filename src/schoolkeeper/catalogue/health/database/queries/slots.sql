-- Replication slots; each makes the server keep its write-ahead log from restart_lsn on, also while nobody reads it.
SELECT slot_name::text AS name,
       active AS is_active,
       coalesce(wal_status, '') = 'lost' AS is_lost,
       coalesce(
           pg_wal_lsn_diff(
               CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
               restart_lsn
           ),
           0
       )::int8 AS retained_bytes
  FROM pg_replication_slots
 ORDER BY slot_name
