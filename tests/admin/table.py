"""Who gets what at every address of the site.

Each address stands here by its name, with who is let in. `tests/admin/test_matrix.py` holds the site to it, and fails
for an address that is missing here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# What an address does with who is not let in, or is.
ALLOWED, LOGIN, REFUSED, MISSING, UNFIT, GONE = "allowed", "login", "refused", "missing", "unfit", "gone"
# Nobody is let in by being logged in.
TOKEN = "token"
# Who is let in, besides who has a permission.
EVERYBODY, PEOPLE, OWNER, STAFF, NOBODY = "everybody", "people", "owner", "staff", "nobody"


@dataclass(frozen=True)
class Case:
    """One kind of request at the address `name`: for `who`, or for staff with all the permissions of `needs`, where
    one of those with a bar between is enough.

    `args` name what stands in the address, by the names of `tests/admin/world.py`. `shows` says that the answer holds
    what was said in somebody's conversation, or its title.
    """

    name: str
    args: tuple[str, ...] = ()
    who: str = STAFF
    needs: tuple[str, ...] = ()
    method: str = "get"
    data: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    answer: str = ALLOWED
    # The answer to kinds of people that get another one than `who` says.
    but: Mapping[str, str] = field(default_factory=dict)
    shows: bool = False

    @property
    def reads(self) -> bool:
        """Whether it takes the right to read what people say."""
        return "view_message" in self.needs

    def __str__(self) -> str:
        return f"{self.method} {self.name} {' '.join(map(str, self.args))}{dict(self.data) or ''}"


def get(name: str, *args: str, **more: Any) -> Case:
    """Return a case of looking."""
    return Case(name, args, **more)


def post(name: str, *args: str, **more: Any) -> Case:
    """Return a case of doing."""
    return Case(name, args, method="post", **more)


SITE = [
    # What a person owns.
    get("conversation", "conversation", who=OWNER, shows=True),
    get("conversation_messages", "conversation", who=OWNER, shows=True),
    post("conversation_rename", "conversation", who=OWNER, data={"title": "x"}),
    post("conversation_pin", "conversation", who=OWNER, data={"pinned": "1"}),
    post("conversation_archive", "conversation", who=OWNER, data={"archived": "1"}),
    post("conversation_delete", "conversation", who=OWNER),
    post("conversation_restore", "deleted", who=OWNER),
    get("conversation_carry", "conversation", who=OWNER, shows=True),
    post("conversation_share", "conversation", who=OWNER),
    post("conversation_unshare", "conversation", who=OWNER),
    get("conversation_export", "conversation", "md", who=OWNER, shows=True),
    get("conversation_export", "conversation", "json", who=OWNER, shows=True),
    get("conversation_export", "conversation", "html", who=OWNER, shows=True),
    get("find_in_conversation", "conversation", who=OWNER, data={"q": "secret"}),
    get("attachment", "attachment", who=OWNER, shows=True),
    get("account_import_show", "import", who=OWNER),
    post("account_import_piece", "import", who=OWNER, query="?at=0"),
    post("account_import_step", "import", who=OWNER),
    get("preset", "own_preset", who=OWNER),
    post("preset", "own_preset", who=OWNER),
    post("delete_preset", "own_preset", who=OWNER),
    post("default_preset", who=OWNER, data={"preset": "{own_preset}"}),
    post("end_browser", "browser", who=OWNER),
    post("revoke_token", "apitoken", who=OWNER),
    # What everybody has of their own.
    get("home", who=PEOPLE, shows=True),
    get("search", who=PEOPLE, data={"q": "secret"}, shows=True),
    get("conversation_list", who=PEOPLE, shows=True),
    get("archived", who=PEOPLE),
    get("model_state", who=PEOPLE),
    get("model_options", who=PEOPLE),
    get("allowance", who=PEOPLE),
    post("attachments", who=PEOPLE, answer=UNFIT),
    get("account", who=PEOPLE, shows=True),
    post("account", who=PEOPLE, shows=True),
    # Leads to the account.
    get("tokens", who=PEOPLE),
    post("tokens", who=PEOPLE, data={"name": "x", "days": "7"}, shows=True),
    get("account_readings", who=PEOPLE),
    get("account_export", who=PEOPLE, shows=True),
    get("account_import", who=PEOPLE),
    post("account_import", who=PEOPLE, answer=UNFIT),
    get("account_delete", who=PEOPLE),
    post("account_delete", who=PEOPLE),
    get("presets", who=PEOPLE),
    get("new_preset", who=PEOPLE),
    post("new_preset", who=PEOPLE),
    get("preset_menu", who=PEOPLE),
    post("end_other_browsers", who=PEOPLE),
    post("log_out_everywhere", who=PEOPLE),
    get("account_change_password", who=PEOPLE),
    get("account_set_password", who=PEOPLE),
    # What is open to all.
    get("shared", "token", who=EVERYBODY, shows=True),
    get("shared_file", "token", "attachment", who=EVERYBODY, shows=True),
    get("shared", "nothing", who=EVERYBODY, answer=MISSING),
    get("join", "invited", who=EVERYBODY),
    get("join", "nothing", who=EVERYBODY, answer=GONE),
    get("account_first", who=EVERYBODY),
    post("account_first", who=EVERYBODY),
    get("setup", who=EVERYBODY, answer=GONE),
    get("account_login", who=EVERYBODY),
    get("account_logout", who=EVERYBODY),
    get("account_inactive", who=EVERYBODY),
    get("account_deleted", who=EVERYBODY),
    # Whoever has an account is led home; others have theirs made by an administrator.
    get("account_signup", who=EVERYBODY, but={"anonymous": REFUSED}),
    get("account_reset_password", who=EVERYBODY),
    get("account_reset_password_done", who=EVERYBODY),
    get("account_reset_password_from_key", "nothing", "nothing", who=EVERYBODY),
    get("account_reset_password_from_key_done", who=EVERYBODY),
    post("set_language", who=EVERYBODY),
    post("set_theme", who=EVERYBODY),
    get("manifest", who=EVERYBODY),
    get("healthz", who=EVERYBODY),
    get("readyz", who=EVERYBODY),
    # For who has the token, which nobody has by an account.
    get("metrics", who=EVERYBODY, answer=MISSING),
    # Who has a token of a person's own is in tests/process/test_api_bad_input.py.
    post("api_chat", who=EVERYBODY, answer=TOKEN),
    get("api_generation", "generation", who=EVERYBODY, answer=TOKEN),
    post("api_stop", "generation", who=EVERYBODY, answer=TOKEN),
    get("api_models", who=EVERYBODY, answer=TOKEN),
    get("api_conversations", who=EVERYBODY, answer=TOKEN),
    get("api_conversation", "conversation", who=EVERYBODY, answer=TOKEN),
]

CONVERSATION, GENERATION, GROUP = (
    "admin:conversations_conversation",
    "admin:conversations_generation",
    "admin:auth_group",
)
PULL, USER, USAGE = "admin:conversations_pull", "admin:conversations_user", "admin:conversations_usageday"
# Django lets see what may be changed.
SEE_LIST, SEE_CALLS = "view_conversation|change_conversation", "view_generation|change_generation"
SEE_LOG, SEE_USAGE, SEE_PEOPLE = (
    "view_access|change_access",
    "view_usageday|change_usageday",
    "view_user|change_user",
)
TRANSCRIPT = (SEE_LIST, "view_message")
END_OF_TERM = ("view_group|change_group", "change_user", "delete_user")
PERSON_FIELD = {"app_label": "conversations", "model_name": "conversation", "field_name": "owner"}

ADMIN = [
    get("admin:index"),
    get("admin:login", who=EVERYBODY, but={"owner": REFUSED, "other": REFUSED, "anonymous": LOGIN}),
    post("admin:logout", who=EVERYBODY),
    get("admin:password_change"),
    get("admin:password_change_done"),
    get("admin:jsi18n"),
    # Leads to the owner's page, which is there for the owner alone.
    get("admin:view_on_site", "type", "conversation"),
    get("admin:app_list", "conversations", but={"without": MISSING, "with": MISSING}),
    get("admin:app_list", "auth", but={"without": MISSING, "with": MISSING}),
    get("admin/(?P<url>.*)$", answer=MISSING),
    get("admin:autocomplete", needs=(SEE_PEOPLE,), data=PERSON_FIELD),
    # The log.
    get(f"{CONVERSATION}_changelist", needs=(SEE_LIST,), shows=True),
    get(f"{CONVERSATION}_change", "conversation", needs=TRANSCRIPT, shows=True),
    # Leads to the transcript.
    get(f"{CONVERSATION}_history", "conversation"),
    get(f"{CONVERSATION}_part", "conversation", needs=TRANSCRIPT, shows=True),
    get(f"{CONVERSATION}_attachment", "conversation", "attachment", needs=TRANSCRIPT, shows=True),
    get(f"{CONVERSATION}_whole", "conversation", "csv", needs=TRANSCRIPT, shows=True),
    get(f"{CONVERSATION}_whole", "conversation", "jsonl", needs=TRANSCRIPT, shows=True),
    get(f"{CONVERSATION}_messages", "csv", needs=TRANSCRIPT, shows=True),
    get(f"{CONVERSATION}_messages", "jsonl", needs=TRANSCRIPT, shows=True),
    get(f"{CONVERSATION}_export", "csv", needs=(SEE_LIST,), shows=True),
    get(f"{CONVERSATION}_export", "jsonl", needs=(SEE_LIST,), shows=True),
    get(f"{GENERATION}_export", "csv", needs=(SEE_CALLS,)),
    get(f"{GENERATION}_export", "jsonl", needs=(SEE_CALLS,)),
    post(f"{GENERATION}_stop", "generation", needs=("view_generation", "stop_generation")),
    get("admin:conversations_access_change", "access", needs=(SEE_LOG,), shows=True),
    get("admin:conversations_access_changelist", needs=(SEE_LOG,), shows=True),
    get("admin:conversations_access_export", "csv", needs=(SEE_LOG,), shows=True),
    get("admin:conversations_access_export", "jsonl", needs=(SEE_LOG,), shows=True),
    # Figures.
    get(f"{USAGE}_changelist", needs=(SEE_USAGE,)),
    get(f"{USAGE}_changelist", needs=(SEE_USAGE,), data={"csv": "models"}),
    # Ollama's models.
    get(f"{PULL}_changelist", needs=("manage_models",)),
    get(f"{PULL}_progress", needs=("manage_models",)),
    post(f"{PULL}_start", needs=("manage_models",), data={"model": "qwen3:0.6b"}),
    post(f"{PULL}_stop", "pull", needs=("manage_models",)),
    # Classes and people.
    get(f"{GROUP}_class", needs=("add_group", "add_user")),
    post(f"{GROUP}_class", needs=("add_group", "add_user"), data={"group": "7b", "people": "Anna"}),
    get(f"{GROUP}_end", "group", needs=END_OF_TERM),
    post(f"{GROUP}_end", "group", needs=END_OF_TERM, data={"name": "7a"}),
    post(f"{GROUP}_disable", "group", needs=END_OF_TERM),
    post(f"{USER}_reset_link", "user", needs=("change_user",)),
    get("admin:auth_user_password_change", "user", needs=("change_user",)),
    post("admin:auth_user_password_change", "user", needs=("change_user",)),
]


@dataclass(frozen=True)
class Rows:
    """What staff does with rows of one kind at Django's own addresses, with which rights; "" is done by nobody.

    `own` are the addresses that stand in `ADMIN`, as they take other rights.
    """

    kind: str
    view: str
    add: str = ""
    change: str = ""
    delete: str = ""
    own: tuple[str, ...] = ()

    def cases(self) -> Iterator[Case]:
        """Yield one for each of Django's addresses."""
        app, key = self.kind.split("_")
        name, view = f"admin:{self.kind}", {"needs": (self.view,)}
        looking = [
            get(f"{name}_changelist", **view),
            get(f"{name}_change", key, **view),
            get(f"{name}_history", key, **view),
        ]
        yield from (case for case in looking if case.name.rpartition("_")[2] not in self.own)
        yield get(f"admin/{app}/{key}/<path:object_id>/", key)
        for action, right in (("add", self.add), ("change", self.change), ("delete", self.delete)):
            args = () if action == "add" else (key,)
            rights: dict[str, Any] = {"needs": tuple(right.split())} if right else {"who": NOBODY}
            data = {"post": "yes"} if action == "delete" else {}
            yield post(f"{name}_{action}", *args, data=data, **rights)
            if action != "change":
                yield get(f"{name}_{action}", *args, **rights)


def _all(kind: str, add: str = "") -> Rows:
    key = kind.split("_")[1]
    return Rows(kind, f"view_{key}|change_{key}", add or f"add_{key}", f"change_{key}", f"delete_{key}")


ROWS = [
    Rows("conversations_conversation", SEE_LIST, own=("changelist", "change", "history")),
    Rows("conversations_generation", SEE_CALLS),
    Rows("conversations_access", SEE_LOG, own=("changelist", "change")),
    Rows("conversations_usageday", SEE_USAGE, own=("changelist",)),
    Rows("conversations_pull", "manage_models", own=("changelist",)),
    Rows("conversations_apitoken", "view_apitoken|change_apitoken", delete="delete_apitoken"),
    _all("auth_group"),
    # Whoever makes accounts may change them: so does Django have it.
    _all("conversations_user", add="add_user change_user"),
    _all("conversations_invitation"),
    _all("conversations_modelprofile"),
    _all("conversations_quota"),
    _all("conversations_preset"),
]

CASES = [*SITE, *ADMIN, *(case for some in ROWS for case in some.cases())]
IN_ADMIN = [case for case in CASES if case.name.startswith("admin")]
