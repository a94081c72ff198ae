"""Who is taken for dead, and who is not."""

import uuid
from datetime import UTC, datetime, timedelta

from conversations.generation.sweep import Silences

ONE, OTHER = uuid.uuid4(), uuid.uuid4()
THEN = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_heartbeat_that_stays_the_same_for_long_is_a_dead_process_whatever_the_clock_on_the_wall_says() -> (
    None
):
    silences = Silences()
    heartbeats = {ONE: THEN + timedelta(hours=1), OTHER: None}
    assert silences.long(heartbeats, 100) == {}
    assert silences.long(heartbeats, 119) == {}
    assert silences.long(heartbeats, 120) == heartbeats


def test_any_other_heartbeat_is_a_sign_of_life_also_an_earlier_one() -> None:
    silences = Silences()
    silences.long({ONE: THEN, OTHER: THEN}, 100)
    silences.long({ONE: THEN - timedelta(hours=1), OTHER: THEN}, 119)
    assert silences.long({ONE: THEN - timedelta(hours=1), OTHER: THEN}, 121) == {OTHER: THEN}


def test_after_an_outage_everybody_has_time_again() -> None:
    silences = Silences()
    silences.long({ONE: THEN}, 100)
    silences.forget()
    assert silences.long({ONE: THEN}, 130) == {}
    assert silences.long({ONE: THEN}, 150) == {ONE: THEN}
