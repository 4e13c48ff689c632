"""What the checks of a connector test found. Codes and facts are kept; the sentences are made when somebody reads them,
in that person's language: who tests a connection and who looks at it later need not share one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from integrations.troubles.errors import QualtricsError
from integrations.troubles.table import explain, vendor_words

Result = Literal["ok", "failed", "skipped"]

_TITLES: dict[str, Promise] = {
    "host": gettext_lazy("Host reachable"),
    "token": gettext_lazy("Token accepted"),
    "client": gettext_lazy("OAuth client accepted"),
    "brand": gettext_lazy("Brand recognised"),
    "data_centre": gettext_lazy("Right data centre"),
    "surveys": gettext_lazy("Surveys visible"),
    "export": gettext_lazy("Export allowed"),
    "webhooks": gettext_lazy("Webhooks possible"),
}
_FINDINGS: dict[str, Promise] = {
    "host_answers": gettext_lazy("%(host)s answers."),
    "token_belongs_to": gettext_lazy("The token belongs to %(owner)s (%(user)s), brand %(brand)s."),
    "client_acts_for": gettext_lazy("The OAuth client acts for %(owner)s (%(user)s), brand %(brand)s."),
    "brand_new": gettext_lazy("No other connection sees the brand %(brand)s."),
    "brand_shared": gettext_lazy(
        "The brand %(brand)s is connected already: %(others)s. Each survey is here once and fed by one of these connections, "
        "while the others stand by; no answer counts twice."
    ),
    "brand_unknown": gettext_lazy("Qualtrics named no brand: the connection is taken for a brand of its own."),
    "right_data_centre": gettext_lazy("%(host)s is the right data centre."),
    "no_surveys": gettext_lazy("The token's owner sees no survey."),
    "no_live_survey": gettext_lazy("There is no live survey to try an export on."),
    "nothing_to_export": gettext_lazy("There is no survey to export."),
    "export_started": gettext_lazy("An export of “%(survey)s” could be started."),
    "webhooks_possible": gettext_lazy("The token's owner is a brand administrator: webhooks are possible."),
    "webhooks_need_administrator": gettext_lazy(
        "Webhooks need the token of a brand administrator. Retrieving on a schedule works without them."
    ),
    "webhooks_need_scope": gettext_lazy(
        "Webhooks need the scope manage:subscriptions. Retrieving on a schedule works without them."
    ),
    "earlier_check_failed": gettext_lazy("Not checked, because an earlier check failed."),
}
_SHARE = gettext_lazy("In Qualtrics, share the surveys with the token's owner, with the right to view results.")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found: a code of `_FINDINGS` or of an error, and the facts that its sentence names.

    `suggested_host` is set where another host should be used.
    """

    key: str
    result: Result
    finding: str
    facts: dict[str, Any] = field(default_factory=dict)
    suggested_host: str = ""

    @classmethod
    def of_error(cls, key: str, error: QualtricsError) -> Self:
        said = {name: getattr(error, name) for name in ("status", "error_code", "error_message", "request_id")}
        params = {name: str(value) for name, value in error.params.items()}
        return cls(key, "failed", error.code, {"params": params, "said": said}, params.get("right_host", ""))

    @classmethod
    def stored(cls, row: Mapping[str, Any]) -> Self:
        """As it was kept with the connection."""
        known = {name: row[name] for name in ("key", "result", "finding", "facts", "suggested_host") if name in row}
        return cls(**({"result": "skipped", "finding": "earlier_check_failed"} | known))

    @property
    def code(self) -> str:
        """Why the check failed; empty if it did not."""
        return self.finding if self.result == "failed" else ""

    @property
    def title(self) -> str:
        return str(_TITLES[self.key])

    @property
    def message(self) -> str:
        if self.finding == "surveys_visible":
            words = ngettext(
                "%(count)d survey is visible, %(live)d of them live.",
                "%(count)d surveys are visible, %(live)d of them live.",
                self.facts["count"],
            )
            cut_short = self.facts.get("cut_short")
            return " ".join([words % self.facts, *([explain(cut_short).title] if cut_short else [])])
        if self.finding in _FINDINGS:
            return str(_FINDINGS[self.finding]) % defaultdict(lambda: "–", self.facts)
        explanation = explain(self.finding, by_hand=True, **self.facts.get("params", {}))
        vendor = vendor_words(**self.facts.get("said", {}))
        return " ".join(filter(None, (explanation.title, vendor)))  # two whole sentences

    @property
    def what_to_do(self) -> str:
        if self.finding == "no_surveys":
            return str(_SHARE)
        params = self.facts.get("params", {})
        return explain(self.finding, by_hand=True, **params).what_to_do if self.code else ""
