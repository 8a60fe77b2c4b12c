"""What kind of event a title means, in the languages of schools."""

import pytest

from schoolkeeper.calendars.academic.categories import guess


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("Final examinations, week 1", "exams"),
        ("Exam results published", "results"),
        ("Exam registration closes", "enrolment"),
        ("Winter break", "holiday"),
        ("Half-term", "holiday"),
        ("Breakfast with parents", "other"),
        ("For example, a concert", "other"),
        ("Autumn term begins", "term"),
        ("Sports day", "other"),
        ("Abschlussprüfungen Mathematik", "exams"),
        ("Sommerferien", "holiday"),
        ("Zeugnisausgabe", "results"),
        ("Wintersemester", "term"),
        ("Épreuves du baccalauréat", "exams"),
        ("Congés d’été", "holiday"),
        ("Matrícula abierta", "enrolment"),
        ("Летняя сессия", "exams"),
        ("Зимние каникулы", "holiday"),
        ("Приёмная кампания", "enrolment"),
        ("Davlat imtihonlari", "exams"),
        ("Qishki ta’til", "holiday"),
        ("Oʻquv yili boshlanishi", "term"),
        ("Sınav haftası", "exams"),
        ("Yaz tatili", "holiday"),
        ("الامتحانات النهائية", "exams"),
        ("期末考试", "exams"),
    ],
)
def test_titles(title: str, category: str) -> None:
    assert guess([], title) == category


def test_what_the_calendar_itself_says_comes_first() -> None:
    assert guess(["Holiday"], "Exam board is away") == "holiday"
    assert guess(["School"], "Exams") == "exams"
