"""Which values options take, and what is said of the others."""

import json
from typing import Any

import pytest
from django.utils import translation

from conversations.services import options
from conversations.services.errors import Refused

NUL = "\x00"
HALF_A_PAIR = "\ud83d"


@pytest.mark.parametrize(
    "chosen",
    [
        {"temperature": 0, "top_p": 1.0, "seed": -(2**31), "num_predict": -1},
        {"stop": ["</s>", "\n\n"]},
        {"main_gpu": 2**63 - 1, "use_mmap": False, "mode": "fast", "scale": 1e18},
    ],
)
def test_values_in_their_ranges_are_kept(chosen: dict[str, Any]) -> None:
    assert options.validate(chosen) == chosen


def test_null_takes_an_option_back() -> None:
    assert options.validate({"seed": None, "top_k": 5}) == {"top_k": 5}


@pytest.mark.parametrize(
    ("chosen", "name", "expected"),
    [
        ({"temperature": "hot"}, "temperature", "a number from 0 to 5"),
        ({"temperature": 10**400}, "temperature", "a number from 0 to 5"),
        ({"top_p": float("nan")}, "top_p", "a number from 0 to 1"),
        ({"top_p": float("inf")}, "top_p", "a number from 0 to 1"),
        ({"num_ctx": 1.5}, "num_ctx", "a whole number from 256 to 4194304"),
        ({"seed": True}, "seed", "a whole number from -2147483648 to 2147483647"),
        ({"stop": "text"}, "stop", "a list of at most 16 texts of 1 to 200 characters"),
        ({"stop": [f"a{NUL}b"]}, "stop", "a list of at most 16 texts of 1 to 200 characters"),
        ({"stop": ["x"] * 17}, "stop", "a list of at most 16 texts of 1 to 200 characters"),
        ({"zzz": 10**400}, "zzz", "a number, true, false or a text of 1 to 200 characters"),
        ({"zzz": 2**63}, "zzz", "a number, true, false or a text of 1 to 200 characters"),
        ({"zzz": -float("inf")}, "zzz", "a number, true, false or a text of 1 to 200 characters"),
        ({"zzz": {"deep": 1}}, "zzz", "a number, true, false or a text of 1 to 200 characters"),
        ({"zzz": NUL}, "zzz", "a number, true, false or a text of 1 to 200 characters"),
        ({"zzz": HALF_A_PAIR}, "zzz", "a number, true, false or a text of 1 to 200 characters"),
        ({"": 1}, "", "named with 1 to 200 characters"),
        ({f"a{NUL}": 1}, "a\ufffd", "named with 1 to 200 characters"),
        ({"x" * 201: 1}, "x" * 200, "named with 1 to 200 characters"),
        ({f"x{n}": n for n in range(41)}, "x40", "one of at most 40"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_is_expected(
    chosen: dict[str, Any], name: str, expected: str
) -> None:
    with pytest.raises(Refused) as refusal:
        options.validate(chosen)
    assert (refusal.value.code, refusal.value.detail) == ("bad_option", name)
    assert str(refusal.value) == f"The option “{name}” has to be {expected}. Change it in the settings."


def test_the_page_gets_the_same_rules() -> None:
    rules = json.loads(json.dumps(options.rules()))
    assert set(rules["numbers"]) == set(options.RANGES)
    assert rules["numbers"]["top_k"] == {
        "low": 0,
        "high": 100_000,
        "whole": True,
        "expected": "a whole number from 0 to 100000",
    }


def test_a_refusal_speaks_the_language_of_whoever_reads_it() -> None:
    with pytest.raises(Refused) as refusal:
        options.validate({"top_p": 7})
    with translation.override("zh-hans"):
        assert str(refusal.value).startswith("选项“top_p”须为 0 到 1 之间的数")
