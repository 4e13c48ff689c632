"""The page for people at `/`: what this is, the tokens, the surveys, and a button per scenario."""

import inspect
from collections.abc import Iterable
from html import escape

from sandbox.answers import Answer, Request
from sandbox.control import Control
from sandbox.scenarios import SCENARIOS

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #8886; vertical-align: top; }
code { font-size: .9em; overflow-wrap: anywhere; }
button { font: inherit; padding: .25rem .8rem; }
td form { margin: 0; }
"""
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def answer(control: Control, request: Request) -> Answer:
    """The page; its style sheet is the same address with `?style`."""
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    if request.path != "/" or request.method not in ("GET", "HEAD"):
        return Answer(404, b"", "text/plain", headers)
    if "style" in request.query:
        return Answer(200, STYLE.encode(), "text/css; charset=utf-8", headers)
    return Answer(200, _html(control).encode(), "text/html; charset=utf-8", headers)


def _html(control: Control) -> str:
    state = control.state()
    homes = {brand["id"]: state["hosts"].get(brand["data_centre"], "") for brand in state["brands"]}
    users = _rows(
        [
            escape(user["name"]),
            escape(user["brand"]),
            f"<code>{escape(homes[user['brand']])}</code>",
            f"<code>{escape(user['token'])}</code>",
            "revoked" if user["revoked"] else escape(", ".join(user["rights"])) or "none",
        ]
        for user in state["users"]
    )
    surveys = _rows(
        [
            escape(survey["name"]),
            escape(survey["brand"]),
            f"<code>{escape(survey['id'])}</code>",
            "active" if survey["active"] else "not active",
            str(survey["counts"]["auditable"]),
            str(survey["counts"]["generated"]),
        ]
        for survey in state["surveys"]
    )
    buttons = _rows(
        [
            '<form method="post" action="/_sandbox/scenario">'
            f'<button name="name" value="{escape(name)}">{escape(name)}</button></form>',
            escape(inspect.getdoc(function) or ""),
        ]
        for name, function in SCENARIOS.items()
    )
    faults = _rows(
        [escape(str(fault[name])) for name in ("kind", "path", "count", "probability", "hits")]
        for fault in state["faults"]
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Sandbox Qualtrics</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/?style"></head>
<body><main>
<h1>Sandbox Qualtrics</h1>
<p>This imitates a part of the Qualtrics API. Brands, people and answers are made up.
It is now <strong>{escape(state["now"])}</strong> here.
New answers arrive by themselves: {"yes" if state["trickle"] else "no"}.</p>
<h2>Tokens</h2>
<table>{_head("User", "Brand", "Host", "API token", "Rights")}<tbody>{users}</tbody></table>
<h2>Surveys</h2>
<table>{_head("Name", "Brand", "Id", "State", "Responses", "Previews and tests")}
<tbody>{surveys}</tbody></table>
<h2>Scenarios</h2>
<table>{_head("Start it", "What happens")}<tbody>{buttons}</tbody></table>
<h2>Faults switched on</h2>
<table>{_head("Kind", "Path", "Calls left", "Probability", "Met so far")}
<tbody>{faults or '<tr><td colspan="5">None.</td></tr>'}</tbody></table>
<p>Programs use <code>POST /_sandbox/&lt;deed&gt;</code>; <a href="/_sandbox">GET /_sandbox</a> lists the deeds.</p>
</main></body></html>"""


def _head(*names: str) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead>"


def _rows(rows: Iterable[list[str]]) -> str:
    return "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
