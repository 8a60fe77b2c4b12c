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
       UNION SELECT defaclrole FROM pg_default_acl
       UNION SELECT pubowner FROM pg_publication
       UNION SELECT lomowner FROM pg_largeobject_metadata
       UNION SELECT proowner FROM pg_proc AS p
              WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
       UNION SELECT evtowner FROM pg_event_trigger AS t
              WHERE NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype = 'e')
   )
 ORDER BY 1
