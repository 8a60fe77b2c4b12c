-- What stands in the way of deleting rows of one table so that they can be put back exactly.
SELECT array_remove(ARRAY[
         CASE WHEN c.relkind NOT IN ('r', 'p') THEN 'it is not a table' END,
         CASE WHEN NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)
              THEN 'it has no primary key' END,
         CASE WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits AS h WHERE h.inhparent = c.oid)
              THEN 'other tables inherit from it' END,
         CASE WHEN c.relhasrules THEN 'it has rewrite rules' END,
         CASE WHEN NOT (has_table_privilege(c.oid, 'DELETE') AND has_table_privilege(c.oid, 'INSERT'))
              THEN 'the role may not delete from it and insert into it' END,
         -- Of every kind: one deletes or changes other rows along, the next refuses the whole batch.
         (SELECT 'foreign keys refer to it from ' || string_agg(DISTINCT k.conrelid::regclass::text, ', ')
            FROM pg_constraint AS k
           WHERE k.contype = 'f' AND k.confrelid = c.oid),
         -- Bits of tgtype, from pg_trigger.h: 4 fires at INSERT, 8 at DELETE.
         (SELECT 'its triggers have effects of their own: ' || string_agg(t.tgname, ', ' ORDER BY t.tgname)
            FROM pg_trigger AS t
           WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype::int & 12 > 0)
       ], NULL) AS obstacles
  FROM pg_class AS c
 WHERE c.oid = to_regclass(%(table)s)
