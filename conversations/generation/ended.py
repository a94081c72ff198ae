"""What is noted of each generation that has ended, beside its row: a line of the log for machines, and the metrics."""

import logging
from uuid import UUID

from conversations import metrics
from conversations.models import Generation
from conversations.services import generations
from conversations.services.generations import Ending, Fact

logger = logging.getLogger("conversations.answers")


def finish(generation: UUID, ending: Ending, facts: list[Fact]) -> Generation | None:
    """End a generation, and note it; where another process has done so, what it has kept is what pages show."""
    row = generations.finish(generation, ending, facts)
    if row is None:
        return generations.ended(generation)
    note(row)
    return row


def note(row: Generation) -> None:
    """Count an ended generation, and tell of it without a word of its text."""
    metrics.ended(row)
    facts = {
        "generation": str(row.pk),
        "model": row.model,
        "status": row.status,
        "reason": row.reason,
        "first_token_ms": row.first_token_ms,
        "total_ms": row.total_ms,
        "output_tokens": row.output_tokens,
    }
    logger.info("An answer ended", extra=facts)
