"""What the embedded model is given to read: the template, and what is left out when it does not fit.

A token is a character here, and the template's marks are the numbers 1 and 2: a prompt can be read as text.
"""

from conversations.ollama.embedded.prompt import PROMPT_LIMIT, Message, chat_tokens

MARKS = {1: "<", 2: ">"}


async def tokenize(text: str) -> list[int]:
    return [ord(character) for character in text]


async def prompt_of(*messages: tuple[str, str]) -> str:
    tokens = await chat_tokens([Message(*message) for message in messages], tokenize)
    assert len(tokens) <= PROMPT_LIMIT
    return "".join(MARKS.get(token) or chr(token) for token in tokens)


async def test_turns_are_marked_and_the_answer_is_opened() -> None:
    assert await prompt_of(("system", "S"), ("user", "U")) == "<system\nS>\n<user\nU>\n<assistant\n"


async def test_without_a_system_message_the_models_own_comes_first() -> None:
    assert (await prompt_of(("user", "U"))).startswith("<system\nYou are a helpful AI assistant named SmolLM")


async def test_a_last_turn_of_the_assistant_is_left_open() -> None:
    prompt = await prompt_of(("system", "S"), ("user", "U"), ("assistant", "Well,"))
    assert prompt == "<system\nS>\n<user\nU>\n<assistant\nWell,"


async def test_whole_oldest_turns_are_left_out_and_system_messages_stay() -> None:
    third = "x" * (PROMPT_LIMIT // 3)
    prompt = await prompt_of(
        ("system", "S"), ("user", "1" + third), ("system", "T"), ("assistant", "2" + third),
        ("user", "3" + third), ("user", "4"),
    )  # fmt: skip
    assert prompt == (
        f"<system\nS>\n<system\nT>\n<assistant\n2{third}>\n<user\n3{third}>\n<user\n4>\n<assistant\n"
    )


async def test_no_turn_is_kept_from_before_one_that_was_left_out() -> None:
    prompt = await prompt_of(
        ("system", "S"),
        ("user", "early"),
        ("assistant", "x" * PROMPT_LIMIT),
        ("user", "late"),
        ("user", "last"),
    )
    assert prompt == "<system\nS>\n<user\nlate>\n<user\nlast>\n<assistant\n"


async def test_a_question_longer_than_the_window_loses_its_middle() -> None:
    prompt = await prompt_of(("system", "S"), ("user", "begin" + "x" * 2 * PROMPT_LIMIT + "end"))
    assert len(prompt) == PROMPT_LIMIT
    assert prompt.startswith("<system\nS>\n<user\nbeginxxx")
    assert prompt.endswith("xxxend>\n<assistant\n")
