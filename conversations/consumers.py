"""The socket of a conversation's page: authenticates, parses, hands on to services and runner, sends frames."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from django.db import Error as DatabaseError
from django.utils import translation

from . import asking, commands, database, describe, events, notify, snapshots
from .generation import stopping
from .generation.backend import backend
from .generation.live import Room
from .generation.runner import runner
from .languages import language_of
from .models import Conversation, User
from .offering import chooser
from .services import branches, messages
from .services.beginning import Asker
from .services.conversations import Chosen
from .services.errors import Refused
from .services.messages import Asked
from .sessions import Login, session_watch
from .socket import NOT_FOUND, NOT_LOGGED_IN, RESTARTING, TOO_MANY, BoundedSocket

logger = logging.getLogger(__name__)

# The rest comes in pieces that the reader acknowledges: one that does not read costs no more than this.
_MAX_SNAPSHOT_CHARS = 16_384
# Between two snapshots that a page asks for.
_RESYNC_SECONDS = 3
# Events that wait behind a snapshot while the database takes its time.
_MOST_MEANWHILE = 100


class ConversationConsumer(BoundedSocket):
    """One tab that shows one conversation."""

    user: User
    room: Room | None = None
    _reading: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Accept who is logged in; close again what is not theirs."""
        if not self.scope["user"].is_authenticated:
            await self.close()
            return
        self.user = self.scope["user"]
        self.conversation: UUID = self.scope["url_route"]["kwargs"]["conversation"]
        self.signature = parse_qs(self.scope["query_string"].decode()).get("new", [""])[0]
        self._ready = False
        self._snapshot_end: tuple[UUID, events.Position] | None = None
        # What this reader has of an answer whose text is longer than a snapshot; None: all that is shown.
        self._shown: tuple[UUID, events.Position] | None = None
        self._status: events.OllamaState | None = None
        self._resync_from = 0.0
        # What was told while a snapshot was read, which may not have it yet.
        self._meanwhile: deque[str] = deque(maxlen=_MOST_MEANWHILE)
        await self.accept()
        self.start()
        if runner.draining:
            self.outbox.put(RESTARTING)
            return
        self.room = runner.rooms.open(self.conversation)
        self.room.viewers.add(self)
        session_watch.add(self, self._login())
        notify.join(self.user.pk, self)
        await self._read_again()

    def _login(self) -> Login:
        return Login(self.scope["session_key"], self.user.pk, self.user.get_session_auth_hash())

    def left(self) -> None:
        """Leave the room, and the person's pages."""
        session_watch.remove(self)
        notify.leave(self.scope["user"].pk, self)
        if self._reading is not None:
            self._reading.cancel()
        if self.room is not None:
            runner.rooms.leave(self.room, self)

    # --- What others tell this socket

    def deliver(self, frame: str, event: events.Event) -> None:
        """Send a frame of the room; before the snapshot there is nothing that it would join."""
        if not self._ready:
            return
        if not isinstance(event, events.GenerationDelta):
            self.outbox.put(frame)
        elif self._shown is None or self._shown[0] != event.generation:
            self.outbox.put_text(frame, event.generation, event.end)

    def _catch_up(self) -> None:
        """Send more of a long answer's text, as the reader takes it, until the room's frames join on."""
        answer = self.room.answer if self.room else None
        while self._shown is not None and self.outbox.has_room:
            generation, at = self._shown
            more = answer.after(at) if answer is not None and answer.id == generation else None
            self._shown = (generation, more.end) if more else None
            if more:
                self.outbox.put_text(more.frame(), generation, more.end)

    def backend_changed(self) -> None:
        """Tell what has become of the model that would answer here."""
        status = backend.state(self.room.wanted if self.room else "")
        if self._ready and status != self._status:
            self._status = status
            self.outbox.put(events.OllamaStatus(**msgspec.structs.asdict(status)).frame())

    def end_session(self) -> None:
        """Tell that the person is not logged in any more, and close."""
        self._ready = False
        self.outbox.end(NOT_LOGGED_IN, last=events.SessionEnded().frame())

    def restart(self) -> None:
        """Close, for the browser to come back."""
        self._ready = False
        self.outbox.put(RESTARTING)

    def refresh(self) -> None:
        """Send a new snapshot: what happened in between was not told."""
        if self._ready:
            if self._reading is not None:
                self._reading.cancel()
            self._reading = asyncio.create_task(self._read_again())

    async def _read_again(self, after: float = 0) -> None:
        """Send a snapshot. Until there is one nothing else is told: where it cannot be read, the page comes back."""
        await asyncio.sleep(after)
        try:
            await self._send_snapshot()
        except DatabaseError as error:
            logger.warning("A conversation cannot be read now: %s", error)
            self.outbox.put(RESTARTING)

    def user_event(self, frame: str) -> None:
        """Pass on an event for all of this person's pages, behind the snapshot if one is being read."""
        if self._ready:
            self.outbox.put(frame)
        else:
            self._meanwhile.append(frame)

    # --- What the browser asks for

    async def handle(self, text: str | None) -> None:
        """Handle one frame; whatever it holds, the socket lives on."""
        client_id = None
        try:
            command = commands.parse(text)
            client_id = getattr(command, "client_id", None)
            await _HANDLERS[type(command)](self, command)
        except commands.BadFrame as error:
            self._refuse(Refused(error.code), error.client_id)
            if not self.inbox.count_bad():
                self.outbox.put(TOO_MANY)
        except Refused as refusal:
            self._refuse(refusal, client_id)
        except DatabaseError as error:
            logger.warning("A command could not be stored: %s", error)
            self._refuse(Refused("internal"), client_id)
        except Exception:
            logger.exception("A command failed")
            self._refuse(Refused("internal"), client_id)

    def _refuse(self, refusal: Refused, client_id: str | None) -> None:
        accepted = dict(self.scope["headers"]).get(b"accept-language", b"").decode("latin-1")
        with translation.override(language_of(self.user, accepted, self.scope["cookies"])):
            text = str(refusal)
        self.outbox.put(
            events.Error(code=refusal.code, text=text, client_id=client_id, limit=refusal.limit).frame()
        )

    async def _message_send(self, command: commands.MessageSend) -> None:
        await self._ask_as_chosen(
            command,
            partial(
                messages.send,
                client_id=command.client_id,
                text=command.text,
                parent=command.parent,
                attachments=command.attachments or (),
            ),
        )

    async def _message_edit(self, command: commands.MessageEdit) -> None:
        await self._ask_as_chosen(
            command,
            partial(
                messages.edit,
                client_id=command.client_id,
                message=command.message,
                text=command.text,
                attachments=command.attachments,
            ),
        )

    async def _ask_as_chosen(
        self, command: commands.MessageSend | commands.MessageEdit, ask: Callable[..., Asked]
    ) -> None:
        chosen = Chosen(command.model, command.options, command.system, command.think)
        await self._ask(partial(ask, chosen=chosen))
        if command.model is not None and self.room:
            self.room.wanted = command.model

    async def _answer_regenerate(self, command: commands.AnswerRegenerate) -> None:
        await self._ask(
            partial(
                messages.regenerate,
                client_id=command.client_id,
                message=command.message,
                model=command.model,
                options=command.options,
            )
        )

    async def _answer_continue(self, command: commands.AnswerContinue) -> None:
        await self._ask(
            partial(messages.continue_answer, client_id=command.client_id, message=command.message)
        )

    async def _ask(self, ask: Callable[[Asker], Asked]) -> None:
        stored = await asyncio.shield(asking.begin(self.user, self.conversation, self.signature, ask))
        if not stored.has_begun:
            await self._tell_again(stored.asked, stored.told)

    async def _tell_again(self, asked: Asked, told: list[events.Event]) -> None:
        for event in told:
            self.outbox.put(event.frame())
        if asked.generation.is_live:
            await self._read_again()
        else:
            self.outbox.put(describe.finished(asked.generation).frame())

    async def _branch_select(self, command: commands.BranchSelect) -> None:
        await self._show_branch(branches.select, command.message)

    async def _message_delete(self, command: commands.MessageDelete) -> None:
        await self._show_branch(branches.delete, command.message)

    async def _show_branch(self, change: Callable[[User, UUID, UUID], Conversation], message: UUID) -> None:
        row = await database.sockets.run(change, self.user, self.conversation, message)
        if self.room:
            self.room.changes += 1
        await notify.conversation_updated(row, running=False)

    async def _message_rate(self, command: commands.MessageRate) -> None:
        row = await database.sockets.run(
            branches.rate, self.user, self.conversation, command.message, command.rating, command.comment
        )
        notify.message_rated(self.user.pk, row)

    async def _generation_stop(self, command: commands.GenerationStop) -> None:
        answer = self.room.answer if self.room else None
        if answer is not None and answer.id == command.generation and answer.id in runner.answers:
            runner.stop(answer.id, by=self.user)
            return
        await stopping.stop_for(self.user, command.generation)

    async def _ack(self, command: commands.Ack) -> None:
        self.outbox.ack(command.generation, command.end)
        if self._snapshot_end and self._snapshot_end[0] == command.generation:
            self._snapshot_end = None
        self._catch_up()

    async def _resync(self, _command: commands.Resync) -> None:
        if self._snapshot_end is not None or self.outbox.is_waiting:
            raise Refused("rate")
        if self._reading is None or self._reading.done():
            # Each costs as much as a long answer's text: whoever asks for many has to wait for them.
            now = time.monotonic()
            self._reading = asyncio.create_task(self._read_again(after=self._resync_from - now))
            self._resync_from = max(self._resync_from, now) + _RESYNC_SECONDS

    async def _ping(self, _command: commands.Ping) -> None:
        self.outbox.put(events.Pong().frame())

    # --- Snapshot

    async def _send_snapshot(self) -> None:
        """Send the state and join the room's frames exactly where it ends."""
        room = self.room
        if room is None:
            return
        self._ready = False
        load = partial(snapshots.load, self.user, self.conversation, self.signature, chooser(self.user))
        while True:
            changes, answer = room.changes, room.answer
            found = await database.sockets.run(load, with_text=answer is None)
            if (room.changes, room.answer) == (changes, answer):
                break
        if found is None:
            # What this socket has sent along already must not find the room's answer.
            runner.rooms.leave(room, self)
            self.room = None
            # A deleted account's conversations are gone before anybody has looked at its logins.
            await session_watch.look_at(self)
            self.outbox.put(NOT_FOUND)
            return
        state, generation = found
        room.wanted = state.model
        if answer is not None:
            generation = answer.snapshot()
        elif generation is not None:
            runner.following.wake()
        if generation is not None:
            generation = events.beginning(generation, _MAX_SNAPSHOT_CHARS)
        self._snapshot_end = self._shown = (generation.id, generation.end) if generation else None
        self._status = backend.state(room.wanted)
        self._ready = True
        snapshot = events.Snapshot(conversation=state, generation=generation, ollama=self._status)
        self.outbox.begin_again()
        self.outbox.put(snapshot.frame())
        while self._meanwhile:
            self.outbox.put(self._meanwhile.popleft())
        self._catch_up()


_HANDLERS: dict[type[commands.Command], Callable[[ConversationConsumer, Any], Any]] = {
    commands.MessageSend: ConversationConsumer._message_send,
    commands.MessageEdit: ConversationConsumer._message_edit,
    commands.MessageDelete: ConversationConsumer._message_delete,
    commands.MessageRate: ConversationConsumer._message_rate,
    commands.AnswerRegenerate: ConversationConsumer._answer_regenerate,
    commands.AnswerContinue: ConversationConsumer._answer_continue,
    commands.BranchSelect: ConversationConsumer._branch_select,
    commands.GenerationStop: ConversationConsumer._generation_stop,
    commands.Ack: ConversationConsumer._ack,
    commands.Resync: ConversationConsumer._resync,
    commands.Ping: ConversationConsumer._ping,
}
