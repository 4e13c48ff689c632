"""The template tags: what they write, and that what users typed is never markup."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.utils import timezone, translation

from ui.states import LOOKS
from ui.templatetags.parcours import figure, initials


def render(source: str, **values: object) -> str:
    return Template("{% load i18n parcours %}" + source).render(Context(values))


def close(html: str) -> str:
    """The same without white space beside tags."""
    return re.sub(r"\s*(<[^>]+>)\s*", r"\1", html)


def test_a_button_is_a_button_and_does_not_send_forms_by_itself():
    assert render("{% button 'Save' %}") == '<button class="button" type="button">Save</button>'


def test_arguments_of_a_button_become_attributes():
    html = render(
        "{% button 'Go' kind='primary' hx_post=url disabled=True data_x=None autofocus=False %}", url="/a?b&c"
    )
    assert html == '<button class="button button-primary" hx-post="/a?b&amp;c" disabled type="button">Go</button>'


def test_with_href_it_is_a_link():
    assert render("{% button 'Go' href='/x' %}") == '<a class="button" href="/x">Go</a>'


def test_an_icon_alone_still_has_a_name():
    html = render("{% button 'Close' icon='x' icon_only=True %}")
    assert '<span class="visually-hidden">Close</span>' in html
    assert 'aria-hidden="true"' in html


@pytest.mark.parametrize("source", ["{% button evil %}", "{% badge evil %}", "{% icon 'x' label=evil %}"])
def test_words_are_escaped(source: str):
    html = render(source, evil="<b>&")
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html


def test_attributes_are_escaped():
    assert 'data-x="&quot;&gt;"' in render("{% button 'Go' data_x=evil %}", evil='">')


@pytest.mark.parametrize("state", LOOKS)
def test_a_state_has_colour_icon_and_words(state: str):
    html = render("{% state_badge state %}", state=state)
    assert 'class="badge tone-' in html
    assert "<svg" in html
    assert str(LOOKS[state][2]) in html


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Camille Moreau", "CM"), ("Ada", "A"), ("Jean de la Tour", "JT"), ("ada.lovelace@example.org", "AL"), ("", "")],
)
def test_initials(name: str, letters: str):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("value", "places", "english", "french"),
    [
        (31.904, 1, "31.9", "31,9"),
        (-12.4, 1, "−12.4", "−12,4"),
        (-0.04, 1, "0.0", "0,0"),
        (12480, 0, "12,480", "12\xa0480"),
        (None, 1, "–", "–"),
        (0, "", "0.0", "0,0"),
    ],
)
def test_figures(value: float | None, places: int | str, english: str, french: str):
    assert figure(value, places) == english
    with translation.override("fr"):
        assert figure(value, places).replace("\u202f", "\xa0") == french


def test_moments_are_in_the_readers_zone_and_say_it_to_machines():
    with timezone.override("Europe/Paris"):
        html = render("{{ at|moment }}", at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    assert html == '<time datetime="2026-11-21T00:30:00+01:00">21 Nov 2026, 00:30</time>'
    assert render("{{ at|day }}", at=date(2026, 3, 1)) == '<time datetime="2026-03-01">1 Mar 2026</time>'
    assert render("{{ at|moment }}", at=None) == "–"


def test_an_interval_is_drawn_where_it_lies():
    html = render("{% interval 0 -50 100 -100 100 %}")
    assert '<line class="interval-value" x1="100.00" x2="100.00"' in html
    assert '<line class="interval-range" x1="53.00" x2="194.00"' in html
    assert "interval-zero" in html
    assert "interval-zero" not in render("{% interval 50 40 60 %}")


def test_a_component_gets_content_and_slots_from_the_page():
    html = close(
        render(
            '{% component "card" heading=title %}Hello {{ who }}{% slot "footer" %}Bye {{ who }}{% endslot %}'
            "{% endcomponent %}",
            title="A & B",
            who="<Zoé>",
        )
    )
    assert "<h3>A &amp; B</h3>" in html
    assert '<div class="card-body">Hello &lt;Zoé&gt;</div>' in html
    assert '<div class="card-footer">Bye &lt;Zoé&gt;</div>' in html


def test_a_component_sees_its_arguments_only():
    assert "card-link" not in render('{% component "card" heading="x" %}{% endcomponent %}', href="/from-the-page")


def test_a_mapping_gives_several_arguments():
    html = close(
        render('{% component "card" **given level=2 %}x{% endcomponent %}', given={"heading": "A", "level": 4})
    )
    assert "<h2>A</h2>" in html


def test_an_empty_slot_leaves_no_frame():
    html = render('{% component "card" %}x{% slot "footer" %} {% if no %}y{% endif %} {% endslot %}{% endcomponent %}')
    assert "card-footer" not in html


TABLE = (
    '{% component "table" heading=heading framed=framed label="Trips" %}{% slot "head" %}<th>Name</th>{% endslot %}'
    '{% slot "empty" %}None yet.{% endslot %}{% for row in rows %}<tr><td>{{ row }}</td></tr>{% endfor %}{% endcomponent %}'
)


@pytest.mark.parametrize(
    ("arguments", "cards"),
    [({}, 0), ({"framed": True}, 1), ({"heading": "My trips"}, 1)],
    ids=["bare", "framed", "card"],
)
def test_a_table_draws_its_rows_in_the_frame_asked_for(arguments: dict[str, object], cards: int):
    html = close(render(TABLE, rows=["<b>Night train</b>"], **arguments))
    assert "<thead><tr><th>Name</th></tr></thead><tbody><tr><td>&lt;b&gt;" in html
    assert 'role="region" aria-label="Trips" tabindex="0"' in " ".join(html.split())
    assert "None yet." not in html
    assert html.count('class="card card-flush"') == cards


@pytest.mark.parametrize(("arguments", "cards"), [({}, 0), ({"framed": True}, 0), ({"heading": "My trips"}, 1)])
def test_a_table_without_rows_says_so_instead(arguments: dict[str, object], cards: int):
    html = render(TABLE, rows=[], **arguments)
    assert "<table" not in html
    assert "None yet." in html
    assert html.count("<section") == cards


def test_a_dialog_form_without_words_for_its_button_sends_nothing():
    source = '{% component "dialog_form" heading="Edit" action="/x" submit=words %}Fields{% endcomponent %}'
    assert ">Save</button>" in render(source, words="Save")
    assert 'type="submit"' not in render(source, words="")


@pytest.mark.parametrize(
    "source", ["{% component %}{% endcomponent %}", "{% component 'card' stray %}{% endcomponent %}"]
)
def test_a_component_written_wrongly_says_so(source: str):
    with pytest.raises(TemplateSyntaxError):
        render(source)


class OrderForm(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the ticket.")
    nickname = forms.CharField(label="Nickname", required=False)
    seat = forms.ChoiceField(label="Seat", choices=[("w", "Window"), ("a", "Aisle")], widget=forms.RadioSelect)
    token = forms.CharField(widget=forms.HiddenInput)


def test_a_form_is_drawn_by_the_design_system():
    html = close(str(OrderForm()))
    assert '<label class="field-label" for="id_name">Name</label>' in html
    assert '<div class="field-help" id="id_name_helptext">As on the ticket.</div>' in html
    assert html.count("Optional") == 1
    assert "<legend" in html
    assert "error-summary" not in html


def test_mistakes_are_summed_up_and_tied_to_their_fields():
    html = str(OrderForm({"name": "", "seat": "x"}))
    assert '<a href="#id_name">Name</a>' in html
    assert '<a href="#id_seat">Seat</a>' in html
    assert 'id="id_name_error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert "Token: This field is required." in html


def test_a_kpi_without_data_shows_no_figure():
    html = render('{% component "kpi" name="x" value=None n=0 state="waiting" %}{% endcomponent %}')
    assert "No data yet" in html
    assert "interval" not in html


def test_a_hidden_kpi_keeps_its_n():
    html = render('{% component "kpi" name="x" value=None n=7 state="suppressed" %}{% endcomponent %}')
    assert "Hidden" in html
    assert "n = 7" in html
    assert "No data yet" not in html


def test_a_kpi_says_its_facts():
    html = close(
        render(
            '{% component "kpi" name="Trip" value=v n=18 low=-4.2 high=9 minimum=-100 decimals=0 low_base=True'
            " items_used=1 items_total=3 state='live' %}{% endcomponent %}",
            v=2.5,
        )
    )
    assert '<p class="kpi-value">2</p>' in html
    assert "−4 … 9" in html
    assert "n = 18" in html
    assert "1 of 3 items" in html
    assert "Low base" in html
