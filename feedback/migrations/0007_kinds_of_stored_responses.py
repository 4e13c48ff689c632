"""Give the responses stored before their kind, from the status that came with them: all of them are Qualtrics'.

Some thousand rows a transaction, so that nobody who writes waits for long; most rows are of the usual kind already and are not
written. If it is cut short, it goes on where it is run again.
"""

from django.db import migrations

AT_ONCE = 20_000
KIND = """CASE WHEN status & 1 <> 0 THEN 'preview' WHEN status & 2 <> 0 THEN 'test' WHEN status & 8 <> 0 THEN 'spam'
    WHEN status & 256 <> 0 THEN 'synthetic' ELSE 'unfinished' END"""
NEXT = f"SELECT max(id) FROM (SELECT id FROM feedback_response WHERE id > %s ORDER BY id LIMIT {AT_ONCE}) AS batch"  # noqa: S608
FILL = f"""UPDATE feedback_response SET kind = {KIND}
    WHERE id > %s AND id <= %s AND kind = 'counted' AND (status & 267 <> 0 OR NOT finished)"""  # noqa: S608


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        done = 0
        while True:
            cursor.execute(NEXT, [done])
            last = cursor.fetchone()[0]
            if last is None:
                return
            cursor.execute(FILL, [done, last])
            done = last


class Migration(migrations.Migration):
    atomic = False  # each batch is a transaction
    dependencies = [("feedback", "0006_responses_have_a_kind")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
