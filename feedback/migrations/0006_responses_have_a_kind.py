"""What each response is, decided where it comes from. Until the next migration all count as the usual kind.

In plain SQL, because Django would copy SQLite's table. A column with a constant default takes no time on either database.
"""

from django.db import migrations, models

ADD = "ALTER TABLE feedback_response ADD COLUMN kind varchar(12) DEFAULT 'counted' NOT NULL"
DROP = "ALTER TABLE feedback_response DROP COLUMN kind"


class Migration(migrations.Migration):
    dependencies = [("feedback", "0005_mappings_have_versions")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(ADD, DROP)],
            state_operations=[
                migrations.AddField(
                    model_name="response",
                    name="kind",
                    field=models.CharField(
                        choices=[
                            ("counted", "Counted"),
                            ("unfinished", "Unfinished"),
                            ("preview", "Preview"),
                            ("test", "Test"),
                            ("spam", "Spam"),
                            ("synthetic", "Synthetic"),
                        ],
                        db_default="counted",
                        max_length=12,
                    ),
                )
            ],
        )
    ]
