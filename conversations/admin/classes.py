"""Classes: many accounts at once with their slips, sign-up links, and the end of the term for a group."""

from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

import segno
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from conversations.generation.stopping import stop_now
from conversations.models import Conversation, Invitation, User
from conversations.services import access, accounts, leaving, newcomers
from conversations.services.newcomers import Made, Newcomer

from . import wording
from .base import ListAdmin

_MAX_LIST = 60_000
_LINK_DAYS = 14
_STYLES = forms.Media(css={"all": ["admin_site/classes.css"]})


class ClassForm(forms.Form):
    """A group, and a list of who gets an account in it."""

    group = forms.CharField(label=_("group"), max_length=150)
    people = forms.CharField(
        label=_("people"),
        max_length=_MAX_LIST,
        widget=forms.Textarea({"rows": 14, "cols": 50, "spellcheck": "false"}),
        help_text=_(
            "A name a line, or a user name and a name with a comma between; also as pasted from a spreadsheet."
        ),
    )

    def clean_people(self) -> list[Newcomer]:
        """Return who is in the list. Raises ValidationError naming every line that is wrong."""
        reading = newcomers.read(self.cleaned_data["people"])
        errors = reading.errors or ([] if reading.newcomers else [gettext("There is no name in it.")])
        if errors:
            raise forms.ValidationError(errors)
        return reading.newcomers


class Slip(NamedTuple):
    """What is printed for one person: the code, and a picture of the address with it."""

    user: User
    code: str
    picture: str


class EndForm(forms.Form):
    """What becomes of the accounts of a group at the end of the term; deleting takes its name, typed."""

    name = forms.CharField(label=_("name of the group"), required=False)

    def __init__(self, *args: Any, group: Group, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._group = group

    def clean_name(self) -> str:
        """Return the name. Raises ValidationError where it is not that of the group."""
        name: str = self.cleaned_data["name"].strip()
        if name != self._group.name:
            raise forms.ValidationError(gettext("This is not the name of the group."))
        return name


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin, ListAdmin):
    """Groups: whom models are offered to, quotas hold for, and classes are made of."""

    change_form_template = "admin/auth/group/change_form.html"
    change_list_template = "admin/auth/group/change_list.html"
    list_display = ["name", "members"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Return all groups with the number of their people."""
        return super().get_queryset(request).annotate(member_count=Count("user"))

    @admin.display(description=_("people"))
    def members(self, group: Any) -> str:
        """Return the way to the people of the group."""
        address = reverse("admin:conversations_user_changelist")
        return format_html('<a href="{}?groups__id__exact={}">{}</a>', address, group.pk, group.member_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what cannot be changed: rights, by others than superusers."""
        return [] if request.user.is_superuser else ["permissions"]

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses, and those of a new class and of the end of its term."""
        guard = self.admin_site.admin_view
        return [
            path("class/", guard(self.class_view), name="auth_group_class"),
            path("<int:pk>/end/", guard(self.end_view), name="auth_group_end"),
            path("<int:pk>/disable/", guard(self.disable_view), name="auth_group_disable"),
            *super().get_urls(),
        ]

    # --- A new class

    @method_decorator(never_cache)
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def class_view(self, request: HttpRequest) -> HttpResponse:
        """Make accounts of a list of names, and show their slips, this once."""
        if not (request.user.has_perm("conversations.add_user") and self.has_add_permission(request)):
            raise PermissionDenied
        form = ClassForm(request.POST or None)
        if form.is_valid():
            try:
                return self._make(request, form.cleaned_data["group"], form.cleaned_data["people"])
            except IntegrityError:
                form.add_error("people", gettext("Somebody has just taken one of these names. Try again."))
        context = {"title": gettext("A new class"), "form": form}
        return self._page(request, "admin/auth/group/class.html", context)

    def _make(self, request: HttpRequest, name: str, people: list[Newcomer]) -> HttpResponse:
        with transaction.atomic():
            group, is_new = Group.objects.get_or_create(name=name)
            _refuse_with_rights(group)
            made = newcomers.make(people, group)
        log = self.log_addition if is_new else self.log_change
        text = gettext("Made {count} accounts.").format(count=len(made))
        log(request, group, text)
        return self._slips(request, group, made)

    def _slips(self, request: HttpRequest, group: Group, made: list[Made]) -> HttpResponse:
        address = request.build_absolute_uri(reverse("account_first"))
        context = {
            "title": gettext("Slips for {group}").format(group=group.name),
            "group": group,
            "slips": [Slip(user, code, picture(f"{address}?code={code}")) for user, code in made],
            "address": address,
            "days": newcomers.SLIP_DAYS,
        }
        return self._page(request, "admin/auth/group/slips.html", context)

    # --- The end of the term

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what can be done with the people of a group, and delete their accounts once its name is typed."""
        group = self._group(request, pk)
        form = EndForm(request.POST or None, group=group)
        if form.is_valid():
            return self._delete(request, group)
        people = _people_of(group)
        context = {
            "title": gettext("The end of the term for {group}").format(group=group.name),
            "group": group,
            "form": form,
            "people": people.count(),
            "active": people.filter(is_active=True).count(),
            "conversations": Conversation.objects.filter(owner__in=people).count(),
            "may_read": access.may_read(request.user),
        }
        return self._page(request, "admin/auth/group/end.html", context)

    def _delete(self, request: HttpRequest, group: Group) -> HttpResponse:
        people = list(_people_of(group))
        for person in people:
            for generation in leaving.leave(person):
                stop_now(generation)
        text = ngettext("%(number)d account is deleted.", "%(number)d accounts are deleted.", len(people))
        self.log_change(request, group, text % {"number": len(people)})
        self.message_user(request, text % {"number": len(people)}, messages.SUCCESS)
        return redirect("admin:auth_group_change", group.pk)

    @method_decorator(require_POST)
    def disable_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keep the people of a group out; what they wrote stays."""
        group = self._group(request, pk)
        changed = accounts.keep_out(_people_of(group))
        text = ngettext(
            "%(number)d person cannot log in any more.", "%(number)d people cannot log in any more.", changed
        )
        self.log_change(request, group, text % {"number": changed})
        self.message_user(request, text % {"number": changed}, messages.SUCCESS)
        return redirect("admin:auth_group_end", group.pk)

    def _group(self, request: HttpRequest, pk: int) -> Group:
        may = request.user.has_perms(["conversations.change_user", "conversations.delete_user"])
        if not (may and self.has_view_permission(request)):
            raise PermissionDenied
        group = self.get_object(request, str(pk))
        if group is None:
            raise Http404
        return group

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media + _STYLES,
        }
        return TemplateResponse(request, template, {**shared, **context})


def _people_of(group: Group) -> QuerySet[User]:
    """Return the people of a group that are no staff: those that a class is of."""
    return User.objects.filter(groups=group, is_staff=False, is_superuser=False)


def _refuse_with_rights(group: Group) -> None:
    """Raise PermissionDenied for a group with permissions: whoever makes accounts in it would hand them out."""
    if group.permissions.exists():
        raise PermissionDenied


def picture(address: str) -> str:
    """Return the address of a picture (data:) that a phone's camera reads as `address`."""
    return segno.make(address, micro=False).svg_data_uri(scale=3, border=2)


class InvitationForm(forms.ModelForm):
    """A sign-up link."""

    expires_at = forms.DateField(label=_("until"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))

    class Meta:
        model = Invitation
        fields = ["group", "limit", "expires_at"]

    def clean_group(self) -> Group:
        """Return the group. Raises ValidationError for one with rights: who has the link would get them."""
        group: Group = self.cleaned_data["group"]
        if group.permissions.exists():
            raise forms.ValidationError(gettext("This group has rights, which a link must not give away."))
        return group

    def clean_expires_at(self) -> datetime:
        """Return the end of the chosen day."""
        day = self.cleaned_data["expires_at"]
        return timezone.make_aware(datetime.combine(day, time.max.replace(microsecond=0)))


@admin.register(Invitation)
class InvitationAdmin(ListAdmin):
    """Sign-up links: made, shown to be passed on, and deleted to end them."""

    form = InvitationForm
    change_form_template = "admin/conversations/invitation/change_form.html"
    list_display = ["group", "places", "ends", "state", "created_by"]
    list_select_related = ["group", "created_by"]

    @property
    def media(self) -> forms.Media:
        """Return the files of Django's pages, and the styles of what is passed on."""
        return super().media + _STYLES

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what a new one starts with: two weeks."""
        return {
            "expires_at": timezone.localdate() + timedelta(days=_LINK_DAYS),
            **super().get_changeform_initial_data(request),
        }

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Keep who made it."""
        if not change:
            obj.created_by = request.user  # type: ignore[assignment] # the admin lets nobody else in
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go to the link."""
        return redirect("admin:conversations_invitation_change", obj.pk)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Show the link, and a code for cameras."""
        found = kwargs.get("obj")
        if found is not None:
            link = request.build_absolute_uri(reverse("join", args=[found.token]))
            context |= {"link": link, "picture": picture(link)}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("used"))
    def places(self, invitation: Invitation) -> str:
        """Return how many of the places are taken."""
        return f"{invitation.used} / {invitation.limit}"

    @admin.display(description=_("until"), ordering="expires_at")
    def ends(self, invitation: Invitation) -> str:
        """Return when it ends."""
        return wording.moment(invitation.expires_at)

    @admin.display(description=_("open"), boolean=True)
    def state(self, invitation: Invitation) -> bool:
        """Return whether it still works."""
        return invitation.is_open
