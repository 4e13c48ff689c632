"""One settings file, fed by the environment; `.env.example` explains each variable.

Nothing set at all gives the embedded mode: SQLite, a broker made of files, one machine. `DATABASE_URL` and
`CELERY_BROKER_URL` turn the same code into the production mode.
"""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.running import embedded

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# Where the embedded mode keeps its database, keys, queue and spooled exports.
VAR_DIR = Path(env.str("PARCOURS_VAR_DIR", default=str(BASE_DIR / "var")))
EMBEDDED = not env.str("DATABASE_URL", default="")
DEBUG = env.bool("DEBUG", default=False)


def required(name: str, meaning: str) -> str:
    """The variable's value, or an error that says what it is for and where to put it."""
    value = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. It is {meaning}. Put it in the environment or in .env.")
    return value


if EMBEDDED:
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    embedded.keep_private(VAR_DIR)
    SECRET_KEY = env.str("SECRET_KEY", default="") or embedded.secret_key(VAR_DIR)
    ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[]) or embedded.encryption_keys(VAR_DIR)
else:
    SECRET_KEY = required("SECRET_KEY", "the key that signs sessions and forms")
    # Comma list of `id:base64 of 32 bytes`. The first encrypts, all decrypt. Apart from SECRET_KEY, so that either rotates alone.
    required("ENCRYPTION_KEYS", "the keys that encrypt the API tokens of connections")
    ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Where people's letters lead to and survey vendors send their messages, as they must spell it. Empty: neither letters nor
# watches. Production asks for an answer, which may be "none": see config/checks.py.
_public_url = env.str("PUBLIC_URL", default="").strip().rstrip("/")
PUBLIC_URL_IS_ANSWERED = bool(_public_url)
PUBLIC_URL = "" if _public_url.lower() == "none" else _public_url
# True behind TLS: cookies are then sent over https only, and http is redirected.
HTTPS = env.bool("HTTPS", default=not EMBEDDED)

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "integrations",
    "kpis",
    "feedback",
    "journeys",
    "accounts",
    "ui",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "django_htmx",
    "template_partials",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.headers.PrivacyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.audit.AuditMiddleware",
    "accounts.middleware.SessionLimitMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "journeys.history.acting.ActingMiddleware",
    "config.access.AccessMiddleware",
    "config.storable.StorableMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "config.context.site",
            ],
        },
    },
]

# Forms are drawn with the templates of the design system.
FORM_RENDERER = "ui.form_rendering.PageRenderer"

# --- Database

if EMBEDDED:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": env.str("SQLITE_FILE", default=str(VAR_DIR / "parcours.sqlite3")),
            "OPTIONS": {
                # A writer takes its place at BEGIN and waits there, instead of failing in the middle of its work.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000",
            },
            # A file, so that the worker processes that tests start see the same data.
            "TEST": {"NAME": VAR_DIR / "test.sqlite3"},
        }
    }
else:
    DATABASES = {"default": env.db("DATABASE_URL")}
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        DATABASES["default"] |= {
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
        DATABASES["default"].setdefault("OPTIONS", {}).update(
            connect_timeout=5,
            options=(
                f"-c statement_timeout={env.int('STATEMENT_TIMEOUT_MS', default=120_000)}"
                " -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
            ),
        )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Who

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "accounts.passwords.BreachedPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.OwnWordsValidator"},
]
# A file with a breached password a line, beside Django's list of common ones.
BREACHED_PASSWORDS = env.str("BREACHED_PASSWORDS", default="")
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "journeys:list"
LOGOUT_REDIRECT_URL = "accounts:login"
PASSWORD_RESET_TIMEOUT = 3600

AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_USERNAME_CALLABLE = "accounts.guessing.username_typed"
AXES_CLIENT_IP_CALLABLE = "accounts.client_address.client_address"
# How many proxies stand in front of us: so many addresses at the right end of X-Forwarded-For are believed.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)
LOGIN_FAILURES_PER_ADDRESS = 100  # over all accounts, within AXES_COOLOFF_TIME
AXES_VERBOSE = False
# It keeps the forms that failed: without what was typed into these fields.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "old_password", "new_password1", "new_password2"]

SESSION_COOKIE_AGE = 8 * 3600  # idle: accounts/sessions.py begins it anew while somebody is there
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "parcours_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "parcours_csrf"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# It binds every name below this host, and browsers may keep it in their own lists for years.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_SUBDOMAINS", default=True)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- Languages and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str((VAR_DIR if EMBEDDED else BASE_DIR) / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
# The embedded mode serves straight from the source; production collects, compresses and names files by content.
WHITENOISE_USE_FINDERS = EMBEDDED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
if EMBEDDED:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# --- REST API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["config.rest_api.access.AllowedByTable"],
    "DEFAULT_PARSER_CLASSES": ["config.storable.StorableJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "config.rest_api.pagination.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "config.rest_api.openapi.Schema",
    "EXCEPTION_HANDLER": "config.rest_api.problems.handle",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": env.str("API_RATE", default="1200/min")},
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Parcours",
    "DESCRIPTION": "Journey maps, feedback items, fetches and KPIs.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["config.rest_api.access.AllowedByTable"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    # Sets of choices whose fields have the same name in several apps.
    "ENUM_NAME_OVERRIDES": {
        "LaneKind": "journeys.models.Lane.Kind",
        "QuestionKind": "feedback.models.Question.Kind",
        "Metric": "feedback.models.FeedbackItem.Metric",
        "DistributionKind": "integrations.models.Distribution.Kind",
        "SmsMethod": "integrations.distributions.rules.SMS_METHODS",
        "Counting": "kpis.mapping.acceptance.Counting",
        "TargetDirection": "feedback.models.FeedbackItem.Direction",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.rest_api.openapi.describe_problems",
    ],
}

# --- Web server: see config/running/web_server.py

WEB_PROCESSES = env.int("WEB_PROCESSES", default=3)
WEB_THREADS = env.int("WEB_THREADS", default=4)  # of each process
WEB_CONNECTIONS = env.int("WEB_CONNECTIONS", default=1000)  # of each process; further ones wait until some close
WEB_TIMEOUT = env.int("WEB_TIMEOUT", default=90)  # seconds without a byte until a connection is closed
WEB_MAX_HEADER_BYTES = env.int("WEB_MAX_HEADER_BYTES", default=16_384)
WEB_MAX_BODY_BYTES = env.int("WEB_MAX_BODY_BYTES", default=10_000_000)

# --- Survey vendors

# Comma list of host:port where an imitation of Qualtrics may be reached over plain http. Empty: only *.qualtrics.com over TLS.
QUALTRICS_TEST_HOSTS = env.list("QUALTRICS_TEST_HOSTS", default=[])
# Comma list of host:port where webhooks about alerts may go over plain http. Empty: only to public addresses over https.
ALERT_TEST_HOSTS = env.list("ALERT_TEST_HOSTS", default=[])
# After how many failed fetches in a row a survey raises an alert.
ALERT_AFTER_FAILURES = env.int("ALERT_AFTER_FAILURES", default=3)
# How many calls of the console, tests of a connector and previews one person may cause in a minute.
CALLS_BY_HAND = env.int("CALLS_BY_HAND", default=60)
# A name of this installation that a copy of it elsewhere does not have: see docs/decisions/0010.
INSTANCE_ID = env.str("INSTANCE_ID", default="")
# Exports are kept here between their download and the end of their loading.
SPOOL_DIR = Path(env.str("SPOOL_DIR", default=str(VAR_DIR / "spool")))
SPOOL_DIR.mkdir(parents=True, exist_ok=True)

# --- Celery: see config/celery.py for the application and its timetable

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="files://localhost")
CELERY_TASK_SOFT_TIME_LIMIT = 240  # seconds; a slice of work ends well before
CELERY_TASK_TIME_LIMIT = 300
BROKER_VISIBILITY_TIMEOUT = 900
if CELERY_BROKER_URL.startswith("files:"):
    # Pure Python, no server: the queue is a folder (config/running/file_queue.py). A message is only a doorbell; the database
    # holds the work.
    _queue = VAR_DIR / "queue"
    for _folder in (_queue / "messages", _queue / "control"):
        _folder.mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "messages"),
        "data_folder_out": str(_queue / "messages"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": BROKER_VISIBILITY_TIMEOUT,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
    CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_VISIBILITY_TIMEOUT = BROKER_VISIBILITY_TIMEOUT
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
# Results are ignored, so there is none to wait for when a pool process dies: its message goes back at once, not after 10 s.
CELERY_WORKER_LOST_WAIT = 0.5
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "integrations.joining.tasks.join_twins": {"queue": "backfill"},
    "integrations.joining.tasks.read_list": {"queue": "sync"},
    "integrations.sync.tasks.run_backfill_slice": {"queue": "backfill"},
    "integrations.sync.tasks.run_slice": {"queue": "sync"},
    "integrations.webhooks.tasks.look_up": {"queue": "sync"},
    "kpis.tasks.count_people": {"queue": "backfill"},  # nobody waits for it
}
CELERY_WORKER_CONSUMER = "config.running.consumer:Consumer"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30.0
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_ETA_TASK_LIMIT = 100
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # kilobytes
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_SEND_SENT_EVENT = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
# Beat ticks this often; the rows decide what is due.
DISPATCH_INTERVAL = env.float("DISPATCH_INTERVAL", default=30.0)

# How long a worker holds a fetch without a sign of life before another one takes it over.
SYNC_LEASE_SECONDS = env.float("SYNC_LEASE_SECONDS", default=60.0)
# A worker that has called one vendor for so long goes on to others that wait; a vendor that takes longer is a slow one.
TURN_SECONDS = env.float("TURN_SECONDS", default=5.0)
# Responses a transaction. Fewer in SQLite, where whoever else writes waits for its end.
SYNC_BATCH = env.int("SYNC_BATCH", default=1000 if EMBEDDED else 5000)

# After so many days a complete export shows which responses were deleted at the source; 0: never by itself.
RECONCILE_DAYS = env.int("RECONCILE_DAYS", default=30)

# Daily upkeep: so many days lines of rejected records, of the ledger, of the audit trail and of the history of maps are kept.
KEEP_REJECTED_DAYS = env.int("KEEP_REJECTED_DAYS", default=30)
KEEP_LEDGER_DAYS = env.int("KEEP_LEDGER_DAYS", default=400)
KEEP_AUDIT_DAYS = env.int("KEEP_AUDIT_DAYS", default=400)
KEEP_OPERATIONS_DAYS = env.int("KEEP_OPERATIONS_DAYS", default=90)
# Keyed hashes of erased responses, one a line, beside the database: a restored backup learns from them whom to erase again.
ERASED_LIST = Path(env.str("ERASED_LIST", default=str(VAR_DIR / "erased-responses.jsonl")))
# Responses recorded longer ago are removed, and counted for ever; 0 keeps them all.
RESPONSE_RETENTION_DAYS = env.int("RESPONSE_RETENTION_DAYS", default=0)

# Length of the hour of "hourly". Shorter in the demo and in tests only, where nobody waits that long.
HOUR_SECONDS = env.int("HOUR_SECONDS", default=3600)

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env.str("CACHE_URL")}
    if env.str("CACHE_URL", default="")
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Maps as HTML: each process keeps its own, so that they never outlive the code that drew them.
    "drawings": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "drawings",
        "OPTIONS": {"MAX_ENTRIES": 60},
    },
}

# --- Mail and logs

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
globals().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="parcours@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "config.logs.RedactSecrets"}},
    "formatters": {
        "line": {"()": "config.logs.OneLine", "format": "{asctime} {levelname} {name}: {message}", "style": "{"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "urllib3": {"level": "INFO"},
        "axes": {"level": "WARNING"},
        "waitress.queue": {"level": "ERROR"},  # warns each time a request waits for a thread
    },
}
