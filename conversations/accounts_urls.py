"""The addresses around accounts: the site's own, and those of allauth's that it uses."""

from allauth.account import views as allauth_views
from django.urls import include, path, re_path

from .views import accounts, health, leaving, metrics, tokens

urlpatterns = [
    path("setup/", accounts.setup, name="setup"),
    path("account/", accounts.account, name="account"),
    path("account/readings", accounts.readings, name="account_readings"),
    path("account/language", accounts.set_language, name="set_language"),
    path("account/theme", accounts.set_theme, name="set_theme"),
    path("account/presets/", include("conversations.presets_urls")),
    path("account/tokens/", tokens.index, name="tokens"),
    path("account/tokens/<uuid:pk>/revoke", tokens.revoke, name="revoke_token"),
    path("account/browsers/<uuid:pk>/end", accounts.end_browser, name="end_browser"),
    path("account/browsers/end", accounts.end_other_browsers, name="end_other_browsers"),
    # Its end is that of every address that logs out here, by which page.js knows to clear the browser's storage.
    path("account/browsers/all/logout/", accounts.log_out_everywhere, name="log_out_everywhere"),
    path("account/delete", leaving.delete, name="account_delete"),
    path("accounts/deleted/", leaving.deleted, name="account_deleted"),
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/signup/", accounts.SignupView.as_view(), name="account_signup"),
    path("accounts/first/", accounts.first, name="account_first"),
    path("join/<slug:token>/", accounts.join, name="join"),
    path("accounts/password/change/", allauth_views.password_change, name="account_change_password"),
    path("accounts/password/set/", allauth_views.password_set, name="account_set_password"),
    path("accounts/password/reset/", accounts.PasswordResetView.as_view(), name="account_reset_password"),
    path(
        "accounts/password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth_views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.show, name="metrics"),
]
