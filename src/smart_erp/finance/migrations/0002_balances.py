"""The database keeps the totals of invoices; the view `fee_balance` adds them up for each student."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION invoice_line_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoice SET total_amount = (
        SELECT coalesce(sum(amount), 0) FROM invoice_line WHERE invoice_id = invoice.id
    ) WHERE id IN (OLD.invoice_id, NEW.invoice_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER invoice_line_changed AFTER INSERT OR UPDATE OR DELETE ON invoice_line
FOR EACH ROW EXECUTE FUNCTION invoice_line_changed();

CREATE FUNCTION payment_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE invoice SET paid_amount = (
        SELECT coalesce(sum(amount), 0) FROM payment WHERE invoice_id = invoice.id
    ) WHERE id IN (OLD.invoice_id, NEW.invoice_id);
    RETURN NULL;
END
$$;

CREATE TRIGGER payment_changed AFTER INSERT OR UPDATE OR DELETE ON payment
FOR EACH ROW EXECUTE FUNCTION payment_changed();

CREATE VIEW fee_balance AS
SELECT student_id,
       sum(total_amount) AS invoiced_amount,
       sum(paid_amount) AS paid_amount,
       sum(total_amount - paid_amount) AS balance_amount
FROM invoice
GROUP BY student_id;
"""

BACKWARD = """
DROP VIEW fee_balance;
DROP TRIGGER payment_changed ON payment;
DROP FUNCTION payment_changed();
DROP TRIGGER invoice_line_changed ON invoice_line;
DROP FUNCTION invoice_line_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
