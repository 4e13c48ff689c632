from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0008_oauth_clients")]

    operations = [
        migrations.AddField(
            model_name="distribution",
            name="audience",
            field=models.CharField(blank=True, max_length=255),
        ),
    ]
