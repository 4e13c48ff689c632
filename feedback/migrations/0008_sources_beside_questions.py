"""Fields beside the questions, and what tells surveys of one name apart.

Every survey is read once more in full: its fields beside the questions are not known yet.
"""

from django.db import migrations, models


def read_again(apps, schema_editor):
    apps.get_model("feedback", "Survey").objects.exclude(vendor_version="").update(vendor_version="")


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0007_kinds_of_stored_responses"),
    ]

    operations = [
        migrations.AddField(
            model_name="question",
            name="why_not",
            field=models.CharField(
                blank=True,
                choices=[
                    ("read", "It is a text to be read: nobody answers it."),
                    ("technical", "It says how the page was used, not what somebody thinks."),
                    ("file", "It is answered with a file or a drawing."),
                    ("places", "It is answered by pointing at places in a picture or a text."),
                    ("words", "Its values are words, not numbers."),
                    ("dates", "Its values are dates, not numbers."),
                    ("unsuited", "Answers of this type cannot be counted as numbers."),
                    ("not_exported", "The survey exports no answers to it."),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="survey",
            name="made_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="made at"),
        ),
        migrations.AddField(
            model_name="survey",
            name="owner",
            field=models.CharField(blank=True, db_default="", default="", max_length=64, verbose_name="owner"),
        ),
        migrations.AlterField(
            model_name="question",
            name="field",
            field=models.CharField(max_length=200),
        ),
        migrations.AlterField(
            model_name="question",
            name="kind",
            field=models.CharField(
                choices=[
                    ("nps", "0–10 recommendation"),
                    ("choice", "Single choice"),
                    ("number", "Number"),
                    ("text", "Comment"),
                    ("sentiment", "Sentiment of a comment"),
                    ("multi", "Multiple choice"),
                    ("chosen", "Chosen or not"),
                    ("embedded", "Embedded data"),
                    ("score", "Score"),
                    ("other", "Other"),
                ],
                max_length=20,
                verbose_name="type",
            ),
        ),
        migrations.RunPython(read_again, migrations.RunPython.noop),
    ]
