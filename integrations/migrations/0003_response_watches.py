import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0002_purged_responses"),
        ("integrations", "0002_holders_and_timekeeping"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ResponseWatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=120, verbose_name="webhook name")),
                ("key_envelope", models.TextField(editable=False)),
                ("subscription_id", models.CharField(blank=True, max_length=64)),
                ("publication_url", models.CharField(blank=True, max_length=300)),
                ("former_key_envelope", models.TextField(blank=True, editable=False)),
                ("former_subscription_id", models.CharField(blank=True, max_length=64)),
                ("key_set_at", models.DateTimeField(verbose_name="key set at")),
                ("is_ending", models.BooleanField(default=False)),
                ("checked_at", models.DateTimeField(blank=True, null=True, verbose_name="checked at")),
                ("next_check_at", models.DateTimeField()),
                (
                    "successful_calls",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="deliveries counted by Qualtrics"),
                ),
                ("trouble_code", models.CharField(blank=True, max_length=60)),
                ("last_delivery_at", models.DateTimeField(blank=True, null=True, verbose_name="last delivery at")),
                (
                    "last_refused_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last refused message at"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="watches",
                        to="integrations.connection",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "survey",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="watches", to="feedback.survey"
                    ),
                ),
            ],
            options={
                "verbose_name": "watch of new responses",
                "ordering": ["survey__name", "pk"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("response_id", models.CharField(blank=True, max_length=64, verbose_name="response")),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("pending", "To be retrieved"),
                            ("stored", "Retrieved"),
                            ("exported", "Retrieved with an export"),
                            ("ignored", "Ignored: not of this survey"),
                            ("left", "Left to the next fetch"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="verdict",
                    ),
                ),
                ("received_at", models.DateTimeField(verbose_name="received at")),
                ("times", models.PositiveIntegerField(default=1, verbose_name="times received")),
                ("due_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("worked_at", models.DateTimeField(blank=True, null=True, verbose_name="last looked up at")),
                ("error_code", models.CharField(blank=True, max_length=60)),
                (
                    "fetch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="deliveries",
                        to="integrations.fetch",
                    ),
                ),
                (
                    "watch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="integrations.responsewatch",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-received_at", "-pk"],
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="responsewatch",
            index=models.Index(fields=["next_check_at"], name="watch_by_check_time"),
        ),
        migrations.AddConstraint(
            model_name="responsewatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_ending", False)), fields=("survey",), name="one_watch_per_survey"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("verdict", "pending")), fields=["due_at"], name="pending_delivery_by_due_time"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["watch", "-received_at"], name="delivery_by_time"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("watch", "response_id"), name="one_delivery_per_response"),
        ),
    ]
