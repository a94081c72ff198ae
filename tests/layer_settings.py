"""The site's settings with another channel layer: the environment's LAYER names one of LAYERS."""

import os
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from chatsite.settings import *  # noqa: F403 -- a settings module is made of names
from chatsite.settings import CHANNEL_LAYERS, REDIS_URL


class Losing(RedisPubSubChannelLayer):
    """Loses every message."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Take a message, and forget it."""


_HERE = __name__
LAYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "losing": (f"{_HERE}.Losing", {}),
    "core": ("channels_redis.core.RedisChannelLayer", {}),
    "tiny": ("channels_redis.core.RedisChannelLayer", {"capacity": 1, "expiry": 1}),
    "pubsub": ("channels_redis.pubsub.RedisPubSubChannelLayer", {}),
}
_backend, _config = LAYERS[os.environ["LAYER"]]
CHANNEL_LAYERS["default"] = {"BACKEND": _backend, "CONFIG": {"hosts": [REDIS_URL], **_config}}
