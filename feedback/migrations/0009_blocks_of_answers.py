"""What blocks of answers need to know: when a response arrived, what it said before, and whether it holds a comment.

Every new column has a constant default or is empty, so that no row is written and processes of the former release may go on
inserting. SQLite could do the same; Django would copy its tables.
"""

import django.db.models.deletion
from django.db import migrations, models


class AddColumn(migrations.AddField):
    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        model = to_state.apps.get_model(app_label, self.model_name)
        field = model._meta.get_field(self.name)
        column = schema_editor.quote_name(field.column)
        definition, params = schema_editor.column_sql(model, field)
        schema_editor.execute(
            f"ALTER TABLE {schema_editor.quote_name(model._meta.db_table)} ADD COLUMN {column} {definition}",
            params or None,
        )


class Migration(migrations.Migration):
    dependencies = [("feedback", "0008_sources_beside_questions")]

    operations = [
        AddColumn("survey", "in_blocks", models.JSONField(blank=True, null=True)),
        AddColumn("survey", "round", models.PositiveIntegerField(db_default=0)),
        AddColumn("response", "arrived", models.PositiveIntegerField(db_default=0)),
        AddColumn("response", "segment", models.SmallIntegerField(db_default=0)),
        AddColumn("response", "has_text", models.BooleanField(db_default=True)),
        AddColumn("changedday", "erased", models.BooleanField(db_default=False)),
        migrations.CreateModel(
            name="EarlierAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("response", models.BigIntegerField(null=True)),
                ("answer", models.JSONField(default=list)),
                ("recorded_at", models.DateTimeField()),
                ("finished", models.BooleanField()),
                ("segment", models.SmallIntegerField()),
                ("arrived", models.PositiveIntegerField()),
                (
                    "question",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="feedback.question",
                    ),
                ),
                (
                    "survey",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="earlier_answers",
                        to="feedback.survey",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("response", "question", "arrived"), name="one_earlier_answer_per_place"
                    )
                ],
            },
        ),
    ]
