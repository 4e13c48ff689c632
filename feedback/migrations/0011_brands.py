"""A source is a brand: surveys that are one are joined, whichever connection sees them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0010_responses_with_comments"),
    ]

    operations = [
        migrations.CreateModel(
            name="SurveyJoin",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("twin_source", models.CharField(max_length=120)),
                ("began_at", models.DateTimeField(auto_now_add=True)),
                ("due_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("responses", models.PositiveIntegerField(default=0)),
                ("doubles", models.PositiveIntegerField(default=0)),
                ("items", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["-pk"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="source",
            name="brand_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=160),
        ),
        migrations.AddField(
            model_name="source",
            name="kind",
            field=models.CharField(
                choices=[("vendor", "Vendor"), ("file", "File"), ("push", "Push")],
                db_default="vendor",
                default="vendor",
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.UniqueConstraint(
                condition=models.Q(("brand_key", ""), _negated=True), fields=("brand_key",), name="one_source_per_brand"
            ),
        ),
        migrations.AddField(
            model_name="surveyjoin",
            name="survey",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="joins", to="feedback.survey"
            ),
        ),
        migrations.AddField(
            model_name="surveyjoin",
            name="twin",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="joined_into",
                to="feedback.survey",
            ),
        ),
    ]
