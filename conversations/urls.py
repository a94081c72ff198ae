"""The addresses of the pages."""

from django.urls import include, path

from .views import attachments, pages

urlpatterns = [
    path("", include("conversations.accounts_urls")),
    path("", pages.home, name="home"),
    path("c/<uuid:pk>/", pages.conversation, name="conversation"),
    path("c/<uuid:pk>/messages", pages.messages, name="conversation_messages"),
    path("c/<uuid:pk>/rename", pages.rename, name="conversation_rename"),
    path("c/<uuid:pk>/delete", pages.delete, name="conversation_delete"),
    path("c/<uuid:pk>/restore", pages.restore, name="conversation_restore"),
    path("attachments/", attachments.take, name="attachments"),
    path("attachments/<uuid:pk>", attachments.show, name="attachment"),
    path("conversations", pages.conversation_list, name="conversation_list"),
    path("model-state", pages.model_state, name="model_state"),
    path("model-options", pages.model_options, name="model_options"),
]
