"""The site's addresses."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

# Through the site's own login, so that its limits hold for administrators, too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("conversations.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "chatsite.refused.unreadable"
handler500 = "chatsite.outages.page_failed"
# The answer to a limit of ACCOUNT_RATE_LIMITS; allauth looks for it here.
handler429 = "conversations.adapter.page_limited"
