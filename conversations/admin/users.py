"""People: made with a name and a password, switched off rather than deleted, let in again by a link.

Django lets everybody with the permission to change users change all of them, which makes a superuser of
whoever wants to be one. Here only superusers touch staff accounts and hand out rights.
"""

import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth import forms as auth_forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from conversations import usernames
from conversations.models import Conversation, User
from conversations.services import accounts, attachments

from . import wording
from .base import ListAdmin

RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


class CheckedNames(forms.ModelForm):
    """The rules for names that hold where people make their accounts themselves."""

    def clean_username(self) -> str:
        """Return a user name that cannot pass for another one. Raises ValidationError."""
        name: str = self.cleaned_data["username"]
        if name != self.instance.username:
            usernames.validate_username(name)
            if User.objects.filter(username__iexact=name).exclude(pk=self.instance.pk).exists():
                raise forms.ValidationError(self.instance.unique_error_message(User, ("username",)))
        return name

    def clean_name(self) -> str:
        """Return a name that can be shown. Raises ValidationError."""
        name: str = self.cleaned_data["name"]
        usernames.validate_name(name)
        return name


class PersonForm(CheckedNames, auth_forms.UserChangeForm):
    """A person's account."""

    class Meta(auth_forms.UserChangeForm.Meta):
        model = User

    def clean_time_zone(self) -> str:
        """Return the name of a time zone, or nothing for that of the browser. Raises ValidationError."""
        name = self.cleaned_data["time_zone"]
        if name and name not in zoneinfo.available_timezones():
            raise forms.ValidationError(gettext("There is no such time zone. An example: Asia/Shanghai."))
        return name


class NewPersonForm(CheckedNames, auth_forms.UserCreationForm):
    """A new account: a user name and a password are enough."""

    class Meta:
        model = User
        fields = ["username", "name"]
        field_classes = {"username": auth_forms.UsernameField}


@admin.register(User)
class UserAdmin(ListAdmin, auth_admin.UserAdmin):
    """The people of the site."""

    form = PersonForm
    add_form = NewPersonForm
    list_display = ["username", "person", "is_active", "is_staff", "last_login", "conversation_count"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups", "language", "last_login"]
    search_fields = ["username", "name", "email"]
    readonly_fields = ["last_login", "date_joined", "conversations_link"]
    actions = ["activate", "deactivate"]
    change_form_template = "admin/conversations/user/change_form.html"
    add_fieldsets = [
        (
            None,
            {
                "fields": ["username", "name", "password1", "password2"],
                "classes": ["wide"],
            },
        ),
    ]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name", "email", "language", "time_zone", "conversations_link"]}),
        (_("Rights"), {"fields": list(RIGHTS)}),
        (_("Important dates"), {"fields": ["last_login", "date_joined"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return all people, each with the number of their conversations."""
        own = Conversation.objects.filter(owner=OuterRef("pk")).order_by().values("owner")
        number = Subquery(own.annotate(number=Count("pk")).values("number"))
        return super().get_queryset(request).annotate(conversation_count=Coalesce(number, 0))

    @admin.display(description=_("name"), ordering="name")
    def person(self, user: User) -> str:
        """Return the person's name on one line."""
        return wording.one_line(user.name) or wording.EMPTY

    @admin.display(description=_("conversations"), ordering="conversation_count")
    def conversation_count(self, user: Any) -> int:
        """Return how many conversations there are, deleted ones included."""
        return int(user.conversation_count)

    @admin.display(description=_("conversations"))
    def conversations_link(self, user: Any) -> str:
        """Return the way to the person's conversations."""
        address = reverse("admin:conversations_conversation_changelist")
        return format_html(
            '<a href="{}?owner__id__exact={}">{}</a>', address, user.pk, user.conversation_count
        )

    # --- Who may do what

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the reader may change people, or this one: staff accounts only as a superuser."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or _may_touch(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether this person may be removed: only who never asked anything, as the log is kept."""
        return (
            obj is not None
            and super().has_delete_permission(request, obj)
            and obj != request.user
            and _may_touch(request.user, obj)
            and not obj.conversations.exists()
            and not obj.generations.exists()
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what cannot be changed: rights by others than superusers, and one's own, by anybody."""
        fields = list(super().get_readonly_fields(request, obj))
        if obj == request.user:
            return [*fields, *RIGHTS]
        if not request.user.is_superuser:
            return [*fields, *(name for name in RIGHTS if name != "is_active")]
        return fields

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the account; a former e-mail address gets no more mail."""
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            accounts.save_profile(obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete the account, with files that were never sent."""
        attachments.forget_with(obj)
        super().delete_model(request, obj)

    # --- Actions

    @admin.action(description=_("Let the selected people in again"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Switch accounts on."""
        changed = self._switch(request, queryset, active=True)
        text = ngettext("%(number)d person may log in again.", "%(number)d people may log in again.", changed)
        self.message_user(request, text % {"number": changed}, messages.SUCCESS)

    @admin.action(description=_("Keep the selected people out"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Switch accounts off; what they wrote stays."""
        changed = self._switch(request, queryset, active=False)
        text = ngettext(
            "%(number)d person cannot log in any more.", "%(number)d people cannot log in any more.", changed
        )
        self.message_user(request, text % {"number": changed}, messages.SUCCESS)

    def _switch(self, request: HttpRequest, queryset: QuerySet[User], *, active: bool) -> int:
        """Switch the chosen accounts on or off, passing over those that the reader may not touch."""
        chosen = [
            user
            for user in queryset.filter(is_active=not active)
            if user != request.user and _may_touch(request.user, user)
        ]
        for user in chosen:
            user.is_active = active
            user.save(update_fields=["is_active"])
            self.log_change(request, user, [{"changed": {"fields": ["active"]}}])
        return len(chosen)

    # --- A link instead of a forgotten password

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses and that of the button."""
        link = self.admin_site.admin_view(self.reset_link_view)
        return [path("<int:pk>/reset-link/", link, name="conversations_user_reset_link"), *super().get_urls()]

    @method_decorator(require_POST)
    def reset_link_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a link that sets a new password, and show it this once."""
        user = self.get_object(request, str(pk))
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        if user is None:
            raise Http404
        if not user.is_active:
            self.message_user(request, gettext("Let this person in again first."), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:conversations_user_change", args=[pk]))
        self.log_change(request, user, gettext("Made a link for a new password."))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("A link for a new password"),
            "opts": self.opts,
            "original": user,
            "media": self.media,
            "link": accounts.reset_link(user, request.build_absolute_uri(reverse("home"))),
        }
        return TemplateResponse(request, "admin/conversations/user/reset_link.html", context)


def _may_touch(reader: Any, user: User) -> bool:
    """Return whether `reader`'s permissions over people reach this one."""
    return bool(reader.is_superuser or not (user.is_staff or user.is_superuser))
