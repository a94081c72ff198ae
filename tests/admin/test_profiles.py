"""Model profiles in the admin."""

import pytest
from django.urls import reverse

from conversations.models import ModelProfile

ADD = "admin:conversations_modelprofile_add"


def test_a_profile_is_kept(root):
    root.post(reverse(ADD), {"name": "qwen3:0.6b", "options": '{"temperature": 0.2, "stop": ["###"]}'})
    assert ModelProfile.objects.get(name="qwen3:0.6b").options == {"temperature": 0.2, "stop": ["###"]}


def test_a_profile_is_changed_and_listed(root):
    profile = ModelProfile.objects.create(name="qwen3", options={"temperature": 1})
    page = reverse("admin:conversations_modelprofile_change", args=[profile.pk])
    assert root.post(page, {"name": "qwen3", "options": '{"top_p": 0.5}'}).status_code == 302
    assert "top_p 0.5" in root.get(reverse("admin:conversations_modelprofile_changelist")).text


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ('{"temperature": "hot"}', "temperature"),
        ('{"temperature": NaN}', "temperature"),
        ('{"num_ctx": 1.5}', "num_ctx"),
        ('{"": 1}', "option"),
        ('["temperature"]', "JSON"),
        ('"text"', "JSON"),
        ("17", "JSON"),
        ("{", "JSON"),
    ],
)
def test_options_that_no_call_can_take_are_refused_with_a_word(root, options, named):
    answer = root.post(reverse(ADD), {"name": "qwen3", "options": options})
    assert answer.status_code == 200
    assert named in answer.text.split("errorlist")[1].split("</ul>")[0]
    assert not ModelProfile.objects.filter(name="qwen3").exists()


@pytest.mark.parametrize("name", ["", "a b", "<script>", "x" * 201])
def test_bad_names_are_refused_with_a_word(root, name):
    answer = root.post(reverse(ADD), {"name": name, "options": "{}"})
    assert "errorlist" in answer.text
    assert not ModelProfile.objects.filter(name=name).exists()
