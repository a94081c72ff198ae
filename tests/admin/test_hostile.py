"""What people, models and machines write does nothing in the admin, and is a formula in none of its files."""

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.urls import reverse

from conversations.models import User
from conversations.usage import counting
from tests.admin import rows, table, world
from tests.admin.table import Case
from tests.admin.world import Said, ask, text_of, undone

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
MARKUP = [
    SCRIPT,
    "'\"><svg onload=alert(1)>",
    "</title></textarea></style><script>alert(1)//",
    "<style>*{background:url(//evil)}</style>",
    "[x](javascript:alert(1))![x](http://evil/x.png)",
    "{{ 7|add:7 }}{% now 'Y' %}",
]
FORMULAS = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil")',
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1",
]
SEEN_AS_SENT = "\u202egnp.exe \x1b[31mred\x1b[0m \x07\x9b tag\U000e0041\U000e0042\u2066"
DECEIVING = set("\x1b\x07\x9b\u202e\u2066\U000e0041")
# Pages of people that tell what is in the admin's rows, too.
OF_PEOPLE = {
    "account",
    "account_readings",
    "account_delete",
    "account_import",
    "account_import_show",
    "presets",
}
OF_PEOPLE |= {"preset", "preset_menu", "conversation_carry", "shared", "join", "account_signup", "allowance"}

pytestmark = pytest.mark.usefixtures("apart", "files")


class _Tags(HTMLParser):
    """Collects what would run or be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.bad.append((tag, name, value))
            # A link that somebody may click is no request by itself.
            if name in {"src", "action"} and (value or "").startswith("http"):
                self.bad.append((tag, name, value))
        source = dict(attrs).get("src") or ""
        is_code = tag == "img" and source.startswith("data:image/svg+xml")
        own = is_code or source.startswith("/") or dict(attrs).get("type") == "application/json"
        if tag in {"iframe", "object", "embed", "style", "base"} or (tag in {"script", "img"} and not own):
            self.bad.append((tag, attrs))


def _answers(said: Said, username: str, *, files: bool = False) -> list[tuple[Case, Any]]:
    """Return what the pages of the admin, or its CSV files, and the person's pages say with `said` in all rows."""
    owner, root = rows.person(username, name=username), User.objects.get(username="root")
    places = world.make(owner, root, said)
    counting.count_missing()
    found = []
    for user in (root, owner):
        browser = rows.browser(user)
        for case in table.CASES:
            is_file = "csv" in (*case.args, *case.data)
            if _is_looked_at(case, user == root) and is_file == files:
                with undone(browser):
                    found.append((case, ask(browser, case, places)))
    return found


def _is_looked_at(case: Case, is_root: bool) -> bool:
    is_page = case.method == "get" and case.answer == table.ALLOWED and case.who != table.NOBODY
    return is_page and (case in table.IN_ADMIN if is_root else case.name in OF_PEOPLE)


def _is_inert(answer: Any) -> bool:
    if not answer.headers.get("Content-Type", "").startswith("text/html"):
        # Nothing else is shown by a browser under this name.
        return answer.headers["X-Content-Type-Options"] == "nosniff"
    tags = _Tags()
    tags.feed(text_of(answer))
    return tags.bad == [] and "<script>alert" not in answer.text


def _formulas(answer: Any) -> list[str]:
    """Return the cells of a CSV file that a spreadsheet would work out."""
    if not answer.headers.get("Content-Type", "").startswith("text/csv"):
        return []
    limit = csv.field_size_limit(2_000_000)
    cells = [cell for row in csv.reader(io.StringIO(text_of(answer).lstrip("\ufeff"))) for cell in row]
    csv.field_size_limit(limit)
    return [cell for cell in cells if cell.lstrip()[:1] in set("=+-@") and not _is_number(cell)]


def _is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdecimal()


@pytest.mark.fault(39)
@pytest.mark.parametrize("text", MARKUP)
def test_hostile_text_is_inert_on_every_page(superuser, text):
    answers = _answers(Said(text, text, text, text), text)
    assert len(answers) > 60
    wrong = [str(case) for case, answer in answers if answer.status_code >= 400 or not _is_inert(answer)]
    assert wrong == []


@pytest.mark.fault(39)
@pytest.mark.parametrize("text", FORMULAS)
def test_hostile_text_is_a_formula_in_no_file(superuser, text):
    answers = _answers(Said(text, text, text, text), text, files=True)
    assert len(answers) == 6
    assert {str(case): found for case, answer in answers if (found := _formulas(answer))} == {}


@pytest.mark.fault(39)
@pytest.mark.parametrize("is_file", [True, False])
def test_characters_that_deceive_are_not_shown_to_others_as_they_are(superuser, is_file):
    answers = _answers(Said(SEEN_AS_SENT, told=SEEN_AS_SENT), "harmless", files=is_file)
    shown = {str(case): DECEIVING & set(text_of(answer)) for case, answer in answers if not _is_as_sent(case)}
    assert {case: found for case, found in shown.items() if found} == {}


def _is_as_sent(case: Case) -> bool:
    """Return whether it is what people see of their own, or what a script reads."""
    is_own = case not in table.IN_ADMIN and case.name != "shared"
    return is_own or "jsonl" in case.args or case.name.endswith("_attachment")


@pytest.mark.fault(39)
@pytest.mark.parametrize("text", [SCRIPT, "=1+1 ", SEEN_AS_SENT])
def test_a_megabyte_is_as_inert_as_a_line(root, owner, text):
    huge = (text * (1_000_000 // len(text) + 1))[:1_000_000]
    call = rows.exchange(rows.conversation(owner, text), huge, huge, error_detail=huge)
    conversation = call.conversation_id
    name = "admin:conversations_conversation"
    addresses = [
        reverse(f"{name}_changelist"),
        reverse(f"{name}_change", args=[conversation]),
        reverse(f"{name}_change", args=[conversation]) + f"?message={call.message_id}",
        reverse(f"{name}_part", args=[conversation]),
        reverse(f"{name}_whole", args=[conversation, "csv"]),
        reverse("admin:conversations_generation_changelist"),
        reverse("admin:conversations_generation_change", args=[call.pk]),
        reverse("admin:conversations_generation_export", args=["csv"]),
    ]
    for address in addresses:
        answer = root.get(address)
        assert (address, answer.status_code, _is_inert(answer), _formulas(answer)) == (address, 200, True, [])
    whole = root.get(reverse(f"{name}_whole", args=[conversation, "jsonl"]))
    assert [json.loads(line)["content"] for line in whole.text.splitlines()] == [huge, huge]


@pytest.mark.parametrize("text", [*MARKUP, *FORMULAS])
def test_hostile_names_are_inert_on_slips(root, text):
    answer = root.post(reverse("admin:auth_group_class"), {"group": text, "people": f"{text}\nanna,{SCRIPT}"})
    assert answer.status_code == 200
    assert _is_inert(answer)


def test_a_slip_with_a_script_for_a_name_is_a_slip(root):
    answer = root.post(reverse("admin:auth_group_class"), {"group": SCRIPT, "people": f"anna,{SCRIPT}"})
    assert answer.text.count('class="slip-code"') == 1
    assert "&lt;script&gt;alert(1)" in answer.text


def test_options_of_any_shape_are_shown(root, owner):
    shapes: list[Any] = [[], "text", 7, {"deep": {"er": [1, {"x": None}]}}]
    for options in shapes:
        call = rows.exchange(rows.conversation(owner), options=options)
        assert root.get(reverse("admin:conversations_generation_change", args=[call.pk])).status_code == 200
        assert (
            root.get(
                reverse("admin:conversations_conversation_change", args=[call.conversation_id])
            ).status_code
            == 200
        )
    assert root.get(reverse("admin:conversations_generation_changelist")).status_code == 200


def test_unknown_words_of_the_log_are_shown_as_they_are(root, owner):
    call = rows.exchange(rows.conversation(owner), reason="from_the_future")
    assert (
        "from_the_future" in root.get(reverse("admin:conversations_generation_change", args=[call.pk])).text
    )
