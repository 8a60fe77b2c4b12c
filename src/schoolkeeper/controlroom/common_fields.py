"""Fields that several forms about times have, with the same words."""

from django import forms
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from schoolkeeper.controlroom import wording
from schoolkeeper.kernel.spec import Risk

YEARS = range(2000, 2200)
"""What lies outside is mistyped, and cannot be shown by every clock."""
OWN_RULE = "own"
"""What is chosen under "How often" when the rule itself is typed."""


def own_rule() -> forms.CharField:
    """The rule itself, beside a choice of usual ones."""
    return forms.CharField(
        label="A rule of your own",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text="Only for “By a rule of its own”, as RFC 5545 writes it: FREQ=MONTHLY;BYDAY=-1FR means "
        "the last Friday of each month.",
    )


def allowed_risk(initial: Risk | None = None) -> forms.TypedChoiceField:
    """The greatest risk that may run in a window; None begins with the first choice."""
    return forms.TypedChoiceField(
        label="What may be done in it",
        choices=[(risk.value, text) for risk, text in wording.ALLOWS.items()],
        coerce=lambda value: Risk(int(value)),
        initial=initial.value if initial is not None else None,
        widget=UnfoldAdminSelectWidget,
    )


def said_to_users() -> forms.CharField:
    """What users read about a window."""
    return forms.CharField(
        label="What users are told",
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
