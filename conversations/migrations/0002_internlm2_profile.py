"""internlm2 loops with Ollama's own repeat_penalty of 1.0, so it starts with values that hold it."""

from django.db import migrations

OPTIONS = {"temperature": 0.7, "top_p": 0.9, "repeat_penalty": 1.1, "num_predict": 1024}


def add_profile(apps, schema_editor):
    apps.get_model("conversations", "ModelProfile").objects.get_or_create(
        name="internlm2", defaults={"options": OPTIONS}
    )


class Migration(migrations.Migration):
    dependencies = [("conversations", "0001_initial")]

    operations = [migrations.RunPython(add_profile, migrations.RunPython.noop)]
