from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet

from smart_erp.excuses.models import AttendanceExcuse
from smart_erp.people.models import Student


class ExcuseForm(forms.ModelForm):
    first_day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = AttendanceExcuse
        fields = ("student", "first_day", "last_day", "reason")

    def __init__(self, children: QuerySet[Student], data: Any = None) -> None:
        super().__init__(data)
        self.fields["student"] = forms.ModelChoiceField(children)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        first, last = values.get("first_day"), values.get("last_day")
        if isinstance(first, date) and isinstance(last, date) and last < first:
            self.add_error("last_day", "The last day comes before the first.")
        return values
