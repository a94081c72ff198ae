"""The rows of a made-up site, written in bulk: an ordinary past of two years, in minutes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from conversations.models import Conversation, Generation, Message, SearchEntry, User
from conversations.search import index
from conversations.services.conversations import title_from

from .texts import COMMON, RARE, Writer

_SPAN = timedelta(days=730)
_MODELS = ("internlm2:1.8b", "qwen3:4b", "llama3.2:3b")
_BATCH = 2000
# Of the messages, those of the first person, and those in the longest conversation.
_FIRST_SHARE = 0.9
_LONGEST_SHARE = 0.01
_LAST_MESSAGES = 20
# How many messages the rare words are in, all over the site.
_RARE_MESSAGES = 50


_STOPPED = (Generation.Status.STOPPED, "user_stop")
# How answers end, in shares of a hundred.
_ENDS = [
    *[(Generation.Status.COMPLETED, "stop")] * 93,
    *[(Generation.Status.COMPLETED, "length")] * 2,
    *[_STOPPED] * 3,
    (Generation.Status.FAILED, "ollama_error"),
    (Generation.Status.INTERRUPTED, "process_died"),
]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much there is to be: the first person has `conversations` of them, one of them long; the last has few."""

    users: int
    conversations: int
    messages: int
    # As many as there are answers, at least; what there is more stands for answers that were asked for again.
    generations: int = 0

    def lengths(self) -> Iterator[list[int]]:
        """Yield, person by person, how many messages each conversation has; an even number."""
        last = min(_LAST_MESSAGES, self.messages) if self.users > 1 else 0
        middle = max(0, self.users - 2)
        first = int(self.messages * _FIRST_SHARE) if middle else self.messages - last
        yield _lengths(first, self.conversations, int(self.messages * _LONGEST_SHARE))
        for number in range(middle):
            share = (self.messages - first - last) * (number + 1) // middle
            done = (self.messages - first - last) * number // middle
            yield _lengths(share - done, max(1, (share - done) // 20), 0)
        if self.users > 1:
            yield [last]


def _lengths(messages: int, conversations: int, longest: int) -> list[int]:
    """Share `messages` among `conversations`, one of them of `longest`, in turns of two."""
    pairs, long_pairs = messages // 2, longest // 2
    others = max(1, conversations - (1 if long_pairs else 0))
    rest = pairs - long_pairs
    lengths = [2 * (rest * (n + 1) // others - rest * n // others) for n in range(others)]
    lengths = [length for length in lengths if length]
    # In the middle of the past, where one comes upon it.
    return lengths[: others // 2] + ([2 * long_pairs] if long_pairs else []) + lengths[others // 2 :]


@dataclass(slots=True)
class _Rows:
    """Rows that wait to be written together."""

    conversations: list[Conversation] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    generations: list[Generation] = field(default_factory=list)
    entries: list[SearchEntry] = field(default_factory=list)

    def write(self) -> None:
        Conversation.objects.bulk_create(self.conversations, _BATCH)
        Message.objects.bulk_create(self.messages, _BATCH)
        Generation.objects.bulk_create(self.generations, _BATCH)
        index.add(self.entries)
        for rows in (self.conversations, self.messages, self.generations, self.entries):
            rows.clear()


class Seeding:
    """Writes a plan; `progress` is told how many messages there are after each batch."""

    def __init__(self, plan: Plan, password: str, progress: Callable[[int], None]) -> None:
        self._plan = plan
        self._password = password
        self._progress = progress
        self._writer = Writer(plan.messages)
        self._total = sum(map(sum, plan.lengths()))
        self._written = self._before = self._own = 0
        self._now = timezone.now()

    @transaction.atomic
    def write(self) -> list[User]:
        """Write all of it or nothing, and return the people. Raises IntegrityError where they are there already."""
        password = make_password(self._password)
        people = User.objects.bulk_create(
            User(username=f"demo{number + 1}", name=f"Demo {number + 1}", password=password)
            for number in range(self._plan.users)
        )
        rows = _Rows()
        for person, lengths in zip(people, self._plan.lengths(), strict=True):
            self._begin(sum(lengths))
            for length in lengths:
                self._conversation(rows, person, length)
                if len(rows.messages) >= _BATCH:
                    rows.write()
                    self._progress(self._written)
        rows.write()
        self._progress(self._written)
        return people

    def _begin(self, messages: int) -> None:
        """Begin the past of a person who has so many messages."""
        self._before, self._own = self._written, messages

    def _moment(self) -> datetime:
        """Return when the next message was written: those of a person are spread evenly over the past."""
        return self._now - _SPAN * (1 - (self._written - self._before) / self._own)

    def _conversation(self, rows: _Rows, owner: User, length: int) -> None:
        language = self._writer.language()
        model = _MODELS[len(rows.conversations) % len(_MODELS)]
        begun = self._moment()
        conversation = Conversation(id=uuid4(), owner=owner, model=model, updated_at=begun)
        above = None
        for _ in range(length // 2):
            above = self._turn(rows, conversation, above, language)
        conversation.title = title_from(rows.messages[-length].content)
        conversation.shown_leaf = above
        conversation.created_at = begun
        conversation.updated_at = above.created_at if above else begun
        rows.conversations.append(conversation)
        rows.entries.append(index.title_entry(conversation))

    def _turn(self, rows: _Rows, conversation: Conversation, above: Message | None, language: str) -> Message:
        question = self._message(rows, conversation, above, Message.Role.USER, language)
        answer = self._message(rows, conversation, question, Message.Role.ASSISTANT, language)
        self._calls(rows, conversation, answer)
        return answer

    def _calls(self, rows: _Rows, conversation: Conversation, answer: Message) -> None:
        """Add the calls for an answer: now and then it was stopped or failed, and continued where there are more."""
        number = self._written // 2
        share = max(1.0, self._plan.generations / max(1, self._total // 2))
        count = int(number * share) - int((number - 1) * share)
        for place in range(count):
            rows.generations.append(_generation(conversation, answer, place, is_last=place == count - 1))

    def _message(
        self, rows: _Rows, conversation: Conversation, parent: Message | None, role: str, language: str
    ) -> Message:
        words = []
        if self._written % 10 in (0, 2, 3, 5, 7, 9):
            words.append(COMMON[language == "zh"])
        if self._written % max(1, self._total // _RARE_MESSAGES) == 0:
            words += RARE
        write = self._writer.question if role == Message.Role.USER else self._writer.answer
        text = write(language, *words)
        message = Message(
            conversation=conversation,
            parent=parent,
            role=role,
            content=text.content,
            html=text.html,
            rating=_rating(self._written) if role == Message.Role.ASSISTANT else Message.Rating.NONE,
            created_at=self._moment(),
        )
        self._written += 1
        rows.messages.append(message)
        rows.entries.append(index.message_entry(message, conversation.owner_id, conversation.model))
        return message


def _rating(number: int) -> Message.Rating:
    """Return what is thought of the answer that is message `number`: mostly nothing is said."""
    return {0: Message.Rating.GOOD, 1: Message.Rating.BAD}.get(number // 2 % 40, Message.Rating.NONE)


def _generation(conversation: Conversation, answer: Message, place: int, *, is_last: bool) -> Generation:
    """Return a call that an answer of so many characters may have come from; those before the last were stopped."""
    began, tokens = answer.created_at + timedelta(seconds=place), max(1, len(answer.content) // 4)
    status, reason = _ENDS[int(answer.pk.hex[:4], 16) % len(_ENDS)] if is_last else _STOPPED
    first = timedelta(milliseconds=200 + tokens % 700)
    writing = timedelta(milliseconds=20 * tokens)
    return Generation(
        conversation=conversation,
        message=answer,
        client_id=f"{answer.pk}-{place}",
        requested_by_id=conversation.owner_id,
        model=conversation.model,
        status=status,
        reason=reason,
        process="demo",
        heartbeat=began,
        window=4096,
        queued_at=began,
        started_at=began,
        first_token_at=began + first,
        finished_at=began + first + writing,
        prompt_tokens=100 + tokens % 900,
        output_tokens=tokens,
        total_ns=(first + writing) // timedelta(microseconds=1) * 1000,
        output_ns=writing // timedelta(microseconds=1) * 1000,
    )
