"""On PostgreSQL, compare the vendors' response ids as bytes: nobody sorts them for reading, and each fetch looks up every one.

The table is not rewritten; its unique index is built anew, some seconds for a million rows.
"""

from django.db import migrations


def collate(collation):
    def change(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            table = schema_editor.quote_name(apps.get_model("feedback", "Response")._meta.db_table)
            schema_editor.execute(
                f'ALTER TABLE {table} ALTER COLUMN external_id TYPE varchar(64) COLLATE "{collation}"'
            )

    return change


class Migration(migrations.Migration):
    dependencies = [("feedback", "0002_purged_responses")]

    operations = [migrations.RunPython(collate("C"), collate("default"))]
