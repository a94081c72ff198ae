"""The site's administrators and the links that make up for mail: the first account, and new passwords."""

from urllib.parse import urlencode, urljoin

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from conversations.models import User

_PROFILE = ["name", "email", "language", "time_zone", "theme", "default_model"]


class AdministratorExistsError(Exception):
    """There is an administrator, so nobody may make the first one any more."""


def administrator_exists() -> bool:
    """Return whether the site has an administrator."""
    return User.objects.filter(is_superuser=True).exists()


def administrators() -> QuerySet[User]:
    """Return those whom people can ask for an account or a new password."""
    return User.objects.filter(is_superuser=True, is_active=True).order_by("date_joined")


def setup_link(base_url: str) -> str | None:
    """Return the link that makes the first administrator, or None when there is one."""
    if administrator_exists():
        return None
    return urljoin(base_url, f"{reverse('setup')}?{urlencode({'token': _setup_token()})}")


def setup_token_is_valid(token: str) -> bool:
    """Return whether `token` is the one of `setup_link`."""
    return constant_time_compare(token, _setup_token())


def _setup_token() -> str:
    # Derived, not stored: every process of the site knows it, and only those who can read the secret key.
    return salted_hmac("conversations.setup", "first administrator", algorithm="sha256").hexdigest()


def create_first_administrator(user: User) -> None:
    """Save `user`, complete but for its rights, as the administrator. Raises AdministratorExistsError.

    Of several at once one wins: a row that is always there stands for the right to make the first one.
    """
    user.is_staff = user.is_superuser = True
    with transaction.atomic():
        ContentType.objects.select_for_update().get(app_label="conversations", model="user")
        if administrator_exists():
            raise AdministratorExistsError
        user.save()


def reset_link(user: User, base_url: str) -> str:
    """Return the link with which `user` sets a new password, once, within PASSWORD_RESET_TIMEOUT seconds."""
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
    )
    return urljoin(base_url, path)


def keep_out(people: QuerySet[User]) -> int:
    """Switch accounts off, and return how many were on. What they wrote stays."""
    return people.filter(is_active=True).update(is_active=False)


def save_profile(user: User) -> None:
    """Save what the person changed on the account page; a former e-mail address gets no reset links."""
    # As the address is looked up when somebody has forgotten the password.
    user.email = user.email.lower()
    with transaction.atomic():
        user.save(update_fields=_PROFILE)
        EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()


def save_language(user: User, language: str) -> None:
    """Keep the person's choice of language."""
    User.objects.filter(pk=user.pk).update(language=language)


def save_theme(user: User, theme: str) -> None:
    """Keep the person's choice of theme."""
    User.objects.filter(pk=user.pk).update(theme=theme)
