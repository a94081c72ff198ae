"""The addresses of the pages."""

from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from .views import attachments, downloads, imports, pages, search, sharing
from .views.installing import manifest


class FormConverter(StringConverter):
    """The forms in which a conversation can be carried away."""

    regex = "md|json|html"


register_converter(FormConverter, "form")

urlpatterns = [
    path("", include("conversations.accounts_urls")),
    path("api/", include("conversations.api.urls")),
    path("", pages.home, name="home"),
    path("c/<uuid:pk>/", pages.conversation, name="conversation"),
    path("c/<uuid:pk>/messages", pages.messages, name="conversation_messages"),
    path("c/<uuid:pk>/rename", pages.rename, name="conversation_rename"),
    path("c/<uuid:pk>/pin", pages.pin, name="conversation_pin"),
    path("c/<uuid:pk>/archive", pages.archive, name="conversation_archive"),
    path("c/<uuid:pk>/delete", pages.delete, name="conversation_delete"),
    path("c/<uuid:pk>/restore", pages.restore, name="conversation_restore"),
    path("c/<uuid:pk>/carry", sharing.carry, name="conversation_carry"),
    path("c/<uuid:pk>/share", sharing.share, name="conversation_share"),
    path("c/<uuid:pk>/unshare", sharing.end, name="conversation_unshare"),
    path("shared/<slug:token>/", sharing.shared, name="shared"),
    path("shared/<slug:token>/files/<uuid:pk>", sharing.file, name="shared_file"),
    path("c/<uuid:pk>/export.<form:kind>", downloads.conversation, name="conversation_export"),
    path("account/export", downloads.account, name="account_export"),
    path("account/import", imports.begin, name="account_import"),
    path("account/import/<uuid:pk>/", imports.show, name="account_import_show"),
    path("account/import/<uuid:pk>/piece", imports.receive, name="account_import_piece"),
    path("account/import/<uuid:pk>/step", imports.step, name="account_import_step"),
    path("c/<uuid:pk>/find", search.find_in_conversation, name="find_in_conversation"),
    path("search", search.find, name="search"),
    path("attachments/", attachments.take, name="attachments"),
    path("attachments/<uuid:pk>", attachments.show, name="attachment"),
    path("conversations", pages.conversation_list, name="conversation_list"),
    path("archived", pages.archived, name="archived"),
    path("model-state", pages.model_state, name="model_state"),
    path("allowance", pages.allowance, name="allowance"),
    path("model-options", pages.model_options, name="model_options"),
    path("manifest.webmanifest", manifest, name="manifest"),
]
