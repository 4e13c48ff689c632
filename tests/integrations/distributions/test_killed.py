"""The process dies while the vendor has the distribution already: what is left of it is said, and nothing is sent again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from integrations.connections.editing import create_connection
from integrations.distributions import sending
from integrations.models import Distribution, Timekeeping
from integrations.qualtrics.hosts import normalise_host
from integrations.vault.secret import Secret
from sandbox.demo import RAILWAY_TOKEN
from tests.end_to_end.conftest import ROOT, Deployment
from tests.end_to_end.conftest import deployment as deployment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("deployment"), pytest.mark.workers]
SENDER = """
import django
django.setup()
from accounts.models import User
from integrations.distributions import sending
from integrations.models import Distribution
draft = Distribution.objects.get()
sending.send(draft, draft.version, User.objects.get(email="alice@example.org"))
"""


@pytest.fixture
def draft(deployment: Deployment, admin) -> Iterator[Distribution]:
    """An e-mail to three people."""
    world = deployment.sandbox.world
    book = next(each for each in world.directories.values() if each.brand == "coastline")
    pilot = next(each for each in book.lists.values() if each.name == "Pilot group")
    host = normalise_host(deployment.sandbox.host)
    spec = {
        "survey": deployment.sandbox.control.survey_id("complaint"), "directory": book.id, "mailing_list": pilot.id,
        "from_email": "noreply@qemailserver.com", "subject": "How was it?", "message_text": "${l://SurveyURL}",
    }  # fmt: skip
    yield sending.prepare(create_connection(host=host, token=Secret(RAILWAY_TOKEN), name="Rail"), "email", spec, admin)
    database.close()


def test_a_sender_that_is_killed_leaves_unknown_and_one_call(deployment, draft, admin):
    control, taken = deployment.sandbox.control, deployment.sandbox.site.services.distributions.all
    control.switch_fault_on("delay", path="*/distributions", method="POST", seconds=60)
    environment = deployment.environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    sender = subprocess.Popen([sys.executable, "-c", SENDER], cwd=ROOT, env=environment)
    try:
        deployment.wait_until(lambda: taken, 30, "Qualtrics has taken the distribution")
    finally:
        sender.kill()
        sender.wait()
    control.switch_faults_off()
    draft.refresh_from_db()
    assert draft.state == "sending"
    with pytest.raises(sending.NotADraft):
        sending.send(draft, draft.version, admin)

    deployment.start_worker()
    deployment.wait_until(lambda: Timekeeping.objects.exclude(ticked_at=None).exists(), 30, "the worker's beat ticks")
    assert Distribution.objects.get().state == "sending"  # it may still be under way, as far as anybody can know
    Distribution.objects.update(confirmed_at=timezone.now() - sending.LOST_AFTER - timedelta(seconds=1))
    deployment.wait_until(lambda: Distribution.objects.get().state == "unknown", 30, "a tick owns up")
    with pytest.raises(sending.NotADraft):
        sending.send(draft, draft.version, admin)
    assert len(taken) == 1
    assert len(control.calls(path="/distributions", method="POST")) == 1
