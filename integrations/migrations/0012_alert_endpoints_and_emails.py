"""Words only: endpoints and e-mails of alerts. Tables, columns and indexes keep their names, so nothing is written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0011_installation")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("AlertTarget", "AlertEndpoint"),
                migrations.AlterModelTable("AlertEndpoint", "integrations_alerttarget"),
                migrations.RemoveIndex("Alert", "alert_by_letter_time"),
                migrations.RenameField("Alert", "letter_due_at", "email_due_at"),
                migrations.AlterField(
                    "Alert", "email_due_at", models.DateTimeField(db_column="letter_due_at", null=True)
                ),
                migrations.AddIndex("Alert", models.Index(fields=["email_due_at"], name="alert_by_letter_time")),
                migrations.RenameField("Timekeeping", "letters_at", "emailed_at"),
                migrations.AlterField(
                    "Timekeeping", "emailed_at", models.DateTimeField(db_column="letters_at", null=True)
                ),
            ]
        )
    ]
