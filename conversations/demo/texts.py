"""Questions and answers without end, in English and Chinese, the same ones for the same seed."""

import random
from dataclasses import dataclass
from itertools import pairwise

from conversations.rendering import render

# In six of ten messages of their language, which are three of ten in all; in fifty; and in none: a search is measured
# by them.
COMMON = ("garden", "春天")
RARE = ("chrysanthemum", "昙花")
ABSENT = ("zeppelin", "飞艇")

_SUBJECTS = {
    "en": (
        "sorting|recursion|a linked list|the water cycle|photosynthesis|plate tectonics|compound interest|the French "
        "Revolution|a sourdough starter|bread without yeast|a vegetable bed|a bicycle chain|a leaking tap|the moon's "
        "phases|tides|a sonnet|irregular verbs|a cover letter|a lesson plan|a spreadsheet|binary search|a hash table|"
        "regular expressions|an SQL join|an index|a web server|a shell script|version control|unit tests|caching|"
        "quadratic equations|probability|vectors|derivatives|the periodic table|acids and bases|a pendulum|lenses|"
        "electric circuits|magnets|the nervous system|vaccines|sleep|stretching|a week in Lisbon|a rainy weekend"
    ).split("|"),
    "zh": (
        "排序算法|递归|链表|水循环|光合作用|板块运动|复利|法国大革命|酸面团|不用酵母的面包|菜园|自行车链条|漏水的龙头|"
        "月相|潮汐|十四行诗|不规则动词|求职信|教案|电子表格|二分查找|哈希表|正则表达式|数据库连接|索引|网页服务器|"
        "命令行脚本|版本控制|单元测试|缓存|一元二次方程|概率|向量|导数|元素周期表|酸和碱|单摆|透镜|电路|磁铁|神经系统|"
        "疫苗|睡眠|拉伸运动|里斯本一周游|下雨的周末"
    ).split("|"),
}
_QUESTIONS = {
    "en": [
        "How does {} work?",
        "Explain {} to a twelve-year-old.",
        "What are common mistakes with {}?",
        "Give me three exercises about {}.",
        "Why does everybody talk about {}? Is it that important?",
        "Compare {} with {}.",
        "I have to give a talk about {} tomorrow. Where do I begin?",
        "Summarise what we know about {} in a table.",
    ],
    "zh": [
        "{}是怎么回事？",
        "请用小学生能听懂的话解释{}。",
        "学习{}时常见的错误有哪些？",
        "给我出三道关于{}的练习题。",
        "为什么大家都在谈{}？真的那么重要吗？",
        "比较一下{}和{}。",
        "明天我要做一个关于{}的报告，该从哪里开始？",
        "把{}的要点整理成表格。",
    ],
}
_PARAGRAPHS = {
    "en": [
        "Begin with what you can see of **{}**: note what changes, what stays, and what surprises you.",
        "There are two ways to look at {}. The first asks *what it is for*; the second asks *how it came about*.",
        "- Write down what you know about {}.\n- Look for the step that you cannot explain.\n- Ask about that step.",
        "Most trouble with {} comes from haste. Take one part, try it alone, and only then put it back.",
        "| | before | after |\n| --- | --- | --- |\n| {} | slow | quick |\n| {} | by hand | by itself |",
        "```python\ndef study(topic):\n    for step in topic.steps:\n        step.try_out()\n```",
        "In short: {} rewards patience, and {} is a good next thing to learn.",
        "A rule of thumb: if $x$ doubles, the effort for {} grows like $x \\log x$.",
        "> Whoever explains {} in a sentence has understood it, or has not begun.",
    ],
    "zh": [
        "先看看**{}**中能观察到的部分：什么在变，什么不变，什么让你意外。",
        "看待{}有两种方式：一种问*它有什么用*，另一种问*它是怎么来的*。",
        "- 写下你对{}的了解。\n- 找出解释不清的那一步。\n- 就那一步提问。",
        "{}里的多数麻烦都来自着急。先拿出一部分单独试，再放回去。",
        "| | 之前 | 之后 |\n| --- | --- | --- |\n| {} | 慢 | 快 |\n| {} | 手工 | 自动 |",
        "```python\ndef fuxi(zhuti):\n    for buzhou in zhuti:\n        buzhou.lianxi()\n```",
        "总之，{}需要耐心，而{}值得接着学。",
        "经验法则：$x$ 加倍时，{}所需的功夫大约按 $x \\log x$ 增长。",
        "> 能用一句话讲清{}的人，不是懂了，就是还没开始。",
    ],
}
_ASIDE = {
    "en": ["The {} is a fine place to think about it.", "Ask the {} club."],
    "zh": ["{}最适合想这件事。", "想想{}的样子。"],
}
_POOL = 300


@dataclass(frozen=True, slots=True)
class Text:
    """What is said, and how it looks."""

    content: str
    html: str = ""

    @property
    def is_list(self) -> bool:
        """Whether a list right behind it would be one with it."""
        return self.content.startswith("- ")


class Writer:
    """Writes for one seed; a language is "en" or "zh"."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- the same texts each time
        # Drawing costs more than all the rest, so paragraphs come from a pool that is drawn once.
        self._pool = {language: [self._paragraph(language) for _ in range(_POOL)] for language in _PARAGRAPHS}

    def language(self) -> str:
        """Return the language of a conversation: half of them are Chinese."""
        return self._random.choice(["en", "zh"])

    def question(self, language: str, *words: str) -> Text:
        """Return a question in which `words` stand."""
        return Text(
            " ".join(
                [
                    self._filled(self._random.choice(_QUESTIONS[language]), language),
                    *self._asides(language, words),
                ]
            )
        )

    def answer(self, language: str, *words: str) -> Text:
        """Return an answer of a few paragraphs in which `words` stand."""
        parts = self._random.choices(self._pool[language], k=self._random.randint(1, 5))
        parts += [_drawn(aside) for aside in self._asides(language, words)]
        parts = [one for one, after in pairwise([*parts, _END]) if not (one.is_list and after.is_list)]
        return Text("\n\n".join(part.content for part in parts), "".join(f"{part.html}\n" for part in parts))

    def _asides(self, language: str, words: tuple[str, ...]) -> list[str]:
        return [self._random.choice(_ASIDE[language]).format(word) for word in words]

    def _paragraph(self, language: str) -> Text:
        return _drawn(self._filled(self._random.choice(_PARAGRAPHS[language]), language))

    def _filled(self, pattern: str, language: str) -> str:
        subjects = self._random.sample(_SUBJECTS[language], 2)
        return pattern.replace("{}", subjects[0], 1).replace("{}", subjects[1], 1)


_END = Text("")


def _drawn(content: str) -> Text:
    return Text(content, render(content).rstrip("\n"))
