"""On PostgreSQL, compare the vendors' response ids as bytes: nobody sorts them for reading, and each fetch looks up every one.

The table is not rewritten, and it stays open for reading and writing while its unique index is built anew beside the old one.
"""

from django.db import migrations, transaction

INDEX, CONSTRAINT = "response_ids_as_they_will_be", "response_once_per_survey"


def collate(collation):
    def change(apps, schema_editor):
        if schema_editor.connection.vendor != "postgresql":
            return
        table = schema_editor.quote_name(apps.get_model("feedback", "Response")._meta.db_table)
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")  # half built, if this was cut short before
        schema_editor.execute(
            f'CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON {table} (survey_id, external_id COLLATE "{collation}")'
        )
        with transaction.atomic(using=schema_editor.connection.alias):
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {CONSTRAINT}")
            # The new index has this collation already, so that it is not built once more.
            schema_editor.execute(
                f'ALTER TABLE {table} ALTER COLUMN external_id TYPE varchar(64) COLLATE "{collation}"'
            )
            schema_editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {CONSTRAINT} UNIQUE USING INDEX {INDEX}")

    return change


class Migration(migrations.Migration):
    atomic = False  # an index that is built while others write cannot be part of a transaction
    dependencies = [("feedback", "0002_purged_responses")]

    operations = [migrations.RunPython(collate("C"), collate("default"))]
