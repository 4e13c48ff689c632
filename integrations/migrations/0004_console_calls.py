import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0003_response_watches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="connection",
            options={
                "default_permissions": (),
                "ordering": ["name"],
                "permissions": [
                    ("manage_connections", "Connect survey vendors"),
                    ("retrieve_data", "Retrieve data from connected surveys"),
                    ("call_api_get", "Read from the API of connected vendors"),
                    ("call_api", "Call the API of connected vendors, and change what is there"),
                ],
                "verbose_name": "connection",
                "verbose_name_plural": "connections",
            },
        ),
        migrations.CreateModel(
            name="ConsoleCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=6, verbose_name="method")),
                ("path", models.CharField(max_length=2000, verbose_name="path")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                ("error_code", models.CharField(blank=True, max_length=60)),
                ("milliseconds", models.PositiveIntegerField(null=True, verbose_name="time taken")),
                ("request_id", models.CharField(blank=True, max_length=80, verbose_name="request")),
                ("confirmation", models.UUIDField(editable=False, null=True, unique=True)),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                (
                    "connection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="integrations.connection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "API call",
                "verbose_name_plural": "API calls",
                "ordering": ["-pk"],
                "default_permissions": (),
            },
        ),
    ]
