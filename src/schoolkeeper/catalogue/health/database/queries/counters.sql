-- Totals of this database since `since`; NULL means since it was made, or since the last crash.
-- checksum_failures is NULL where the cluster was made without checksums.
SELECT blks_hit AS blocks_from_cache,
       blks_read AS blocks_from_disk,
       xact_commit AS commits,
       xact_rollback AS rollbacks,
       deadlocks,
       temp_files AS temporary_files,
       temp_bytes AS temporary_bytes,
       checksum_failures,
       stats_reset AS since
  FROM pg_stat_database
 WHERE datname = current_database()
