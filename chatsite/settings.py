"""Settings of the site, driven by environment variables.

Every variable read here stands in the README's table, with its default; a test holds the two together.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import tzlocal
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from chatsite import log_config
from chatsite.environment import Environment

env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent


def secret_key(data_dir: Path) -> str:
    """Return the key kept in `data_dir`, making it once, readable by its owner only."""
    path = data_dir / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key


def data_directory(name: str) -> Path:
    """Return the directory `name`, making it where it is missing. Raises ImproperlyConfigured."""
    try:
        path = Path(name).expanduser().resolve()
        # Sessions and conversations lie in it; an administrator may open it to others.
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", error)
        raise ImproperlyConfigured(f"DATA_DIR is {name!r}, where no directory can be made: {why}.") from error
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"DATA_DIR is {name!r}, where this user may not write.")
    return path


DATA_DIR = data_directory(env.str("DATA_DIR", default=str(BASE_DIR / "var")))

# --- The path under which a proxy shows the site

SITE_PATH = "/" + env.str("SITE_PATH", default="/").strip("/")
FORCE_SCRIPT_NAME = SITE_PATH if SITE_PATH != "/" else None
SITE_PREFIX = SITE_PATH.rstrip("/") + "/"

# --- Security

SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or secret_key(DATA_DIR)
DEBUG = env.bool("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# Otherwise `serve` adds what a site that listens on the network is called there.
ALLOWED_HOSTS_ARE_SET = "DJANGO_ALLOWED_HOSTS" in os.environ
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])
TRUSTED_PROXY_COUNT = env.count("TRUSTED_PROXY_COUNT", 0)
HTTPS = env.bool("HTTPS", default=False)

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
# A browser takes a cookie named __Host- with the path / only; below a path, the site's cookies are for that path, so
# that whatever else stands on the same host is not sent them.
_COOKIE_PREFIX = "" if not HTTPS else "__Host-" if SITE_PATH == "/" else "__Secure-"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrftoken"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = SITE_PREFIX
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "chatsite.refused.csrf_failure"
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"(^|/)healthz$", r"(^|/)readyz$", r"(^|/)metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
USE_X_FORWARDED_HOST = TRUSTED_PROXY_COUNT > 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str] | str] = {
    "camera": [],
    "display-capture": [],
    "geolocation": [],
    # For dictating, which the page offers only where the browser recognises speech on the device.
    "microphone": "self",
    "payment": [],
    "usb": [],
}

# --- The site

CHATSITE_HOST = env.str("CHATSITE_HOST", default="127.0.0.1")
CHATSITE_PORT = env.int("CHATSITE_PORT", default=8000)
# Otherwise a running server tells where it is, which may be what `serve --port` says (conversations/address.py).
ADDRESS_IS_SET = not {"CHATSITE_HOST", "CHATSITE_PORT"}.isdisjoint(os.environ)

OLLAMA_BASE_URL = env.address("OLLAMA_BASE_URL", "http://127.0.0.1:11434")
OLLAMA_API_KEY = env.str("OLLAMA_API_KEY", default="")
OLLAMA_NUM_PARALLEL = env.count("OLLAMA_NUM_PARALLEL", 1, least=1)
# A cold model loads for minutes without a byte on the wire; a running one is never silent for so long.
OLLAMA_FIRST_BYTE_TIMEOUT = env.float("OLLAMA_FIRST_BYTE_TIMEOUT", default=600)
OLLAMA_STALL_TIMEOUT = env.float("OLLAMA_STALL_TIMEOUT", default=120)
EMBEDDED = env.choice("EMBEDDED", "auto", "off")
EMBEDDED_NUM_PARALLEL = 4
DEFAULT_MODEL = env.str("DEFAULT_MODEL", default="internlm2:1.8b")
MAX_RUNNING = env.count("MAX_RUNNING", 0)
MAX_RUNNING_PER_USER = env.count("MAX_RUNNING_PER_USER", 2)
TITLES = env.choice("TITLES", "first-message", "model")
MAX_MESSAGE_CHARS = env.int("MAX_MESSAGE_CHARS", default=32_000)
SIGNUP = env.choice("SIGNUP", "closed", "open")
MODEL_PAGE = env.choice("MODEL_PAGE", "on", "off")
# Who of those with the permission may read what others say; None: all of them.
MESSAGE_READERS = env.names("MESSAGE_READERS")

# --- The HTTP API: pages of these origins may read its answers

API_ALLOWED_ORIGINS = env.origins("API_ALLOWED_ORIGINS")
CORS_ALLOWED_ORIGINS = API_ALLOWED_ORIGINS
CORS_ALLOW_METHODS = ["GET", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "accept-language", "authorization", "content-type", "last-event-id"]
CORS_EXPOSE_HEADERS = ["Retry-After", "X-Request-ID"]

# --- Django

INSTALLED_APPS = [
    "conversations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "csp",
    "allauth",
    "allauth.account",
]

# All of these run in one synchronous chain (see chatsite.asgi), WhiteNoise among them.
MIDDLEWARE = [
    "chatsite.logs.number_requests",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "conversations.middleware.forbid_name_lookups",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "conversations.middleware.CompressTextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "conversations.middleware.PreferencesMiddleware",
    "conversations.middleware.BrowsersMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
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
                "conversations.context_processors.site",
            ],
        },
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'chatsite.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Opening the file with what follows costs as much as ten questions to it.
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    # IMMEDIATE: a transaction that reads and then writes never meets "database is locked" half way.
    DATABASES["default"]["OPTIONS"] = {
        # Seconds. Threads of the site wait for each other elsewhere, so another program holds the lock, and a person
        # who is told soon can try again.
        "timeout": 5,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # A server that has gone silent counts as away after ten seconds (https://www.postgresql.org/docs/current/
    # libpq-connect.html); what the address says of these stands above them.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        **DATABASES["default"].get("OPTIONS", {}),
        # The pool waits twice as long before each attempt to connect; when it gives up, the next request begins anew.
        # With its own five minutes, pages stayed away for as long after an outage as it had lasted.
        "pool": {"min_size": 1, "max_size": 20, "timeout": 3, "reconnect_timeout": 2},
    }
    # After a restart of the server, the connections that the pool has kept are dead.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.str("REDIS_URL", default="")
CHANNEL_LAYERS: dict[str, dict[str, object]]
if REDIS_URL:
    # The pub/sub layer keeps its sockets through an outage of Redis, the core one closes them.
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            # Redis' pub/sub knows no database numbers, so the number goes into the names.
            "CONFIG": {
                "hosts": [REDIS_URL],
                "prefix": "chatsite" + urlsplit(REDIS_URL).path.replace("/", "-"),
            },
        }
    }
    CACHES = {"default": {"BACKEND": "chatsite.cache.LastingCache", "LOCATION": REDIS_URL}}
else:
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # The limits on failed logins live here: nobody may push them out by trying many names.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }

# --- Accounts

AUTH_USER_MODEL = "conversations.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "conversations.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
_FORMS = ["login", "signup", "change_password", "set_password", "reset_password", "reset_password_from_key"]
ACCOUNT_FORMS = {name: f"conversations.account_forms.{name.title().replace('_', '')}Form" for name in _FORMS}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_USERNAME_VALIDATORS = "conversations.usernames.validators"
ACCOUNT_EMAIL_VERIFICATION = "none"
# An e-mail address is only where a reset link goes: that somebody else has it, too, is told to nobody.
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "chatsite: "
ACCOUNT_RATE_LIMITS = {
    # Wrong passwords for one account, from anywhere; what bites first, for it stops guessing.
    "login_failed": "10/10m/key",
    # Wrong passwords from one address: a class of forty that mistypes now and then stays far below.
    "login_failed_address": "200/10m/ip",
    # Each try costs a third of a second of computing, right or wrong.
    "login": "240/m/ip",
    # A class of forty behind one address signs up at once, or, with slips, in ten minutes.
    "signup": "45/5m/ip",
    # A class types its slips at once; nobody guesses one of 60 random bits.
    "first": "300/10m/ip",
    "reset_password": "20/m/ip,5/h/key",
    "reset_password_from_key": "60/m/ip",
    "change_password": "10/10m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
# One-time links that set a new password, by mail or from an administrator.
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 -- a class

EMAIL_URL = env.str("EMAIL_URL", default="")
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
    DEFAULT_FROM_EMAIL = vars().get("EMAIL_HOST_USER") or "chatsite@localhost"
# A mail server that hangs must not hold a page.
EMAIL_TIMEOUT = 10

# --- Language and time

LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "en", "zh-hans")
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["chatsite.formats"]
TIME_ZONE = env.zone("TIME_ZONE") or tzlocal.get_localzone_name()
USE_TZ = True

# --- Static files

STATIC_URL = SITE_PREFIX + "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "chatsite.staticfiles.VendorFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "chatsite.staticfiles.HashedStorage"},
}

# --- Logging: to standard error, for the person who runs the site

LOG_FORMAT = env.choice("LOG_FORMAT", "line", "json")
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOGGING = log_config.config(LOG_FORMAT)
