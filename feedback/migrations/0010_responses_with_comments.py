"""An index of the responses with comments, which is built while others read and write."""

from django.db import migrations, models

NAME = "response_with_text"


def build(apps, schema_editor):
    model = apps.get_model("feedback", "Response")
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.add_index(model, INDEX)
        return
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}")  # half built, if this was cut short before
    schema_editor.add_index(model, INDEX, concurrently=True)


def drop(apps, schema_editor):
    schema_editor.execute(f"DROP INDEX IF EXISTS {NAME}")


INDEX = models.Index(fields=["survey", "recorded_at"], name=NAME, condition=models.Q(has_text=True))


class Migration(migrations.Migration):
    atomic = False  # an index that is built while others write cannot be part of a transaction
    dependencies = [("feedback", "0009_blocks_of_answers")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(build, drop)],
            state_operations=[migrations.AddIndex("response", INDEX)],
        )
    ]
