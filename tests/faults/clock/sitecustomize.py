"""A clock that jumps: Python imports this module at its start from PYTHONPATH, before anything has read the time.

The wall clock of the process, in all its forms, is late or early by the seconds that the file CLOCK_FILE holds at the
moment; the steady clocks stay as they are, as they do when somebody sets a machine's clock.
"""

import datetime as module
import os
import time
from pathlib import Path

_file = Path(os.environ["CLOCK_FILE"])
_time, _time_ns = time.time, time.time_ns
_real = module.datetime


def _shift() -> float:
    return float(_file.read_text() or 0)


class _Meta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, _real)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, _real)


class _Shifted(_real, metaclass=_Meta):
    def __new__(cls, *args, **kwargs):
        return _real.__new__(_real, *args, **kwargs)

    @classmethod
    def now(cls, tz=None):
        return _real.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return _real.fromtimestamp(time.time(), module.UTC).replace(tzinfo=None)


time.time = lambda: _time() + _shift()
time.time_ns = lambda: _time_ns() + int(_shift() * 1e9)
module.datetime = _Shifted  # type: ignore[misc] # that is the point
