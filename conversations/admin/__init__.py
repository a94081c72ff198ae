"""The administrator's site: people, conversations as transcripts, the log of model calls, model profiles.

What tells what happened can be read with Django's view permissions and changed by nobody.
"""

from allauth.account import admin as allauth_admin
from django.contrib import admin

from . import access, classes, conversations, generations, ollama, profiles, tokens, usage, users

__all__ = [
    "access",
    "classes",
    "conversations",
    "generations",
    "ollama",
    "profiles",
    "tokens",
    "usage",
    "users",
]

# A second list of addresses, which allauth keeps for itself; a person's own one stands with the person.
admin.site.unregister(allauth_admin.EmailAddress)
admin.site.site_header = admin.site.site_title = "chatsite"
# The log's tables need the width, and the first page leads everywhere.
admin.site.enable_nav_sidebar = False
