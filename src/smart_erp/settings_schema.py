"""Settings of `migrate`: the apps and columns of the newest release, so that they can be taken back."""

import os

from smart_erp.releases import NEWEST

os.environ["SMART_ERP_RELEASE"] = NEWEST

from smart_erp.settings import *  # noqa: F403
