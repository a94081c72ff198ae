"""What a person calls the browser and the system that a User-Agent header names.

Browsers name each other for the sake of old sites, so the order counts: the first that fits.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/User-Agent
"""

import re
from typing import NamedTuple

_BROWSERS = (
    (r"MicroMessenger/", "WeChat"),
    (r"\bM?QQBrowser/", "QQ Browser"),
    (r"\bUCBrowser/", "UC Browser"),
    (r"\bHuaweiBrowser/", "Huawei Browser"),
    (r"\bMiuiBrowser/", "Mi Browser"),
    (r"\b(Edg|EdgA|EdgiOS)/", "Edge"),
    (r"\b(OPR|OPT)/", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\bVivaldi/", "Vivaldi"),
    (r"\b(Firefox|FxiOS)/", "Firefox"),
    (r"\b(Chrome|CriOS)/", "Chrome"),
    (r"\bVersion/.* Safari/", "Safari"),
    (r"\bcurl/", "curl"),
    (r"\bpython-", "Python"),
)
_SYSTEMS = (
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bHarmonyOS\b|\bOpenHarmony\b", "HarmonyOS"),
    (r"\bAndroid\b", "Android"),
    (r"\bWindows\b", "Windows"),
    (r"\bMac OS X\b", "macOS"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bLinux\b", "Linux"),
)
_HANDHELD = {"iPhone", "iPad", "HarmonyOS", "Android"}


class Named(NamedTuple):
    """A browser and its system by their names, empty where the header does not tell."""

    browser: str
    system: str

    @property
    def label(self) -> str:
        """Both on one line."""
        return " · ".join(filter(None, self))

    @property
    def is_handheld(self) -> bool:
        """Whether it is a phone or a tablet."""
        return self.system in _HANDHELD


def named(user_agent: str) -> Named:
    """Return what a User-Agent header tells."""
    return Named(_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for pattern, name in names if re.search(pattern, text)), "")
