"""Connections that show an OAuth client in place of an API token."""

from django.db import migrations, models

import integrations.vault.credential_text


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0007_drafts_that_change_and_statistics"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="client_id",
            field=models.CharField(
                blank=True,
                max_length=200,
                validators=[integrations.vault.credential_text.validate_client_id],
                verbose_name="client ID",
                default="",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="connection",
            name="client_secret_envelope",
            field=models.TextField(blank=True, editable=False, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="connection",
            name="scopes",
            field=models.CharField(
                default="read:surveys read:survey_responses",
                max_length=1000,
                validators=[integrations.vault.credential_text.validate_scopes],
                verbose_name="scopes",
            ),
        ),
        migrations.AddConstraint(
            model_name="connection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("client_id", ""), ("client_secret_envelope", "")),
                    models.Q(("token_envelope", ""), models.Q(("client_id", ""), _negated=True)),
                    _connector="OR",
                ),
                name="a_token_or_a_client",
            ),
        ),
    ]
