import os

from django.core.wsgi import get_wsgi_application

# Set, not defaulted: another Django program that starts this one hands down its own.
os.environ["DJANGO_SETTINGS_MODULE"] = "smart_erp.settings"

application = get_wsgi_application()
