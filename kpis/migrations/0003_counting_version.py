from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kpis", "0002_counting_time_zone"),
    ]

    operations = [
        migrations.AddField(
            model_name="counting",
            name="version",
            field=models.PositiveBigIntegerField(default=0),
        ),
    ]
