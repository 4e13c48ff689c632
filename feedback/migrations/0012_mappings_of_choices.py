from django.db import migrations, models


class Migration(migrations.Migration):
    """Nullable or with defaults of the database: no row is rewritten, and what a former process inserts is taken."""

    dependencies = [("feedback", "0011_brands")]

    operations = [
        migrations.AddField(
            "feedbackitem",
            "mapping",
            models.JSONField(blank=True, null=True, verbose_name="what the choices count as"),
        ),
        migrations.AddField("feedbackitem", "mapping_assumed", models.BooleanField(db_default=False, default=False)),
        migrations.AddField(
            "formermapping", "mapping", models.JSONField(null=True, verbose_name="what the choices counted as")
        ),
        migrations.AddField(
            "question",
            "form",
            models.CharField(
                blank=True,
                choices=[("rank", "Rank order"), ("stars", "Stars"), ("decimals", "Numbers with decimals")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
    ]
