"""Release 1.1: the view `fee_balance` also says how much is overdue today."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE VIEW fee_balance AS
SELECT student_id,
       sum(total_amount) AS invoiced_amount,
       sum(paid_amount) AS paid_amount,
       sum(total_amount - paid_amount) AS balance_amount,
       coalesce(sum(total_amount - paid_amount) FILTER (WHERE due_on < current_date), 0) AS overdue_amount
FROM invoice
GROUP BY student_id;
"""

# A column cannot leave a view by CREATE OR REPLACE.
BACKWARD = """
DROP VIEW fee_balance;
CREATE VIEW fee_balance AS
SELECT student_id,
       sum(total_amount) AS invoiced_amount,
       sum(paid_amount) AS paid_amount,
       sum(total_amount - paid_amount) AS balance_amount
FROM invoice
GROUP BY student_id;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0002_balances")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
