"""Answers for the page's scenario: tokens of four letters or so, as models make them."""

import itertools
import re
from collections.abc import Iterable

TOKEN = re.compile(r"[ \n]?[^ \n]{1,4}|[ \n]+")

SECTION = """## Step {n}: counting words

A **short** program reads a file and counts how often each *word* stands in it. It goes through the lines once, keeps \
a table in memory, and writes the {n} most frequent words at the end; [the manual](https://docs.python.org/3/) \
says more.

- Read the file line by line, never as a whole.
- Cut each line at what is not a letter:
  - with `str.split` for plain text,
  - with a regular expression for anything else.
- Count with a `Counter`.

```python
from collections import Counter
import re
import sys


def words(path: str) -> Counter[str]:
    \"\"\"Count the words of a file.\"\"\"
    found: Counter[str] = Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            found.update(re.findall(r"[a-z']+", line.lower()))
    return found


for word, count in words(sys.argv[1]).most_common({n}0):
    print(f"{{count:8}} {{word}}")
```

| size of the file | seconds | memory |
| :--- | ---: | ---: |
| 1 MB | 0.2 | 12 MB |
| 10 MB | 1.9 | 14 MB |
| 100 MB | 18.4 | 31 MB |

> Memory follows the number of *different* words, not the length of the file, as {n} runs showed.

"""
SENTENCES = (
    "The river takes another way each spring, and the village has learned to wait before it plants. ",
    "Nobody wrote down when the first bridge was built, but its stones are **older** than the church. ",
    "Those who cross it in the morning carry bread, and those who come back at night carry *stories*. ",
    "A map of the valley hangs in the `library`, with every flood drawn in a colour of its own. ",
)


def markdown(count: int) -> list[str]:
    """Return `count` tokens of headings, lists, code and tables."""
    return _tokens((SECTION.format(n=n) for n in itertools.count(1)), count)


def paragraph(count: int) -> list[str]:
    """Return `count` tokens of one paragraph that never ends."""
    return _tokens(itertools.cycle(SENTENCES), count)


def _tokens(texts: Iterable[str], count: int) -> list[str]:
    return list(itertools.islice((token for text in texts for token in TOKEN.findall(text)), count))
