"""Every connection sees the surveys of its source so far, and fetched what its feeds did.

Which of them see one brand is found by the timetable, from what the vendor said of their tokens at the last test.
"""

from django.db import migrations

ACCESS = """INSERT INTO integrations_surveyaccess (connection_id, survey_id, seen_at)
    SELECT connection.id, survey.id, CURRENT_TIMESTAMP
    FROM integrations_connection AS connection JOIN feedback_survey AS survey ON survey.source_id = connection.source_id"""
FETCHES = """UPDATE integrations_fetch SET connection_id =
    (SELECT feed.connection_id FROM integrations_surveyfeed AS feed WHERE feed.id = integrations_fetch.feed_id)
    WHERE connection_id IS NULL"""


class Migration(migrations.Migration):
    dependencies = [("integrations", "0016_brands")]

    operations = [
        migrations.RunSQL(ACCESS, "DELETE FROM integrations_surveyaccess"),
        migrations.RunSQL(FETCHES, migrations.RunSQL.noop),
    ]
