"""The addresses of the pages of presets."""

from django.urls import path

from .views import presets

urlpatterns = [
    path("", presets.index, name="presets"),
    path("new", presets.new, name="new_preset"),
    path("menu", presets.menu, name="preset_menu"),
    path("default", presets.make_default, name="default_preset"),
    path("<uuid:pk>/", presets.edit, name="preset"),
    path("<uuid:pk>/delete", presets.delete, name="delete_preset"),
]
