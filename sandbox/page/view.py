"""The page for people at `/`: scenarios to switch on and off, received calls, tokens, surveys. English and French."""

from functools import cache
from typing import Any

from sandbox.api.envelope import HttpResponse, Request
from sandbox.control.surface import Control
from sandbox.page.html import Html, as_html, code, fill, join, markup, read, table
from sandbox.page.words import GROUP_TITLES, WORDS
from sandbox.scenarios.rows import GROUPS, SCENARIOS
from sandbox.scenarios.scenario import LANGUAGES, Scenario, Words

POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
CALLS_SHOWN = 40


def respond(control: Control, request: Request) -> HttpResponse:
    """The page; its style sheet is the same address with `?style`."""
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    if request.path != "/" or request.method not in ("GET", "HEAD"):
        return HttpResponse(404, b"", "text/plain", headers)
    if "style" in request.query:
        return HttpResponse(200, read("style.css").encode(), "text/css; charset=utf-8", headers)
    text = _Page(control, language_of(request)).html()
    return HttpResponse(200, text.encode(), "text/html; charset=utf-8", headers)


def language_of(request: Request) -> str:
    """What the address says, else what the browser prefers."""
    asked = request.query.get("lang", "")
    if asked in LANGUAGES:
        return asked
    preferred = request.headers.get("accept-language", "").lower()
    return "fr" if preferred.startswith("fr") else "en"


def _in(language: str, words: Words) -> str:
    return words[list(LANGUAGES).index(language)]


@cache
def _words_of(language: str) -> dict[str, Html]:
    """Every word of the page, by the name that templates use."""
    return {f"words.{key}": as_html(_in(language, words)) for key, words in WORDS.items()}


class _Page:
    def __init__(self, control: Control, language: str) -> None:
        self.control = control
        self.language = language
        self.state = control.state()

    def word(self, key: str) -> Html:
        return _words_of(self.language)[f"words.{key}"]

    def fill(self, template: str, **values: object) -> Html:
        return fill(template, {**_words_of(self.language), "language": self.language, **values})

    def html(self) -> Html:
        return self.fill(
            "page",
            languages=join(self.other_language(*each) for each in LANGUAGES.items()),
            about=markup(self.word("about"), {"now": markup("<strong>$now</strong>", self.state)}),
            live_feed=self.word("live_feed_on" if self.state["live_feed"] else "live_feed_off"),
            show_on_now=self.what_is_on(),
            show_scenarios=self.groups(),
            show_calls=self.calls(),
            show_tokens=self.tokens(),
            show_surveys=self.surveys(),
            programs=markup(
                self.word("programs"),
                {"post": code("POST /_sandbox/<action>"), "get": Html('<a href="/_sandbox">GET /_sandbox</a>')},
            ),
        )

    def other_language(self, code: str, name: str) -> Html:
        current = Html(' aria-current="true"' if code == self.language else "")
        return self.fill("language", code=code, name=name, current=current)

    def what_is_on(self) -> Html:
        on = [each for each in SCENARIOS.values() if each.is_on(self.control)]
        faults = self.faults()
        if not on and not faults:
            return markup("<p>$nothing</p>", {"nothing": self.word("nothing_on")})
        rows = join(self.scenario(each, again=True) for each in [*on, SCENARIOS["back_to_normal"]])
        return join((markup('<ul class="scenarios">\n$rows</ul>\n', {"rows": rows}), faults))

    def faults(self) -> Html:
        """The faults behind scenarios, and those that programs switched on."""
        faults = [each for each in self.state["faults"] if each["count"] != 0]
        if not faults:
            return Html()
        names = ("kind", "path", "count", "probability", "hits")
        rows = (["∞" if each[name] is None else each[name] for name in names] for each in faults)
        title = markup("<h3>$title</h3>\n", {"title": self.word("faults")})
        return join((title, table(self.word("faults"), self.head("faults"), rows, numbers=(2, 3, 4))))

    def groups(self) -> Html:
        return join(
            self.fill("group", title=_in(self.language, GROUP_TITLES[group]), rows=join(map(self.scenario, scenarios)))
            for group, scenarios in GROUPS.items()
        )

    def scenario(self, each: Scenario, *, again: bool = False) -> Html:
        """A row with its button; `again` for a second one on the page, which cannot have the same id."""
        is_on = each.is_on(self.control)
        action, label = ("end_scenario", "switch_off") if is_on else ("scenario", "switch_on")
        if not each.can_end:
            label = "let_happen"
        place = Html() if again else markup(' id="$name"', {"name": each.name})
        return self.fill(
            "scenario",
            attributes=join((place, Html(' class="on"' if is_on else ""))),
            described=f"{'on' if again else 'what'}-{each.name}",
            mark=markup('<span class="state">$is_on</span> · ', {"is_on": self.word("is_on")}) if is_on else "",
            what=_in(self.language, each.what),
            expect=_in(self.language, each.expect),
            name=each.name,
            shows=f" · {', '.join(each.shows)}" if each.shows else "",
            action=action,
            label=self.word(label),
        )

    def calls(self) -> Html:
        calls = self.control.calls(limit=CALLS_SHOWN)[::-1]
        if not calls:
            return markup("<p>$none</p>", {"none": self.word("no_calls")})
        rows = ([call["at"], call["method"], code(call["path"]), call["status"], call["fault"] or ""] for call in calls)
        return table(self.word("calls"), self.head("calls"), rows)

    def tokens(self) -> Html:
        homes = {brand["id"]: self.state["hosts"].get(brand["data_centre"], "") for brand in self.state["brands"]}
        rows = (
            [user["name"], user["brand"], code(homes[user["brand"]]), code(user["token"]), self.rights(user)]
            for user in self.state["users"]
        )
        return table(self.word("tokens"), self.head("tokens"), rows)

    def rights(self, user: dict[str, Any]) -> str:
        return self.word("revoked") if user["revoked"] else ", ".join(user["rights"]) or self.word("no_rights")

    def surveys(self) -> Html:
        rows = (
            [
                survey["name"],
                survey["brand"],
                code(survey["id"]),
                self.word("active" if survey["active"] else "not_active"),
                survey["counts"]["auditable"],
                survey["counts"]["generated"],
            ]
            for survey in self.state["surveys"]
        )
        return table(self.word("surveys"), self.head("surveys"), rows, numbers=(4, 5))

    def head(self, of: str) -> list[str]:
        """The headings of a table's columns."""
        return _in(self.language, WORDS[f"head_{of}"]).split("|")
