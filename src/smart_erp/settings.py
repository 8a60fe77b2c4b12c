"""Django's settings, from the environment and the school's configuration file alone."""

from __future__ import annotations

from pathlib import Path

from smart_erp import configuration, environment
from smart_erp.logs import logging_settings

PACKAGE = Path(__file__).resolve().parent
ENVIRONMENT = environment.read()
SCHOOL = configuration.load(ENVIRONMENT.home)
RELEASE = ENVIRONMENT.release

DEBUG = False
SECRET_KEY = ENVIRONMENT.secret_key_file.read_text(encoding="utf-8").strip()
ALLOWED_HOSTS = [*SCHOOL.hosts, ENVIRONMENT.host]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "smart_erp.campus",
    "smart_erp.people",
    "smart_erp.academics",
    "smart_erp.finance",
    *RELEASE.apps,
]
MIDDLEWARE = [
    "smart_erp.campus.access_log.AccessLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "smart_erp.campus.maintenance.MaintenanceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "smart_erp.urls"
WSGI_APPLICATION = "smart_erp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "smart_erp.portal.navigation.context",
            ]
        },
    }
]

_database = ENVIRONMENT.database
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.pop("dbname"),
        "USER": _database.pop("user", ""),
        "PASSWORD": _database.pop("password", ""),
        "HOST": _database.pop("host", ""),
        "PORT": _database.pop("port", ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "smart_erp", "connect_timeout": "3"} | _database,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entry",
        "TIMEOUT": 60,
    }
}

# Scrypt first: as safe as the default and about ten times quicker to check on a small server.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "sign-in"
# Cookies know no ports: names of our own, or two programs on one host would sign each other's users out.
SESSION_COOKIE_NAME = "smart_erp_session"
CSRF_COOKIE_NAME = "smart_erp_csrf"
SESSION_COOKIE_AGE = SCHOOL.session_hours * 3600

LANGUAGE_CODE = SCHOOL.language
TIME_ZONE = SCHOOL.timezone
USE_TZ = True
DEFAULT_FROM_EMAIL = SCHOOL.mail_from
SERVER_EMAIL = SCHOOL.mail_from

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "static"]
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = ENVIRONMENT.home / "uploads"
FILE_UPLOAD_TEMP_DIR = ENVIRONMENT.home / "tmp"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

LOGGING = logging_settings(ENVIRONMENT.home / "logs")
