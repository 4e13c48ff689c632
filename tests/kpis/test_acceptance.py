"""A changed question is compared with what it was, and accepted as a new version; the numbers before stay."""

from __future__ import annotations

import re
from datetime import date

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse

from accounts.models import Organisation
from feedback.drift import Change, differences, is_another_scale, sentence
from feedback.models import FeedbackItem
from feedback.states import State
from kpis.mapping.acceptance import Counting, accept, carried_over, offer_for
from kpis.mapping.mappings import former_of
from kpis.pages.item_view import ItemView, find
from kpis.scoring.scores import ALL_TIME, Scores, items_with_facts
from tests.factories import at, change_question, make_days, make_item, make_question
from tests.kpis.blocks import under_threshold
from versioning.saving import Outdated

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
WORDS = ("Very dissatisfied", "Dissatisfied", "Neutral", "Satisfied", "Very satisfied")
EDITED = at("2026-11-20 09:00")


def choices(*labels: str, values: str = "1234567", left_out: str = "") -> list[dict]:
    return [
        {"value": value, "label": label, "analyze": value not in left_out}
        for value, label in zip(values, labels, strict=False)
    ]


FIVE = choices(*WORDS)
SEVEN = choices(*(f"{n} of 7" for n in range(1, 8)))
SWAPPED = choices(*WORDS, values="54321")
RENAMED = choices("Very unhappy", "Unhappy", "So-so", "Happy", "Very happy")
WITHOUT_LAST = FIVE[:-1]


@pytest.fixture
def today():
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        Organisation.current()
        yield


@pytest.fixture
def item() -> FeedbackItem:
    """CSAT of five points, 40 of 50 positive."""
    question = make_question(kind="choice", choices=FIVE, scale_min=1, scale_max=5, wording="How satisfied?")
    made = make_item(question, metric="csat", positive_values=["4", "5"])
    make_days(question, {"2026-11-01": {"5": 30, "4": 10, "2": 10}})
    return made


def changed(item: FeedbackItem, **fields) -> FeedbackItem:
    """The item with what its page reads, after somebody edited its question."""
    if "choices" in fields:
        counted = [float(choice["value"]) for choice in fields["choices"] if choice["analyze"]]
        fields = {"scale_min": min(counted), "scale_max": max(counted)} | fields
    change_question(item.question, EDITED, **fields)
    return find(item.pk)


def lines(item: FeedbackItem) -> list[tuple[str, str, str]]:
    found = differences(item.question, item.question.successor)
    return [(line.change.value, line.before, line.now) for line in found if line.is_change]


# --- The comparison ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected", "another_scale", "in_short"),
    [
        ({"choices": WITHOUT_LAST}, [
            ("scale", "1 to 5", "1 to 4"), ("removed", "5 – Very satisfied", ""),
        ], True, "1 choice removed · scale 1 to 5, now 1 to 4"),
        ({"choices": [*FIVE, *choices("Delighted", values="6")]}, [
            ("scale", "1 to 5", "1 to 6"), ("added", "", "6 – Delighted"),
        ], True, "1 choice added · scale 1 to 5, now 1 to 6"),
        ({"choices": SWAPPED}, [
            ("recoded", "1 – Very dissatisfied", "5 – Very dissatisfied"),
            ("recoded", "2 – Dissatisfied", "4 – Dissatisfied"),
            ("recoded", "4 – Satisfied", "2 – Satisfied"),
            ("recoded", "5 – Very satisfied", "1 – Very satisfied"),
        ], True, "4 choices with another value"),
        ({"choices": [*FIVE[:4], *choices("Delighted", values="5")]}, [
            ("renamed", "5 – Very satisfied", "5 – Delighted"),
        ], False, "1 choice renamed"),
        ({"choices": choices(*WORDS, left_out="3")}, [
            ("analysed", "3 – Neutral", "3 – Neutral (not analysed)"),
        ], False, "analysed or not"),
        ({"wording": "Were you satisfied?"}, [
            ("wording", "How satisfied?", "Were you satisfied?"),
            ("form", "", "The choices and their values have stayed."),
        ], False, "asked in another way"),
        ({"kind": "multi"}, [("kind", "Single choice", "Multiple choice")], True, "other type"),
    ],
)  # fmt: skip
def test_old_and_new_stand_side_by_side(item, now, expected, another_scale, in_short):
    item = changed(item, **now)
    assert lines(item) == expected
    found = differences(item.question, item.question.successor)
    assert is_another_scale(found) == another_scale
    assert sentence(found) == in_short


def test_what_stayed_is_shown_as_well(item):
    item = changed(item, choices=RENAMED)
    found = differences(item.question, item.question.successor)
    assert [line.change for line in found] == [Change.RENAMED] * 5
    item = changed(
        make_item(make_question(kind="choice", choices=FIVE, scale_min=1, scale_max=5)), choices=WITHOUT_LAST
    )
    assert [line.change for line in differences(item.question, item.question.successor)].count(Change.SAME) == 4


# --- The formula ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positive", "now", "expected"),
    [
        (["4", "5"], {"choices": SEVEN}, "csat_6_7_of_1_7"),
        (["4", "5"], {"choices": SWAPPED}, "csat_4_5_of_1_5"),  # values move along with their labels
        (["3", "4", "5"], {"choices": SWAPPED}, "csat_3_5_of_1_5"),
        (["3", "4", "5"], {"choices": RENAMED}, "csat_3_5_of_1_5"),  # the values that were positive
        (["3", "4", "5"], {"wording": "Were you satisfied?"}, "csat_3_5_of_1_5"),
        (["4", "5"], {"choices": WITHOUT_LAST}, "csat_3_4_of_1_4"),
        (["4", "5"], {"kind": "multi"}, None),
        (["4", "5"], {"choices": choices("Work", "Leisure", "Other")}, None),
    ],
)
def test_what_was_positive_stays_so_where_it_can(item, positive, now, expected):
    item.positive_values = positive
    item.save()
    item = changed(item, **now)
    formula, _mapping = carried_over(item, item.question.successor)
    assert (formula.name if formula else None) == expected


# --- The action ---------------------------------------------------------------------------------------------------------


def test_on_another_scale_only_what_comes_after_the_change_counts(item, analyst):
    item = changed(item, choices=SEVEN)
    offer = offer_for(item)
    assert (offer.recommended, offer.since) == (Counting.SINCE, date(2026, 11, 20))
    before = ItemView(item, ALL_TIME)
    assert (before.state, before.figure.measure.value, before.figure.measure.n) == (State.NEEDS_ATTENTION, 80.0, 50)
    make_days(offer.question, {"2026-11-19": {"1": 90}, "2026-11-21": {"7": 3, "1": 1}})
    accept(item, item.version, seen_question=offer.question.pk, counting="since", user=analyst)
    now = ItemView(find(item.pk), ALL_TIME)
    assert (now.state, now.figure.measure.value, now.figure.measure.n) == (State.LIVE, 75.0, 4)
    assert (now.item.count_from, now.item.mapped_by) == (date(2026, 11, 20), analyst)
    former = former_of(now.item)
    assert [(each.mapping.number, each.figure.measure.value, each.figure.measure.n) for each in former] == [
        (1, 80.0, 50)
    ]
    assert (former[0].mapping.ended_by, former[0].figure.formula.name) == (analyst, "csat_4_5_of_1_5")


def test_where_answers_mean_the_same_all_of_them_count(item, analyst):
    item = changed(item, choices=RENAMED)
    offer = offer_for(item)
    assert offer.recommended == Counting.ALL
    make_days(offer.question, {"2026-11-01": {"5": 30, "4": 10, "2": 10}, "2026-11-21": {"1": 10}})
    accept(item, item.version, seen_question=offer.question.pk, counting="all", user=analyst)
    now = ItemView(find(item.pk), ALL_TIME)
    assert (round(now.figure.measure.value, 1), now.figure.measure.n, now.item.count_from) == (66.7, 60, None)
    assert [each.figure.measure.n for each in former_of(now.item)] == [50]


def test_a_first_day_chosen_before_is_kept_if_it_is_later(item, analyst):
    FeedbackItem.objects.filter(pk=item.pk).update(count_from=date(2026, 12, 1), backfill="date")
    item = changed(item, choices=SEVEN)
    accept(item, item.version, seen_question=offer_for(item).question.pk, counting="since", user=analyst)
    assert find(item.pk).count_from == date(2026, 12, 1)


def test_every_version_stays_with_its_number(item, analyst):
    for now, fingerprint in ((SEVEN, "seven"), (FIVE, "five"), (SWAPPED, "swapped")):
        item = changed(item, choices=now, fingerprint=fingerprint)
        accept(item, item.version, seen_question=offer_for(item).question.pk, counting="since", user=analyst)
        item = find(item.pk)
    assert [each.mapping.number for each in former_of(item)] == [3, 2, 1]
    assert former_of(item)[-1].figure.measure.value == 80.0


def test_what_was_not_seen_is_not_accepted(item, analyst):
    item = changed(item, choices=SEVEN)
    seen = offer_for(item).question.pk
    with pytest.raises(Outdated):
        accept(item, item.version + 1, seen_question=seen, counting="all", user=analyst)
    item = find(item.pk)
    with pytest.raises(ValidationError, match="once more"):
        accept(item, item.version, seen_question=seen + 1, counting="all", user=analyst)
    assert find(item.pk).question == item.question


def test_nothing_is_offered_for_what_has_not_changed_or_is_gone(item):
    assert offer_for(find(item.pk)) is None
    item = changed(item, choices=SEVEN)
    for state in ("draft", "archived"):
        item.chosen_state = state
        assert offer_for(item) is None
    item.chosen_state = "paused"
    assert offer_for(item) is not None
    item.question.successor.gone_at = EDITED
    assert offer_for(item) is None


def test_items_on_both_sides_of_a_change_count_the_same_people_once(item, analyst):
    other = make_item(item.question, item.card.stage, metric="csat", positive_values=["4", "5"])
    item = changed(item, choices=RENAMED)
    make_days(item.question.successor, {"2026-11-01": {"5": 30, "4": 10, "2": 10}})
    accept(item, item.version, seen_question=item.question.successor_id, counting="all", user=analyst)
    scores = Scores(items_with_facts(Q(pk__in=[item.pk, other.pk])))
    assert [figure.measure.n for figure in scores.for_stages()[item.card.stage_id]] == [50]


# --- Page and API -----------------------------------------------------------------------------------------------------


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_page_shows_the_difference_and_analysts_accept_it_there(client_of, analyst, viewer, item):
    item = changed(item, choices=SEVEN)
    address, accept_address = reverse("kpis:item", args=[item.pk]), reverse("kpis:item_accept", args=[item.pk])
    page = text_of(client_of(viewer).get(address))
    assert "The question has changed in the survey" in page
    assert "Changed on 20 Nov 2026" in page
    assert "5 – Very satisfied 5 – 5 of 7" in page
    assert "Accept the new mapping " not in page
    assert client_of(viewer).post(accept_address).status_code == 403
    client = client_of(analyst)
    dialog = client.get(accept_address)
    assert "The share of the answers 6, 7 on the scale from 1 to 7." in text_of(dialog)
    form = dialog.context["form"]
    assert form["answers"].value() == "since"
    done = client.post(accept_address, {name: form[name].value() for name in form.fields}, follow=True)
    assert "The new mapping counts from now on." in text_of(done)
    assert "Former versions of the mapping" in text_of(done)
    assert re.search(r"1 How satisfied\? CSAT .*80%.*50 answers", text_of(done))
    again = client.post(accept_address, {name: form[name].value() for name in form.fields}, follow=True)
    assert "has not changed, or is gone" in text_of(again)


def test_the_dialog_tells_when_somebody_was_faster(client_of, analyst, item):
    item = changed(item, choices=SEVEN)
    address = reverse("kpis:item_accept", args=[item.pk])
    sent = {"answers": "all", "seen_version": item.version + 1, "question": item.question.successor_id}
    refused = client_of(analyst).post(address, sent)
    assert (refused.status_code, "Somebody else changed this item meanwhile" in text_of(refused)) == (422, True)
    assert refused.context["form"]["seen_version"].value() == str(item.version)  # trying again is in knowledge of it
    assert find(item.pk).former_mappings.count() == 0


def test_the_api_tells_and_accepts(client_of, analyst, item):
    item = changed(item, choices=SEVEN)
    client, address = client_of(analyst), f"/api/v1/kpis/items/{item.pk}/mapping/"
    told = client.get(address).json()
    assert (told["number"], told["former"]) == (1, [])
    assert told["changed"] | {"differences": []} == {
        "question": item.question.successor_id, "since": "2026-11-20", "formula": "csat_6_7_of_1_7",
        "recommended": "since", "differences": [],
        "summary": "2 choices added · 5 choices renamed · scale 1 to 5, now 1 to 7",
    }  # fmt: skip
    assert told["changed"]["differences"][-1] == {
        "change": "added", "label": "Added", "before": "", "now": "7 – 7 of 7",
    }  # fmt: skip
    body = {"question": told["changed"]["question"], "answers": "since"}
    assert client.post(address, body, content_type="application/json").status_code == 400  # which version was seen?
    stale = client.post(address, body | {"version": told["version"] + 1}, content_type="application/json")
    assert stale.status_code == 409
    done = client.post(address, body | {"version": told["version"]}, content_type="application/json").json()
    assert (done["number"], done["changed"], done["question"]) == (2, None, body["question"])
    assert [(each["number"], each["figure"]["value"]) for each in done["former"]] == [(1, 80.0)]


def test_a_figure_of_a_former_version_is_hidden_where_too_few_stand_behind_it(item, analyst):
    item = changed(item, choices=SEVEN)
    accept(item, item.version, seen_question=item.question.successor_id, counting="since", user=analyst)
    under_threshold(51)
    former = former_of(find(item.pk))[0].figure
    assert (former.measure.value, former.n_text, former.is_suppressed) == (None, "50 answers wait", True)
