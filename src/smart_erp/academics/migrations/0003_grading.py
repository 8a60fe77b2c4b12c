"""The database computes final grades and keeps the history of changed grades."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION weighted_grade(of_enrolment bigint) RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT round(sum(grade.score * assignment.weight) / sum(assignment.weight), 2)
    FROM grade JOIN assignment ON assignment.id = grade.assignment_id
    WHERE grade.enrolment_id = of_enrolment
$$;

CREATE FUNCTION grade_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE enrolment SET final_grade = weighted_grade(OLD.enrolment_id) WHERE id = OLD.enrolment_id;
        INSERT INTO grade_change (assignment_id, enrolment_id, old_score, new_score, changed_at)
        VALUES (OLD.assignment_id, OLD.enrolment_id, OLD.score,
                CASE WHEN TG_OP = 'UPDATE' THEN NEW.score END, now());
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE enrolment SET final_grade = weighted_grade(NEW.enrolment_id) WHERE id = NEW.enrolment_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER grade_changed AFTER INSERT OR DELETE OR UPDATE OF score, enrolment_id, assignment_id ON grade
FOR EACH ROW EXECUTE FUNCTION grade_changed();

CREATE FUNCTION assignment_weight_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE enrolment SET final_grade = weighted_grade(id) WHERE section_id = NEW.section_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER assignment_weight_changed AFTER UPDATE OF weight ON assignment
FOR EACH ROW WHEN (OLD.weight <> NEW.weight) EXECUTE FUNCTION assignment_weight_changed();
"""

BACKWARD = """
DROP TRIGGER assignment_weight_changed ON assignment;
DROP FUNCTION assignment_weight_changed();
DROP TRIGGER grade_changed ON grade;
DROP FUNCTION grade_changed();
DROP FUNCTION weighted_grade(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("academics", "0002_relations")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
