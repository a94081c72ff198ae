from django.db import migrations

from conversations.search import filling


def fill(apps, schema_editor):
    filling.fill(apps.get_model)


class Migration(migrations.Migration):
    # In a transaction of its own: PostgreSQL adds no foreign key to a table that was written in the same one.
    dependencies = [
        ("conversations", "0010_search"),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
