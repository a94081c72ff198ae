"""Many accounts at once: read from a list, each with a code that sets its first password; or made by a link."""

import csv
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from conversations import usernames
from conversations.models import Invitation, Slip, User

from .errors import Refused

MOST = 300
SLIP_DAYS = 30
_MAX_NAME = 150
# Letters and digits that nobody mistakes for each other on paper.
_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PARTS, _SIGNS_OF_PART = 3, 4
_SEPARATORS = "\t;,\uff0c\uff1b"
_HEADS = {"username", "user name", "user", "login", "用户名", "账号"}


class Newcomer(NamedTuple):
    """Somebody who gets an account."""

    username: str
    name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a list says: who gets an account, and what is wrong, line by line."""

    newcomers: list[Newcomer]
    errors: list[str]


def read(text: str) -> Reading:
    """Read a list of names, one a line, or lines of user name and name (CSV, also from a spreadsheet)."""
    taken = {name.casefold() for name in User.objects.values_list("username", flat=True)}
    newcomers: list[Newcomer] = []
    errors: list[str] = []
    for number, fields in _lines(text):
        if len(newcomers) == MOST:
            errors.append(gettext("More than {count} at once are too many.").format(count=MOST))
            break
        try:
            newcomer = _newcomer(fields, taken)
        except ValidationError as error:
            errors.append(gettext("Line {number}: {text}").format(number=number, text=error.messages[0]))
        else:
            taken.add(newcomer.username.casefold())
            newcomers.append(newcomer)
    return Reading(newcomers, errors)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield numbers and fields of lines that are not empty, without a line of headings."""
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        separator = next((sign for sign in _SEPARATORS if sign in line), ",")
        fields = [
            field.strip() for field in next(csv.reader([line.replace("\x00", "")], delimiter=separator), [])
        ]
        if any(fields) and not (number == 1 and fields[0].casefold() in _HEADS):
            yield number, [field for field in fields if field]


def _newcomer(fields: Sequence[str], taken: set[str]) -> Newcomer:
    """Return whom a line names. Raises ValidationError."""
    *given, name = fields[:2]
    usernames.validate_name(name)
    if len(name) > _MAX_NAME:
        raise ValidationError(gettext("This name is too long."))
    if not given:
        username = _free(_from_name(name), taken)
    else:
        username = usernames.normalize(given[0])
        if username.casefold() in taken:
            raise ValidationError(gettext("Somebody has the user name {name} already.").format(name=username))
    User._meta.get_field("username").run_validators(username)
    return Newcomer(username, name)


def _from_name(name: str) -> str:
    """Return the user name that a name suggests: anna.schmidt, or 王小明."""
    parts = re.findall(r"[\w'’-]+", usernames.normalize(name))
    return ".".join(re.sub(r"['’]", "", part) for part in parts).casefold()


def _free(username: str, taken: set[str]) -> str:
    if username.casefold() not in taken:
        return username
    numbered = (f"{username}{number}" for number in range(2, MOST + len(taken) + 3))
    return next(name for name in numbered if name.casefold() not in taken)


class Made(NamedTuple):
    """An account and the code on its slip, which is known only now."""

    user: User
    code: str


@transaction.atomic
def make(newcomers: Sequence[Newcomer], group: Group) -> list[Made]:
    """Make the accounts in `group`, all or none. Raises IntegrityError where a name was taken in the meantime."""
    people = [User(username=one.username, name=one.name) for one in newcomers]
    for person in people:
        person.set_unusable_password()
    User.objects.bulk_create(people)
    User.groups.through.objects.bulk_create(
        User.groups.through(user_id=person.pk, group_id=group.pk) for person in people
    )
    return [Made(person, new_slip(person)) for person in people]


def new_slip(user: User) -> str:
    """Return the code of a new slip for `user`; one that there was is worth nothing any more."""
    code = "-".join("".join(secrets.choice(_SIGNS) for _ in range(_SIGNS_OF_PART)) for _ in range(_PARTS))
    expires_at = timezone.now() + timedelta(days=SLIP_DAYS)
    Slip.objects.update_or_create(user=user, defaults={"digest": _digest(code), "expires_at": expires_at})
    return code


def slip_of(code: str) -> Slip | None:
    """Return the slip of a code as somebody typed it, None where there is none, or not any more."""
    valid = Slip.objects.filter(expires_at__gt=timezone.now(), user__is_active=True)
    return valid.select_related("user").filter(digest=_digest(code)).first()


def _digest(code: str) -> str:
    signs = re.sub(r"[^A-Z0-9]", "", code.upper()[:100])
    return salted_hmac("conversations.slip", signs, algorithm="sha256").hexdigest()


def use_slip(slip: Slip, password: str) -> User:
    """Give the account its password; the slip is used up. Raises Refused(not_found) where somebody was faster."""
    with transaction.atomic():
        deleted, _ = Slip.objects.filter(pk=slip.pk).delete()
        if not deleted:
            raise Refused("not_found")
        slip.user.set_password(password)
        slip.user.save(update_fields=["password"])
    return slip.user


def take_place(token: str) -> Invitation:
    """Take one of the places of a sign-up link. Raises Refused(not_found) where there is none left."""
    places = Invitation.objects.open().filter(token=token)
    if not places.update(used=F("used") + 1):
        raise Refused("not_found")
    return Invitation.objects.select_related("group").get(token=token)
