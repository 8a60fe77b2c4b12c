-- How far each database of the cluster is on the way to the end of transaction numbers: any one stops them all.
SELECT datname::text AS name,
       age(datfrozenxid)::int8 AS transaction_age,
       mxid_age(datminmxid)::int8 AS multixact_age
  FROM pg_database
 ORDER BY datname
