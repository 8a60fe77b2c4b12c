from django import forms

from smart_erp.finance.models import Payment


class PaymentForm(forms.ModelForm):
    received_on = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Payment
        fields = ("amount", "method", "received_on")
