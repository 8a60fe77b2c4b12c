-- Roles that a restore needs before anything else: owners, and those who are granted something named by a policy,
-- or have settings of their own in this database.
SELECT rolname AS name
  FROM pg_roles
 WHERE rolname !~ '^pg_'
   AND oid IN (
       SELECT refobjid FROM pg_shdepend
        WHERE refclassid = 'pg_authid'::regclass
          AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND deptype IN ('o', 'a', 'r', 'i')
       UNION SELECT datdba FROM pg_database WHERE datname = current_database()
       UNION SELECT setrole FROM pg_db_role_setting
              WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
       UNION SELECT relowner FROM pg_class WHERE oid >= 16384
       UNION SELECT nspowner FROM pg_namespace WHERE oid >= 16384
   )
 ORDER BY 1
