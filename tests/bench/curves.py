"""What a token costs by how many answers run, and by how long an answer is: both should be flat."""

from .loads import Load, read_site
from .processes import Scripted, running_site
from .results import Outcome, Row

NUMBERS = (1, 5, 10, 25, 50, 100, 200)
LENGTHS = (250, 1000, 2500, 10_000)
SIDE_BY_SIDE, FAST = 10, 250
# All answers run: asked for within the first second, of 250 tokens at 50 a second.
STEADY = (1.5, 4.5)
# Where about a thousand tokens of each answer are written, the first and the last ones of ten thousand.
FIRST, LAST = (1.5, 5.5), (36.0, 40.0)


def numbers() -> Outcome:
    """The cost per token while 1 to 200 answers are written side by side."""
    outcome = Outcome()
    points = []
    with Scripted() as ollama, running_site(ollama.url) as site:
        read_site(site, ollama, 5, Load(50))
        for number in NUMBERS:
            figures = read_site(site, ollama, number, Load(250, windows=[STEADY]))
            points.append({"streams": number, "cpu_us": figures["window_us_per_token"][0]} | figures)
    shown = ", ".join(f"{point['streams']}: {point['cpu_us']:.0f}" for point in points)
    outcome.rows.append(Row("processor time per token (µs) by number of answers at 50 tokens/s", shown))
    outcome.figures = {"points": points}
    return outcome


def length() -> Outcome:
    """The cost per token of short and long answers, and within a long one."""
    outcome = Outcome()
    points = []
    with Scripted() as ollama, running_site(ollama.url) as site:
        read_site(site, ollama, SIDE_BY_SIDE, Load(50))
        question = read_site(site, ollama, SIDE_BY_SIDE, Load(1))["server_cpu_s"]
        for count in LENGTHS:
            windows = [FIRST, LAST] if count == LENGTHS[-1] else []
            figures = read_site(site, ollama, SIDE_BY_SIDE, Load(count, FAST, windows=windows))
            cost = (figures["server_cpu_s"] - question) / max(1, figures["tokens"]) * 1e6
            points.append({"tokens_each": count, "cpu_us": round(cost, 1)} | figures)
    first, last = points[-1]["window_us_per_token"]
    outcome.add("processor time per token, around the thousandth of an answer", first, "µs")
    difference = abs(last / first - 1) * 100
    outcome.add("processor time per token, around the ten-thousandth", last, "µs")
    outcome.add("difference of the two", difference, "%", 10)
    outcome.figures = {"points": points, "question_s": question, "first_us": first, "last_us": last}
    return outcome
