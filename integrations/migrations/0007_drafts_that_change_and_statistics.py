from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0006_calls_alerts_and_their_messages")]

    operations = [
        migrations.AddField(
            model_name="distribution",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
        ),
        migrations.AddField(
            model_name="distribution",
            name="directory_external_id",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="distribution",
            name="vendor_status",
            field=models.CharField(blank=True, max_length=40, verbose_name="status in Qualtrics"),
        ),
        migrations.AddField(
            model_name="distribution",
            name="statistics",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="distribution",
            name="statistics_at",
            field=models.DateTimeField(null=True, verbose_name="statistics as of"),
        ),
        migrations.AddField(
            model_name="distribution",
            name="next_ask_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="distribution",
            index=models.Index(fields=["next_ask_at"], name="distribution_by_ask_time"),
        ),
    ]
