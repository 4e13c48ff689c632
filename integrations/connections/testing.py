"""Test the connector: run the checks through the connection's own token and keep what came out."""

from __future__ import annotations

import logging
from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from feedback.models import Survey
from integrations.models import Connection
from integrations.qualtrics.connector_test import test_connector
from integrations.qualtrics.findings import CheckResult
from integrations.qualtrics.records import Identity, SurveySummary
from integrations.surveys import access, brands
from integrations.sync import demand
from integrations.troubles.errors import QualtricsError
from integrations.vendor.clients import client_for

logger = logging.getLogger(__name__)

# Either way to sign in does.
_NEEDED = tuple(frozenset({"host", way, "data_centre", "surveys"}) for way in ("token", "client"))


def test_and_keep(connection: Connection) -> list[CheckResult]:
    """Run every check, remember the results, and let a connection go on that had stopped and works again.

    Not a change of its settings: the version stays.
    """
    owners: list[Identity] = []
    seen: list[SurveySummary] = []
    try:
        with client_for(connection) as client:
            results = test_connector(client, on_identity=owners.append, on_surveys=seen.extend)
    except QualtricsError as error:
        results = [CheckResult.of_error("client" if connection.client_id else "token", error)]
    return _keep(connection, results, owners[0] if owners else None, [survey.id for survey in seen])


test_and_keep.__test__ = False  # type: ignore[attr-defined]  # the name is no test's


def recognise(connection: Connection) -> None:
    """After saving: learn which brand the connection sees, if Qualtrics answers; else its next test does."""
    try:
        brands.learn(connection)
    except QualtricsError as error:
        logger.info("The brand of connection %s is not known yet: %s", connection.pk, error)


@transaction.atomic
def _keep(
    connection: Connection, results: list[CheckResult], owner: Identity | None, seen: list[str]
) -> list[CheckResult]:
    if owner:
        brands.keep_owner(connection, owner)
        # Those that are not known here are noted when somebody looks at the list.
        access.note_list(connection, Survey.objects.filter(source=connection.source_id, external_id__in=seen))
        results = [*results[:2], _brand_check(connection), *results[2:]]
    connection.tested_at = timezone.now()
    connection.test_results = [asdict(result) for result in results]
    written = ["tested_at", "test_results"]
    passed = {result.key for result in results if result.result == "ok"}
    if any(passed >= needed for needed in _NEEDED):
        connection.stopped_code, connection.failures_in_a_row, connection.open_until = "", 0, None
        written += ["stopped_code", "failures_in_a_row", "open_until"]
    connection.save(update_fields=written)
    demand.follow_connection(connection)
    return results


def _brand_check(connection: Connection) -> CheckResult:
    """Says whether others see the same surveys."""
    others = [other.name for other in brands.same_brand(connection)]
    if not connection.brand:
        return CheckResult("brand", "skipped", "brand_unknown")
    if not others:
        return CheckResult("brand", "ok", "brand_new", {"brand": connection.brand})
    return CheckResult("brand", "ok", "brand_shared", {"brand": connection.brand, "others": ", ".join(others)})


def results_of(connection: Connection) -> list[CheckResult]:
    """What the last test found."""
    return [CheckResult.stored(row) for row in connection.test_results]


def suggested_host(connection: Connection) -> str:
    """The data centre that Qualtrics named at the last test, if it is another than the connection's."""
    for result in connection.test_results:
        if (host := result.get("suggested_host")) and host != connection.host:
            return str(host)
    return ""
