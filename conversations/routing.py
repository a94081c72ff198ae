"""The addresses of sockets."""

from channels.security.websocket import WebsocketDenier
from django.urls import path, re_path

from .consumers import ConversationConsumer

websocket_urlpatterns = [
    path("ws/conversations/<uuid:conversation>/", ConversationConsumer.as_asgi()),
    # Channels has no answer of its own for other addresses: it raises.
    re_path(r"", WebsocketDenier.as_asgi()),
]
