"""The page for people at `/`: scenarios to switch on and off, received calls, tokens, surveys. English and French."""

from collections.abc import Iterable
from html import escape
from typing import Any

from sandbox.api.envelope import HttpResponse, Request
from sandbox.control.surface import Control
from sandbox.scenarios.rows import GROUPS, SCENARIOS
from sandbox.scenarios.scenario import LANGUAGES, Scenario, Words

STYLE = """
:root {
  color-scheme: light dark;
  --ink: light-dark(#1c2430, #e6e9ee); --soft: light-dark(#566070, #a5aebb); --line: light-dark(#d9dee5, #333b47);
  --ground: light-dark(#f7f8fa, #14181f); --card: light-dark(#ffffff, #1c222b);
  --action: light-dark(#1f5fa8, #8fbdf2); --on: light-dark(#8a4b00, #f0b660); --on-ground: light-dark(#fdf3e3, #33291a);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; color: var(--soft); }
p { max-width: 44rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: .75rem 0; }
nav a { display: inline-block; padding: .25rem 0; }
a { color: var(--action); }
code { font-size: .875em; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.scenarios, .wide { border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.scenarios { list-style: none; padding: 0; margin: 0; }
.scenarios li { display: grid; grid-template-columns: 1fr auto; gap: .25rem 1rem; padding: .75rem 1rem; align-items: start; }
.scenarios li + li { border-top: 1px solid var(--line); }
.scenarios li.on { background: var(--on-ground); }
.scenarios p { margin: 0; }
.scenarios li:target { outline: 2px solid var(--action); outline-offset: -2px; }
.state { font-weight: 600; color: var(--on); }
form { margin: 0; }
button { font: inherit; min-width: 8rem; min-height: 2.5rem; padding: .25rem .9rem; border-radius: .375rem; cursor: pointer;
  border: 1px solid var(--action); background: transparent; color: var(--action); }
button:hover { background: var(--ground); }
:focus-visible { outline: 2px solid var(--action); outline-offset: 2px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: start; padding: .45rem .8rem; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th.number, td.number { text-align: end; font-variant-numeric: tabular-nums; }
footer { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
@media (max-width: 40rem) { .scenarios li { grid-template-columns: 1fr; } }
"""
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
CALLS_SHOWN = 40

TITLES: dict[str, Words] = {
    "people": ("Time and people", "Le temps et les gens"),
    "calls": ("Calls and the way there", "Les appels et le chemin"),
    "exports": ("Exports", "Les exports"),
    "files": ("Files", "Les fichiers"),
    "surveys": ("Surveys", "Les enquêtes"),
    "webhooks": ("Messages of new responses", "Les messages de nouvelles réponses"),
    "end": ("The end", "La fin"),
}
WORDS: dict[str, Words] = {
    "title": ("Sandbox Qualtrics", "Qualtrics bac à sable"),
    "about": (
        "This imitates a part of the Qualtrics API. Brands, people and answers are made up. It is now {now} here.",
        "Ceci imite une partie de l’API Qualtrics. Marques, personnes et réponses sont inventées. Il est ici {now}.",
    ),
    "live_feed_on": ("New answers arrive by themselves.", "De nouvelles réponses arrivent d’elles-mêmes."),
    "live_feed_off": ("No new answers arrive by themselves.", "Aucune réponse n’arrive d’elle-même."),
    "how": (
        "Switch something on, then look at Parcours: retrieve data, test the connector, open an item or the ledger.",
        "Activez une situation, puis regardez Parcours\u00a0: récupérez les données, testez le connecteur, ouvrez un "
        "élément ou le journal.",
    ),
    "language": ("Language", "Langue"),
    "contents": ("On this page", "Sur cette page"),
    "on_now": ("Switched on", "En cours"),
    "nothing_on": ("Nothing: all is normal.", "Rien\u00a0: tout est normal."),
    "scenarios": ("Scenarios", "Scénarios"),
    "calls": ("Last received calls", "Derniers appels reçus"),
    "no_calls": ("None so far.", "Aucun pour l’instant."),
    "look_again": ("Look again", "Regarder de nouveau"),
    "tokens": ("Tokens", "Tokens"),
    "surveys": ("Surveys", "Enquêtes"),
    "in_parcours": ("In Parcours:", "Dans Parcours\u00a0:"),
    "is_on": ("On", "Actif"),
    "switch_on": ("Switch on", "Activer"),
    "switch_off": ("Switch off", "Désactiver"),
    "let_happen": ("Let it happen", "Déclencher"),
    "programs": (
        "Programs use {post}; {get} lists the actions. The numbers are lines of docs/faults.md. Not here: names and "
        "certificates (A5), summer time (A30); these have tests of their own.",
        "Les programmes utilisent {post}\u00a0; {get} en donne la liste. Les numéros sont les lignes de docs/faults.md. "
        "Absents ici\u00a0: noms et certificats (A5), heure d’été (A30), qui ont leurs propres tests.",
    ),
    "head_calls": (
        "When|Method|Path|Status|Fault",
        "Quand|Méthode|Chemin|Statut|Panne",
    ),
    "faults": ("Faults switched on", "Pannes activées"),
    "head_faults": (
        "Kind|Path|Calls left|Probability|Met so far",
        "Genre|Chemin|Appels restants|Probabilité|Déjà touchés",
    ),
    "head_tokens": ("User|Brand|Host|API token|Rights", "Utilisateur|Marque|Hôte|Token d’API|Droits"),
    "head_surveys": (
        "Name|Brand|Id|State|Responses|Previews and tests",
        "Nom|Marque|Id|État|Réponses|Aperçus et tests",
    ),
    "revoked": ("revoked", "révoqué"),
    "no_rights": ("none", "aucun"),
    "active": ("active", "active"),
    "not_active": ("not active", "inactive"),
}


def respond(control: Control, request: Request) -> HttpResponse:
    """The page; its style sheet is the same address with `?style`."""
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    if request.path != "/" or request.method not in ("GET", "HEAD"):
        return HttpResponse(404, b"", "text/plain", headers)
    if "style" in request.query:
        return HttpResponse(200, STYLE.encode(), "text/css; charset=utf-8", headers)
    text = _Page(control, language_of(request)).html()
    return HttpResponse(200, text.encode(), "text/html; charset=utf-8", headers)


def language_of(request: Request) -> str:
    """What the address says, else what the browser prefers."""
    asked = request.query.get("lang", "")
    if asked in LANGUAGES:
        return asked
    preferred = request.headers.get("accept-language", "").lower()
    return "fr" if preferred.startswith("fr") else "en"


class _Page:
    def __init__(self, control: Control, language: str) -> None:
        self.control = control
        self.language = language
        self.state = control.state()

    def say(self, words: Words) -> str:
        return escape(words[list(LANGUAGES).index(self.language)])

    def word(self, key: str) -> str:
        return self.say(WORDS[key])

    def html(self) -> str:
        sections = ("on_now", "scenarios", "calls", "tokens", "surveys")
        links = "".join(f'<li><a href="#{each}">{self.word(each)}</a></li>' for each in sections)
        others = "".join(
            f'<li><a href="/?lang={code}" lang="{code}"{" aria-current=true" if code == self.language else ""}>'
            f"{name}</a></li>"
            for code, name in LANGUAGES.items()
        )
        about = self.word("about").replace("{now}", f"<strong>{escape(self.state['now'])}</strong>")
        programs = (
            self.word("programs")
            .replace("{post}", "<code>POST /_sandbox/&lt;action&gt;</code>")
            .replace("{get}", '<a href="/_sandbox">GET /_sandbox</a>')
        )
        return f"""<!DOCTYPE html>
<html lang="{self.language}">
<head><meta charset="utf-8"><title>{self.word("title")}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/?style"></head>
<body>
<header>
<nav aria-label="{self.word("language")}"><ul>{others}</ul></nav>
<h1>{self.word("title")}</h1>
<p>{about} {self.word("live_feed_on" if self.state["live_feed"] else "live_feed_off")}</p>
<p>{self.word("how")}</p>
<nav aria-label="{self.word("contents")}"><ul>{links}</ul></nav>
</header>
<main>
<section><h2 id="on_now">{self.word("on_now")}</h2>{self.what_is_on()}</section>
<section><h2 id="scenarios">{self.word("scenarios")}</h2>{self.groups()}</section>
<section><h2 id="calls">{self.word("calls")}</h2>
<p><a href="/?lang={self.language}#calls">{self.word("look_again")}</a></p>{self.calls()}</section>
<section><h2 id="tokens">{self.word("tokens")}</h2>{self.tokens()}</section>
<section><h2 id="surveys">{self.word("surveys")}</h2>{self.surveys()}</section>
</main>
<footer><p class="soft">{programs}</p></footer>
</body></html>"""

    def what_is_on(self) -> str:
        on = [each for each in SCENARIOS.values() if each.is_on(self.control)]
        faults = self.faults()
        if not on and not faults:
            return f"<p>{self.word('nothing_on')}</p>"
        rows = "".join(self.row(each, anchor=False) for each in [*on, SCENARIOS["back_to_normal"]])
        return f'<ul class="scenarios">{rows}</ul>{faults}'

    def faults(self) -> str:
        """The faults behind scenarios, and those that programs switched on."""
        faults = [each for each in self.state["faults"] if each["count"] != 0]
        if not faults:
            return ""
        names = ("kind", "path", "count", "probability", "hits")
        rows = (["∞" if each[name] is None else escape(str(each[name])) for name in names] for each in faults)
        return f"<h3>{self.word('faults')}</h3>{self.table('head_faults', rows, numbers=(2, 3, 4))}"

    def groups(self) -> str:
        parts = []
        for group, scenarios in GROUPS.items():
            rows = "".join(self.row(each) for each in scenarios)
            parts.append(f'<h3>{self.say(TITLES[group])}</h3><ul class="scenarios">{rows}</ul>')
        return "".join(parts)

    def row(self, each: Scenario, *, anchor: bool = True) -> str:
        is_on = each.is_on(self.control)
        action, label = ("end_scenario", "switch_off") if is_on else ("scenario", "switch_on")
        if not each.can_end:
            label = "let_happen"
        described = f"what-{each.name}" if anchor else f"on-{each.name}"
        mark = f'<span class="state">{self.word("is_on")}</span> · ' if is_on else ""
        shows = f" · {escape(', '.join(each.shows))}" if each.shows else ""
        return (
            f"<li{f' id={each.name}' if anchor else ''}{' class=on' if is_on else ''}>"
            f'<div><p id="{described}">{mark}{self.say(each.what)}</p>'
            f'<p class="soft">{self.word("in_parcours")} {self.say(each.expect)}</p>'
            f'<p class="soft"><code>{each.name}</code>{shows}</p></div>'
            f'<form method="post" action="/_sandbox/{action}">'
            f'<input type="hidden" name="lang" value="{self.language}">'
            f'<button name="name" value="{each.name}" aria-describedby="{described}">{self.word(label)}</button>'
            "</form></li>"
        )

    def calls(self) -> str:
        calls = self.control.calls(limit=CALLS_SHOWN)[::-1]
        if not calls:
            return f"<p>{self.word('no_calls')}</p>"
        return self.table(
            "head_calls",
            (
                [
                    escape(str(call["at"])),
                    escape(str(call["method"])),
                    f"<code>{escape(str(call['path']))}</code>",
                    escape(str(call["status"])),
                    escape(str(call["fault"] or "")),
                ]
                for call in calls
            ),
        )

    def tokens(self) -> str:
        homes = {brand["id"]: self.state["hosts"].get(brand["data_centre"], "") for brand in self.state["brands"]}
        return self.table(
            "head_tokens",
            (
                [
                    escape(user["name"]),
                    escape(user["brand"]),
                    f"<code>{escape(homes[user['brand']])}</code>",
                    f"<code>{escape(user['token'])}</code>",
                    self.word("revoked")
                    if user["revoked"]
                    else escape(", ".join(user["rights"])) or self.word("no_rights"),
                ]
                for user in self.state["users"]
            ),
        )

    def surveys(self) -> str:
        return self.table(
            "head_surveys",
            (
                [
                    escape(survey["name"]),
                    escape(survey["brand"]),
                    f"<code>{escape(survey['id'])}</code>",
                    self.word("active" if survey["active"] else "not_active"),
                    str(survey["counts"]["auditable"]),
                    str(survey["counts"]["generated"]),
                ]
                for survey in self.state["surveys"]
            ),
            numbers=(4, 5),
        )

    def table(self, head: str, rows: Iterable[list[Any]], numbers: tuple[int, ...] = ()) -> str:
        cells = "".join(
            f'<th scope="col"{" class=number" if place in numbers else ""}>{name}</th>'
            for place, name in enumerate(self.word(head).split("|"))
        )
        body = "".join(
            "<tr>"
            + "".join(f"<td{' class=number' if place in numbers else ''}>{cell}</td>" for place, cell in enumerate(row))
            + "</tr>"
            for row in rows
        )
        # Focusable, so that the keyboard reaches what a narrow window hides.
        label = self.word(head.replace("head_", ""))
        return (
            f'<div class="wide" tabindex="0" role="region" aria-label="{label}">'
            f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>"
        )
