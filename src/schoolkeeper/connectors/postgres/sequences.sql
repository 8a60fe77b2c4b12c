-- Where each sequence stands; NULL where it was never used.
SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) AS name, last_value, increment_by
  FROM pg_sequences
 ORDER BY 1
