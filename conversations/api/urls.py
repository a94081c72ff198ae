"""The addresses of the API."""

from django.urls import path

from . import asking, reading

urlpatterns = [
    path("chat/stream", asking.chat, name="api_chat"),
    path("generations/<uuid:generation>/stream", asking.join, name="api_generation"),
    path("generations/<uuid:generation>/stop", asking.stop, name="api_stop"),
    path("models", reading.models, name="api_models"),
    path("conversations", reading.conversation_list, name="api_conversations"),
    path("conversations/<uuid:pk>", reading.conversation, name="api_conversation"),
]
