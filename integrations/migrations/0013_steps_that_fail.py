"""Steps of the tick that fail, and alerts about them, which have no connection."""

import django.db.models.deletion
from django.db import migrations, models


def _forget_alerts_about_steps(apps, schema_editor):
    """On the way back: the former table has no place for them."""
    apps.get_model("integrations", "Alert").objects.filter(connection=None).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0005_mappings_have_versions"),
        ("integrations", "0012_alert_endpoints_and_emails"),
    ]

    operations = [
        migrations.CreateModel(
            name="FailingStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True)),
                ("failing_since", models.DateTimeField(verbose_name="failing since")),
                ("last_failed_at", models.DateTimeField(verbose_name="last failed at")),
                ("times", models.PositiveIntegerField(verbose_name="times in a row")),
                ("error_class", models.CharField(max_length=100)),
                ("parts", models.PositiveIntegerField(default=0)),
                ("part", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "ordering": ["failing_since", "pk"],
                "default_permissions": (),
            },
        ),
        migrations.AlterField(
            model_name="alert",
            name="about",
            field=models.CharField(
                choices=[
                    ("connection", "Connection"),
                    ("retrieval", "Retrieval"),
                    ("questions", "Questions"),
                    ("watch", "Watch"),
                    ("step", "Step"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="connection",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="alerts",
                to="integrations.connection",
                verbose_name="connection",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("connection_stopped", "Connection stopped"),
                    ("fetches_failing", "Fetches fail"),
                    ("data_stale", "Old data"),
                    ("needs_attention", "Needs attention"),
                    ("survey_drift", "Survey changed"),
                    ("watch_lost", "Watch lost"),
                    ("step_failing", "Step fails"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None), ("connection", None)),
                fields=("code",),
                name="one_open_alert_per_step",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, _forget_alerts_about_steps),
    ]
