"""Django's settings, made from the configuration."""

from pathlib import Path

from django.templatetags.static import static
from django.urls import reverse_lazy

from schoolkeeper.server.configuration import django_database, read

CONFIGURATION = read()
SCHOOLKEEPER_HOME = CONFIGURATION.home
SCHOOLKEEPER_INSTANCE = CONFIGURATION.instance
SCHOOLKEEPER_TASKS = CONFIGURATION.tasks
# The command line declares what it serves too; named here because the control room may not import it.
SCHOOLKEEPER_SERVICES = ["schoolkeeper.cli.results.covered.of_commands_and_documents"]

SECRET_KEY = CONFIGURATION.secret_key()
DEBUG = False
ALLOWED_HOSTS = list(CONFIGURATION.hosts)
DATABASES = {"default": django_database(CONFIGURATION.database_url)} if CONFIGURATION.database_url else {}

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "schoolkeeper.estate",
    "schoolkeeper.records",
    "schoolkeeper.calendars",
    "schoolkeeper.engine",
    "schoolkeeper.programme",
    "schoolkeeper.controlroom",
    "schoolkeeper.api",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "schoolkeeper.api.problems.tell_methods",
]
ROOT_URLCONF = "schoolkeeper.server.urls"
WSGI_APPLICATION = "schoolkeeper.server.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parents[1] / "controlroom" / "templates"],  # may replace parts of unfold's
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
USE_TZ = True
TIME_ZONE = CONFIGURATION.timezone
LANGUAGE_CODE = "en"
USE_THOUSAND_SEPARATOR = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIGURATION.secure_cookies
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = reverse_lazy("admin:login")

UNFOLD = {
    "SITE_TITLE": "Schoolkeeper",
    "SITE_HEADER": "Schoolkeeper",
    "SITE_URL": None,
    "SITE_SYMBOL": "key",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("controlroom/icon.svg")}
    ],
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("controlroom/controlroom.css")],
    "SCRIPTS": [lambda request: static("controlroom/controlroom.js")],
    "COMMAND": {"search_callback": "schoolkeeper.controlroom.search.search"},
    "SIDEBAR": {"show_search": True, "command_search": True},
    "COLORS": {
        "primary": {
            "50": "oklch(97.7% .013 236.6)",
            "100": "oklch(95.1% .026 236.8)",
            "200": "oklch(90.1% .058 230.9)",
            "300": "oklch(82.8% .1 230.3)",
            "400": "oklch(74.6% .13 232.7)",
            "500": "oklch(65.5% .14 237.3)",
            "600": "oklch(53% .134 242.7)",
            "700": "oklch(47% .12 242.7)",
            "800": "oklch(41.5% .1 240.8)",
            "900": "oklch(36.5% .085 240.9)",
            "950": "oklch(27.5% .062 243.2)",
        }
    },
}
