"""What templates of every app draw with: icons, buttons, fields, badges, figures, and components that take content.

The gallery page (`templates/gallery.html`) shows each of them; `docs/design.md` is the short reference.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from ui.states import LOOKS

register = template.Library()

TONE_ICONS = {
    "info": "info",
    "good": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-x",
    "calm": "info",
    "neutral": "info",
}
# Level of a message (Django's tags, and what HX-Trigger sends) → tone
LEVEL_TONES = {"debug": "neutral", "info": "info", "success": "good", "warning": "warn", "error": "bad"}

MINUS = "\N{MINUS SIGN}"


# --- Icons, buttons, badges -------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _icon(name: str, classes: str) -> str:
    drawing = lucide(name, size=None, **{"class": classes, "aria-hidden": "true", "focusable": "false"})
    return "".join(line.strip() for line in drawing.splitlines())


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """A Lucide icon. Without `label` it is decoration; with one, screen readers say it. `extra`: more classes."""
    # What a template passes is a SafeString, which would spread; the icon's name and classes are plain text.
    drawing = mark_safe(_icon(str(name) + "", f"icon {extra}".strip() + ""))  # noqa: S308 (our own file, no user text)
    if not label:
        return drawing
    return format_html('{}<span class="visually-hidden">{}</span>', drawing, label)


def _attributes(values: dict[str, Any]) -> SafeString:
    """`hx_get="…"` becomes `hx-get="…"`; True an attribute without a value; None and False none at all."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value),)
            for name, value in ((key.rstrip("_").replace("_", "-"), value) for key, value in values.items())
            if value is not None and value is not False
        ),
    )


@register.simple_tag
def button(
    label: str,
    kind: str = "",
    icon: str = "",
    size: str = "",
    icon_only: bool = False,
    busy: bool = False,
    href: str = "",
    extra: str = "",
    **attributes: Any,
) -> SafeString:
    """A button, or with `href` a link that looks like one.

    `kind`: primary, danger, quiet or nothing. `size`: small or nothing. Further arguments become attributes, their
    underscores hyphens: `data_dialog_open="x"`, `hx_post=url`, `type="submit"`, `disabled=True`.
    """
    classes = " ".join(
        name
        for name in (
            "button",
            kind and f"button-{kind}",
            size and f"button-{size}",
            "button-icon" if icon_only else "",
            extra,
        )
        if name
    )
    words = format_html('<span class="visually-hidden">{}</span>', label) if icon_only else label
    if icon_only:
        attributes.setdefault("title", label)
    if busy:
        attributes["aria_busy"] = "true"
    drawing = mark_safe(_icon(str(icon) + "", "icon")) if icon else ""  # noqa: S308 (our own file, no user text)
    if href:
        return format_html('<a class="{}" href="{}"{}>{}{}</a>', classes, href, _attributes(attributes), drawing, words)
    attributes.setdefault("type", "button")
    return format_html('<button class="{}"{}>{}{}</button>', classes, _attributes(attributes), drawing, words)


@register.inclusion_tag("_components/badge.html")
def badge(label: str, tone: str = "neutral", icon: str = "", bare: bool = False) -> dict[str, Any]:
    """A word on a coloured ground. `tone`: neutral, info, good, warn, bad, calm."""
    return {"label": label, "tone": tone, "icon": icon, "bare": bare}


@register.inclusion_tag("_components/badge.html")
def state_badge(state: str, bare: bool = False) -> dict[str, Any]:
    """The badge of a feedback item's or a KPI's state: see `ui/states.py`."""
    tone, icon_name, label = LOOKS[str(state)]
    return {"label": label, "tone": tone, "icon": icon_name, "bare": bare, "state": str(state)}


@register.filter
def tone_icon(tone: str) -> str:
    return TONE_ICONS.get(tone, "info")


@register.filter
def level_tone(level: str) -> str:
    return LEVEL_TONES.get(level, "info")


@register.filter
def initials(name: object) -> str:
    """At most two letters for an avatar: first and last word of a name, or the beginning of an e-mail address."""
    words = str(name).split("@")[0].replace(".", " ").replace("-", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


# --- Figures and times ------------------------------------------------------------------------------------------------


@register.filter
def figure(value: float | None, decimals: int | str = 1) -> str:
    """A number as people here write it, with a true minus sign; an en dash where there is none."""
    if value is None or value == "":
        return "–"
    places = 1 if decimals == "" else int(decimals)  # "" is what a template makes of an argument not given
    rounded = round(float(value), places) + 0.0  # never "−0.0"
    return number_format(rounded, places, force_grouping=True).replace("-", MINUS)


@register.filter(expects_localtime=True)
def moment(value: datetime | None) -> SafeString | str:
    """A date and time, readable by people (20 Nov 2026, 06:00) and machines; an en dash where there is none."""
    if not value:
        return "–"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), date_format(value, "DATETIME_FORMAT"))


@register.filter(expects_localtime=True)
def day(value: date | None) -> SafeString | str:
    """A date, in the same manner."""
    if not value:
        return "–"
    iso = value.date().isoformat() if isinstance(value, datetime) else value.isoformat()
    return format_html('<time datetime="{}">{}</time>', iso, date_format(value))


@register.inclusion_tag("_components/interval.html")
def interval(
    value: float,
    low: float | None,
    high: float | None,
    minimum: float = 0,
    maximum: float = 100,
    low_base: bool = False,
) -> dict[str, Any]:
    """The value and its interval on their scale, drawn to be compared at a glance; the words stand beside it."""

    def along(number: float) -> str:
        share = (float(number) - minimum) / ((maximum - minimum) or 1)
        return f"{6 + 188 * min(max(share, 0), 1):.2f}"

    return {
        "at": along(value),
        "from": along(low) if low is not None else None,
        "to": along(high) if high is not None else None,
        "zero": along(0) if minimum < 0 < maximum else None,
        "low_base": low_base,
    }


# --- Fields -----------------------------------------------------------------------------------------------------------


@register.inclusion_tag("_components/field.html")
def field(bound: BoundField, hide_label: bool = False) -> dict[str, Any]:
    """One field of a form: label, help, errors, widget."""
    return {"field": bound, "hide_label": hide_label}


# --- Components that take content -------------------------------------------------------------------------------------


def _stripped(html: str) -> SafeString:
    return mark_safe(html.strip())  # noqa: S308 (a template rendered it)


class SlotNode(template.Node):
    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: Context) -> str:
        return ""  # drawn by its component, at the place the component gives it


class ComponentNode(template.Node):
    """Draws `_components/<name>.html` with the content as `content` and each slot as `slots.<name>`."""

    def __init__(
        self,
        name: FilterExpression,
        values: dict[str, FilterExpression],
        spread: list[FilterExpression],
        nodelist: NodeList,
    ) -> None:
        self.name, self.values, self.spread, self.nodelist = name, values, spread, nodelist

    def render(self, context: Context) -> str:
        values = {key: value for mapping in self.spread for key, value in mapping.resolve(context).items()}
        values |= {key: value.resolve(context) for key, value in self.values.items()}
        # White space alone is nothing: a slot may hold an {% if %}.
        values["slots"] = {
            node.name: _stripped(node.nodelist.render(context)) for node in self.nodelist if isinstance(node, SlotNode)
        }
        values["content"] = _stripped(self.nodelist.render(context))
        values |= {name: context.get(name) for name in ("csrf_token", "request")}
        engine = context.template.engine  # type: ignore[union-attr]  # a template is being drawn
        component = engine.get_template(f"_components/{self.name.resolve(context)}.html")
        # Its own context: a component sees its arguments, not the accidents of the page around it.
        return component.render(context.new(values))


@register.tag
def component(parser: Parser, token: Token) -> ComponentNode:
    """`{% component "card" heading=title %}…{% slot "actions" %}…{% endslot %}…{% endcomponent %}`

    `**mapping` gives several arguments at once.
    """
    tag, *bits = token.split_contents()
    if not bits:
        raise template.TemplateSyntaxError(f"{tag!r} needs the name of a component")
    name = parser.compile_filter(bits.pop(0))
    spread = [parser.compile_filter(bit[2:]) for bit in bits if bit.startswith("**")]
    bits = [bit for bit in bits if not bit.startswith("**")]
    values = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"{tag!r} takes name=value only, not {bits[0]!r}")
    nodelist = parser.parse(("endcomponent",))
    parser.delete_first_token()
    return ComponentNode(name, values, spread, nodelist)


@register.tag
def slot(parser: Parser, token: Token) -> SlotNode:
    """A named part of a component's content. Stands directly inside `{% component %}`."""
    tag, *bits = token.split_contents()
    if len(bits) != 1:
        raise template.TemplateSyntaxError(f"{tag!r} takes one name")
    nodelist = parser.parse(("endslot",))
    parser.delete_first_token()
    return SlotNode(bits[0].strip("\"'"), nodelist)
