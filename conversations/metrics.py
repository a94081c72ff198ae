"""What Prometheus is told of this process (https://prometheus.io/docs/practices/naming/): counts, times and states.

Each process has its own numbers; what several of them come to is added up by Prometheus.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .models import Generation

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)

registry = CollectorRegistry()
_generations = Counter(
    "chatsite_generations", "Generations that ended.", ["status", "reason", "model"], registry=registry
)
_tokens = Counter(
    "chatsite_tokens", "Tokens that models read and wrote.", ["kind", "model"], registry=registry
)
_first = Histogram(
    "chatsite_first_token_seconds",
    "From the start of a call to its first text.",
    ["model"],
    buckets=_SECONDS,
    registry=registry,
)
_duration = Histogram(
    "chatsite_generation_seconds",
    "From the start of a call to its end.",
    ["model"],
    buckets=_SECONDS,
    registry=registry,
)
_waited = Histogram(
    "chatsite_queue_seconds",
    "From the question to the start of the call.",
    buckets=_SECONDS,
    registry=registry,
)


def ended(row: Generation) -> None:
    """Count a generation that this process has ended."""
    _generations.labels(row.status, row.reason, row.model).inc()
    _tokens.labels("prompt", row.model).inc(row.prompt_tokens or 0)
    _tokens.labels("output", row.model).inc(row.output_tokens or 0)
    if row.started_at:
        _waited.observe(max(0.0, (row.started_at - row.queued_at).total_seconds()))
    if row.first_token_ms is not None:
        _first.labels(row.model).observe(row.first_token_ms / 1000)
    if row.total_ms is not None:
        _duration.labels(row.model).observe(row.total_ms / 1000)


State = Iterable[tuple[str, str, float]]


class _Gauges(Collector):
    """Names, descriptions and values of now."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        for name, description, value in self._state:
            yield GaugeMetricFamily(name, description, value)


def text(state: State) -> bytes:
    """Return all in the format that Prometheus reads, with what stands now: (name, description, value)."""
    gauges = CollectorRegistry()
    gauges.register(_Gauges(state))
    return generate_latest(registry) + generate_latest(gauges)
