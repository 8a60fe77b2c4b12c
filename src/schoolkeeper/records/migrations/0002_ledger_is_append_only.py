"""PostgreSQL itself refuses to change, delete or empty the ledger.

The owner of the table could drop these triggers; what he cannot do is leave the hash chain and the signed heads
in agreement with rows that he changed.
"""

from django.db import migrations

REFUSE = """
CREATE FUNCTION records_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER records_ledger_no_change BEFORE UPDATE OR DELETE ON records_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION records_ledger_refuse();
CREATE TRIGGER records_ledger_no_truncate BEFORE TRUNCATE ON records_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION records_ledger_refuse();
"""
ALLOW = """
DROP TRIGGER records_ledger_no_truncate ON records_ledgerentry;
DROP TRIGGER records_ledger_no_change ON records_ledgerentry;
DROP FUNCTION records_ledger_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
