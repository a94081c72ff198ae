"""Which Ollama answers now, which models it offers and in what state they are.

One picture per process, refreshed every few seconds by `watch` and before a question when it may be out of date;
pages read it from any thread, for it is replaced, never changed. Ollama at OLLAMA_BASE_URL always comes first; the
embedded model of `manage.py serve` answers only while nobody does there.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from conversations.events import OllamaState
from conversations.ollama.catalogue import Abilities, LoadedModel, ModelDetails, ModelInfo, abilities
from conversations.ollama.client import OllamaClient
from conversations.ollama.errors import OllamaError
from conversations.ollama.transport import Timeouts
from conversations.services.errors import Refused

logger = logging.getLogger(__name__)

_REFRESH_SECONDS = 3.0
# A question waits no longer than this for a fresh picture.
_PATIENCE_SECONDS = 1.5
_FALLBACK_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model that can complete; `size` in bytes, `loaded` when it is in memory. The last two as in `Abilities`."""

    name: str
    size: int | None
    loaded: bool
    vision: bool | None = None
    thinking: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """What was seen at the last look. `loaded` maps names to their window in tokens, `abilities` to what they can do;
    `down_since` tells of silence."""

    looked: bool = False
    demonstration: bool = False
    down_since: datetime | None = None
    models: tuple[ModelInfo, ...] = ()
    loaded: dict[str, int | None] = field(default_factory=dict)
    abilities: dict[str, Abilities] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the names of the models that can complete."""
        return [model.name for model in self.models]


class Backend:
    """The picture, and the clients it is drawn with."""

    def __init__(self) -> None:
        timeouts = Timeouts(
            first_byte=settings.OLLAMA_FIRST_BYTE_TIMEOUT, stall=settings.OLLAMA_STALL_TIMEOUT
        )
        self.picture = Picture()
        self._timeouts = timeouts
        self._ollama = OllamaClient(settings.OLLAMA_BASE_URL, settings.OLLAMA_API_KEY, timeouts=timeouts)
        self._embedded: OllamaClient | None = None
        self._details: dict[tuple[str, str], ModelDetails] = {}
        self._looking: asyncio.Task[None] | None = None
        self._asked_for_loaded: tuple[OllamaClient, asyncio.Task[list[LoadedModel]]] | None = None
        self._changed: Callable[[], None] = lambda: None

    def use_embedded(self, url: str) -> None:
        """Fall back to the embedded model at `url` from now on."""
        self._embedded = OllamaClient(url, timeouts=self._timeouts)

    @property
    def client(self) -> OllamaClient:
        """The client of whoever answers now."""
        return self._embedded if self.picture.demonstration and self._embedded else self._ollama

    @property
    def ollama(self) -> OllamaClient:
        """The client of the real one, whoever answers now."""
        return self._ollama

    @property
    def num_parallel(self) -> int:
        """How many calls one model takes at once."""
        return settings.EMBEDDED_NUM_PARALLEL if self.picture.demonstration else settings.OLLAMA_NUM_PARALLEL

    def offered(self) -> list[OfferedModel]:
        """Return the models that a person can choose from."""
        loaded = self.picture.loaded
        return [
            OfferedModel(model.name, model.size, model.name in loaded, *self.abilities(model.name))
            for model in self.picture.models
        ]

    def abilities(self, name: str) -> Abilities:
        """Return what a model can do, as far as that is known."""
        return self.picture.abilities.get(name, Abilities())

    def sees(self, name: str) -> bool | None:
        """Return whether a model takes pictures, None where nobody knows."""
        return self.abilities(name).vision

    def think(self, name: str, wanted: str) -> bool | str | None:
        """Return what to tell a model about thinking where `wanted` (`Conversation.think`) is asked for; None: nothing.

        Ollama refuses a question that asks a model to think which cannot
        (https://github.com/ollama/ollama/blob/main/server/routes.go, ChatHandler), so it is asked of no other.
        """
        level = wanted in {"low", "medium", "high", "max"}
        match self.abilities(name).thinking:
            case "levels":
                return wanted if level else None
            case "switch" if wanted:
                return wanted != "off"
        return None

    def choose(self, wanted: str) -> str:
        """Return the name of the model that answers where `wanted` ("": any) is asked for.

        Raises Refused(unknown_model) for one that is not there. While nobody tells what is there, it is the wanted
        one: the call itself will tell.
        """
        names = self.picture.names()
        if not names:
            return wanted or settings.DEFAULT_MODEL
        if self.picture.demonstration:
            return names[0]
        if wanted:
            found = _find(wanted, names)
            if not found:
                raise Refused("unknown_model", detail=wanted)
            return found
        return _find(settings.DEFAULT_MODEL, names) or self._stand_in(names)

    def _stand_in(self, names: list[str]) -> str:
        return next((name for name in names if name in self.picture.loaded), names[0])

    def state(self, wanted: str) -> OllamaState:
        """Return what the page tells about the model that would answer."""
        picture = self.picture
        asked = wanted or settings.DEFAULT_MODEL
        if not picture.looked:
            return OllamaState(state="starting", model=asked)
        if picture.down_since:
            return OllamaState(state="down", model=asked, since=picture.down_since)
        if not picture.models:
            return OllamaState(state="empty", model=settings.DEFAULT_MODEL)
        try:
            name = self.choose(wanted)
        except Refused:
            return OllamaState(state="missing", model=wanted)
        return OllamaState(
            state="ready" if name in picture.loaded else "unloaded",
            model=name,
            wanted="" if name == _find(asked, [name]) else asked,
            demonstration=picture.demonstration,
            **self.abilities(name)._asdict(),
        )

    async def watch(self, changed: Callable[[], None]) -> None:
        """Look every few seconds for as long as the process lives; call `changed` when the picture did."""
        self._changed = changed
        while True:
            await self.refresh()
            await asyncio.sleep(_REFRESH_SECONDS)

    async def prepare(self) -> None:
        """Make sure, within a moment, that a model which has just appeared is seen before a question goes out."""
        if not self._sees_ollama:
            await asyncio.wait([asyncio.ensure_future(self._look_afresh())], timeout=_PATIENCE_SECONDS)

    @property
    def _sees_ollama(self) -> bool:
        return self.picture.looked and not self.picture.down_since and not self.picture.demonstration

    async def _look_afresh(self) -> None:
        under_way = self._looking is not None and not self._looking.done()
        await self.refresh()
        # That look may have begun before Ollama did.
        if under_way and not self._sees_ollama:
            await self.refresh()

    async def refresh(self) -> None:
        """Draw a new picture; calls at the same time share one look."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)

    async def _look(self) -> None:
        try:
            picture = await self._draw(self._ollama, demonstration=False)
        except OllamaError as error:
            picture = await self._without_ollama(error)
        before, self.picture = self.picture, picture
        if picture != before:
            self._changed()

    async def _without_ollama(self, error: OllamaError) -> Picture:
        if self._embedded is not None:
            try:
                return await self._draw(self._embedded, demonstration=True)
            except OllamaError:
                return Picture()
        since = self.picture.down_since
        if since is None:
            logger.warning("Ollama does not answer at %s: %s", settings.OLLAMA_BASE_URL, error)
        return Picture(looked=True, down_since=since or timezone.now())

    async def _draw(self, client: OllamaClient, *, demonstration: bool) -> Picture:
        models, loaded = await asyncio.gather(client.tags(), client.ps())
        known = {model: await self._capabilities(client, model) for model in models}
        able = {model: told for model, told in known.items() if told is None or "completion" in told}
        return Picture(
            looked=True,
            demonstration=demonstration,
            models=tuple(able),
            loaded={model.name: model.context_length for model in loaded},
            abilities={model.name: abilities(told, model.family) for model, told in able.items()},
        )

    async def _capabilities(self, client: OllamaClient, model: ModelInfo) -> frozenset[str] | None:
        if model.capabilities is not None:
            return model.capabilities
        try:
            return (await self._show(client, model.name, model.digest)).capabilities
        except OllamaError:
            return None

    async def loaded(self, client: OllamaClient) -> set[str]:
        """Return the names of the models in memory now. Raises OllamaError.

        Those who ask at the same time share one request: all answers that begin together want to know.
        """
        shared = self._asked_for_loaded
        if shared is None or shared[0] is not client or shared[1].done():
            asking = asyncio.create_task(client.ps())
            # An error of which everybody has stopped to wait is nobody's.
            asking.add_done_callback(lambda done: done.cancelled() or done.exception())
            shared = self._asked_for_loaded = client, asking
        return {model.name for model in await asyncio.shield(shared[1])}

    async def _show(self, client: OllamaClient, name: str, digest: str) -> ModelDetails:
        key = (name, digest)
        if key not in self._details:
            self._details[key] = await client.show(name)
        return self._details[key]

    async def details(self, name: str) -> ModelDetails | None:
        """Return what Ollama knows about a model, None where it does not tell."""
        digest = next((model.digest for model in self.picture.models if model.name == name), "")
        try:
            return await self._show(self.client, name, digest)
        except OllamaError:
            return None

    async def window(self, name: str) -> int:
        """Return how many tokens the model takes, prompt and answer together, where no num_ctx is asked for."""
        loaded = self.picture.loaded.get(name)
        if loaded:
            return loaded
        details = await self.details(name)
        if details is None:
            return _FALLBACK_WINDOW
        own = details.parameters.get("num_ctx")
        trained = details.context_length or _FALLBACK_WINDOW
        return own if isinstance(own, int) and own > 0 else min(trained, _FALLBACK_WINDOW)

    async def aclose(self) -> None:
        """Close the connections."""
        asked = self._asked_for_loaded[1] if self._asked_for_loaded else None
        for look in filter(None, (self._looking, asked)):
            look.cancel()
            await asyncio.wait([look])
        await self._ollama.aclose()
        if self._embedded is not None:
            await self._embedded.aclose()


def _find(wanted: str, names: list[str]) -> str:
    """Return the name that `wanted` means, with or without Ollama's silent `:latest`."""
    return next((name for name in names if name in (wanted, f"{wanted}:latest")), "")


backend = Backend()
