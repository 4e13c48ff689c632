"""Test the connector: one check after the other, each with its own result and its own advice."""

from collections.abc import Callable

from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.findings import CheckResult
from integrations.qualtrics.hosts import Host
from integrations.qualtrics.records import Identity, SurveySummary
from integrations.troubles.errors import (
    HostRefused,
    ListCutShort,
    NoConnection,
    QualtricsError,
    UnexpectedAnswer,
    WrongDataCentre,
)


def test_connector(
    client: QualtricsClient,
    on_identity: Callable[[Identity], None] | None = None,
    on_surveys: Callable[[list[SurveySummary]], None] | None = None,
) -> list[CheckResult]:
    """Run every check that still makes sense after those before it. `on_identity` learns whose token it is, `on_surveys` what
    it sees."""
    return _Run(client, on_identity, on_surveys).results()


test_connector.__test__ = False  # type: ignore[attr-defined]  # the name is no test's


class _Run:
    def __init__(
        self,
        client: QualtricsClient,
        on_identity: Callable[[Identity], None] | None,
        on_surveys: Callable[[list[SurveySummary]], None] | None,
    ) -> None:
        self._client = client
        self._on_identity = on_identity
        self._on_surveys = on_surveys
        self._other_host: Host | None = None
        self._key = "client" if client.oauth_client else "token"
        client.gateway.on_notice(self._remember)

    def _remember(self, host: Host) -> None:
        self._other_host = host

    def results(self) -> list[CheckResult]:
        identity, host, token = self._who()
        checks = [host, token]
        if identity is None:
            return [*checks, *map(_skipped, ("data_centre", "surveys", "export", "webhooks"))]
        if self._on_identity:
            self._on_identity(identity)
        checks.append(self._data_centre())
        found, surveys = self._surveys()
        if self._on_surveys:
            self._on_surveys(found)
        checks += [surveys, self._export(found), self._webhooks(identity)]
        return checks

    def _who(self) -> tuple[Identity | None, CheckResult, CheckResult]:
        """One call answers two questions: is there a Qualtrics, and does it know the token?"""
        host = CheckResult("host", "ok", "host_answers", {"host": str(self._client.host)})
        try:
            identity = self._client.whoami()
        except (NoConnection, HostRefused, UnexpectedAnswer) as error:
            return None, CheckResult.of_error("host", error), _skipped(self._key)
        except QualtricsError as error:
            if error.status is None or error.status >= 500 or error.status == 429:
                return None, CheckResult.of_error("host", error), _skipped(self._key)
            return None, host, CheckResult.of_error(self._key, error)
        user = identity.user_name or identity.user_id
        whose = {"owner": identity.full_name or user, "user": user, "brand": identity.brand or "–"}
        finding = "client_acts_for" if self._client.oauth_client else "token_belongs_to"
        return identity, host, CheckResult(self._key, "ok", finding, whose)

    def _data_centre(self) -> CheckResult:
        if self._other_host is None:
            return CheckResult("data_centre", "ok", "right_data_centre", {"host": str(self._client.host)})
        return CheckResult.of_error("data_centre", WrongDataCentre(right_host=self._other_host.name))

    def _surveys(self) -> tuple[list[SurveySummary], CheckResult]:
        found: list[SurveySummary] = []
        cut_short = ""
        try:
            for survey in self._client.surveys():
                found.append(survey)
        except ListCutShort as error:
            if not found:
                return [], CheckResult.of_error("surveys", error)
            cut_short = error.code
        except QualtricsError as error:
            return [], CheckResult.of_error("surveys", error)
        if not found:
            return [], CheckResult("surveys", "failed", "no_surveys")
        live = sum(survey.is_active for survey in found)
        return found, CheckResult(
            "surveys", "ok", "surveys_visible", {"count": len(found), "live": live, "cut_short": cut_short}
        )

    def _export(self, surveys: list[SurveySummary]) -> CheckResult:
        """Ask for an export of one response. The file is not fetched: that the job starts is the proof."""
        survey = next((survey for survey in surveys if survey.is_active), None)
        if survey is None:
            return CheckResult("export", "skipped", "no_live_survey" if surveys else "nothing_to_export")
        try:
            self._client.start_export(survey.id, questions=[], embedded=[], metadata=["_recordId"], limit=1)
        except QualtricsError as error:
            return CheckResult.of_error("export", error)
        return CheckResult("export", "ok", "export_started", {"survey": survey.name})

    def _webhooks(self, identity: Identity) -> CheckResult:
        asks = self._client.oauth_client
        if asks and not (asks.asks_for("read:subscriptions") and asks.asks_for("write:subscriptions")):
            return CheckResult("webhooks", "skipped", "webhooks_need_scope")
        if identity.is_brand_admin:
            return CheckResult("webhooks", "ok", "webhooks_possible")
        return CheckResult("webhooks", "skipped", "webhooks_need_administrator")


def _skipped(key: str) -> CheckResult:
    return CheckResult(key, "skipped", "earlier_check_failed")
