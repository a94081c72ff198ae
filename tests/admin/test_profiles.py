"""Model profiles in the admin."""

import pytest
from django.urls import reverse

from conversations.models import ModelProfile, Preset, User

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


PRESET = {"name": "House style", "model": "", "system_prompt": "Be brief.", "think": "", "options": "{}"}


def test_a_preset_made_here_is_shared(root):
    root.post(reverse("admin:conversations_preset_add"), PRESET)
    made = Preset.objects.get()
    assert (made.owner, made.system_prompt) == (None, "Be brief.")
    page = reverse("admin:conversations_preset_change", args=[made.pk])
    assert root.post(page, PRESET | {"options": '{"top_k": 5}'}).status_code == 302
    assert "top_k 5" in root.get(reverse("admin:conversations_preset_changelist")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "house STYLE"},
        {"name": "a\u202eb"},
        {"options": '{"top_k": -1}'},
        {"system_prompt": "x" * 16_001},
        {"think": "hard"},
    ],
)
def test_a_wrong_preset_is_refused_with_a_word(root, wrong):
    Preset.objects.create(name="House style")
    answer = root.post(reverse("admin:conversations_preset_add"), PRESET | {"name": "New"} | wrong)
    assert "errorlist" in answer.text
    assert Preset.objects.count() == 1


def test_a_persons_own_preset_is_listed_with_its_owner_and_only_read(root):
    ben = User.objects.create_user("ben")
    own = Preset.objects.create(owner=ben, name="Tutor")
    listed = root.get(reverse("admin:conversations_preset_changelist")).text
    assert "ben" in listed
    assert "delete_selected" not in listed
    page = reverse("admin:conversations_preset_change", args=[own.pk])
    assert 'name="_save"' not in root.get(page).text
    assert root.post(page, PRESET).status_code == 403
    assert (
        root.post(reverse("admin:conversations_preset_delete", args=[own.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert Preset.objects.get().name == "Tutor"
