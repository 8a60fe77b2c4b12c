-- Where each sequence stands; NULL where it was never used.
SELECT schemaname || '.' || sequencename AS name, last_value, increment_by
  FROM pg_sequences
 ORDER BY 1
