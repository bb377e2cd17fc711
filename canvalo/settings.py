"""Django's settings, all taken from the environment (see `canvalo/environment.py`)."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF

from canvalo import environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = environment.load()
CANVALO_HOME = environment.home()


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _database(url: str) -> dict[str, Any]:
    """Translate `postgresql://user:password@host:port/name?option=…` into Django's terms."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": options.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": 0,  # the pool below keeps connections open
        "OPTIONS": {**options, "pool": {"min_size": 0, "max_size": 8, "timeout": 10}},
    }


DEBUG = ENV.canvalo_debug
SECRET_KEY = ENV.django_secret_key.get_secret_value()
ALLOWED_HOSTS = _list(ENV.allowed_hosts)
CSRF_TRUSTED_ORIGINS = _list(ENV.csrf_trusted_origins)
CANVALO_BASE_URL = ENV.canvalo_base_url or f"http://127.0.0.1:{ENV.port}"
# Below which path a proxy shows everything; it may strip that path or pass it on.
FORCE_SCRIPT_NAME = urlsplit(CANVALO_BASE_URL).path.rstrip("/") or None

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "ninja",
    "optimizer",
    "dashboard",
    "canvalo",
    "canvalo.devstack",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "canvalo.middleware.careful_headers",
    "canvalo.middleware.methods_in_json",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "optimizer.middleware.causal_tokens",
]
ROOT_URLCONF = "canvalo.urls"
ASGI_APPLICATION = "canvalo.asgi.application"
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
                "canvalo.watch.overdue",
            ],
        },
    },
]

DATABASES = {"default": _database(ENV.database_url or "postgresql:///canvalo")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

VALKEY_URL = ENV.valkey_url or "redis://127.0.0.1:6379/0"
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": VALKEY_URL,
        "KEY_PREFIX": "django",
        "OPTIONS": {
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            # Sessions are in the database too: without Valkey staff can still sign in and look.
            "IGNORE_EXCEPTIONS": True,
        },
    }
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 14 * 24 * 3600

CELERY_BROKER_URL = ENV.celery_broker_url or VALKEY_URL

SUPABASE_URL = ENV.supabase_url or "http://127.0.0.1:54321"
SUPABASE_ANON_KEY = ENV.supabase_anon_key.get_secret_value()
SUPABASE_SERVICE_ROLE_KEY = ENV.supabase_service_role_key.get_secret_value()
SUPABASE_JWT_SECRET = ENV.supabase_jwt_secret.get_secret_value()
SUPABASE_JWKS_URL = ENV.supabase_jwks_url
SUPABASE_MANAGEMENT_TOKEN = ENV.supabase_management_token.get_secret_value()
SUPABASE_PROJECT_REF = ENV.supabase_project_ref
SUPABASE_MANAGEMENT_URL = ENV.supabase_management_url
SUPABASE_JWT_ISSUER = ENV.supabase_jwt_issuer
OPTIMIZATION_WEBHOOK_SECRET = ENV.optimization_webhook_secret.get_secret_value()

_mail = urlsplit(ENV.email_url.get_secret_value())
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _mail.scheme else 'console'}.EmailBackend"
EMAIL_HOST = _mail.hostname or ""
EMAIL_USE_SSL = _mail.scheme == "smtps"
EMAIL_USE_TLS = _mail.query == "tls=true"
EMAIL_PORT = _mail.port or (465 if EMAIL_USE_SSL else 587)
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENV.default_from_email
CANVALO_ALERT_MAILS_PER_HOUR = ENV.canvalo_alert_mails_per_hour
CANVALO_ALERT_PRIVATE_WEBHOOKS = ENV.canvalo_alert_private_webhooks
CANVALO_ALERT_WEBHOOK_SECRET = ENV.canvalo_alert_webhook_secret.get_secret_value()
CANVALO_HEARTBEAT_URL = ENV.canvalo_heartbeat_url

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard:overview"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = ENV.canvalo_time_zone

STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
STATIC_ROOT = CANVALO_HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step: the checkout itself is served
WHITENOISE_AUTOREFRESH = DEBUG

# One limit for every body that is read into memory; a larger one is answered 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.canvalo_https
SECURE_SSL_REDIRECT = ENV.canvalo_https
# Who asks may stand behind the proxy, on this machine.
SECURE_REDIRECT_EXEMPT = [r"^health(/\w+)?$"]
SECURE_HSTS_SECONDS = 31_536_000 if ENV.canvalo_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENV.canvalo_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.canvalo_https else None
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

LOGGING = logs.configuration(ENV.canvalo_log_format, ENV.canvalo_log_level)
