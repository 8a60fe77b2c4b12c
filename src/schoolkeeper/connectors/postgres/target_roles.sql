-- The roles that a set needs: whether they are here, and whether we may hand things over to them and still work on
-- those: a member that does not inherit may not.
SELECT wanted.name,
       r.oid IS NOT NULL AS exists,
       CASE WHEN r.oid IS NULL THEN false
            WHEN %(can_set)s THEN pg_has_role(r.oid, 'SET') AND pg_has_role(r.oid, 'USAGE')
            ELSE pg_has_role(r.oid, 'USAGE') END AS is_member
  FROM unnest(%(roles)s::text[]) AS wanted (name)
  LEFT JOIN pg_roles AS r ON r.rolname = wanted.name
 ORDER BY 1
