"""Test the connector: run the checks through the connection's own token and keep what came out."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from integrations.models import Connection
from integrations.qualtrics.connector_test import test_connector
from integrations.qualtrics.findings import CheckResult
from integrations.qualtrics.records import Identity
from integrations.sync import demand
from integrations.troubles.errors import QualtricsError
from integrations.vendor.clients import client_for

# Either way to sign in does.
_NEEDED = tuple(frozenset({"host", way, "data_centre", "surveys"}) for way in ("token", "client"))


def test_and_keep(connection: Connection) -> list[CheckResult]:
    """Run every check, remember the results, and let a connection go on that had stopped and works again.

    Not a change of its settings: the version stays.
    """
    owners: list[Identity] = []
    try:
        with client_for(connection) as client:
            results = test_connector(client, on_identity=owners.append)
    except QualtricsError as error:
        results = [CheckResult.of_error("client" if connection.client_id else "token", error)]
    _keep(connection, results, owners[0] if owners else None)
    return results


test_and_keep.__test__ = False  # type: ignore[attr-defined]  # the name is no test's


@transaction.atomic
def _keep(connection: Connection, results: list[CheckResult], owner: Identity | None) -> None:
    connection.tested_at = timezone.now()
    connection.test_results = [asdict(result) for result in results]
    written = ["tested_at", "test_results"]
    if owner:
        connection.owner_name = (owner.full_name or owner.user_name or owner.user_id)[:200]
        connection.brand, connection.account_type = owner.brand[:120], owner.account_type[:60]
        connection.last_good_call_at = connection.tested_at
        written += ["owner_name", "brand", "account_type", "last_good_call_at"]
    passed = {result.key for result in results if result.result == "ok"}
    if any(passed >= needed for needed in _NEEDED):
        connection.stopped_code, connection.failures_in_a_row, connection.open_until = "", 0, None
        written += ["stopped_code", "failures_in_a_row", "open_until"]
    connection.save(update_fields=written)
    demand.follow_connection(connection)


def results_of(connection: Connection) -> list[CheckResult]:
    """What the last test found."""
    return [CheckResult.stored(row) for row in connection.test_results]


def suggested_host(connection: Connection) -> str:
    """The data centre that Qualtrics named at the last test, if it is another than the connection's."""
    for result in connection.test_results:
        if (host := result.get("suggested_host")) and host != connection.host:
            return str(host)
    return ""
