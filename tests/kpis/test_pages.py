"""The pages of an item and of a journey's KPIs, and what of them is on the map."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.models import Organisation
from feedback import items
from feedback.models import FeedbackItem, Question
from journeys.models import Lane
from kpis.models import Consolidation
from kpis.pages.comments import comment_question
from kpis.pages.panels import panels_for, register_panel
from tests.factories import (
    at,
    make_days,
    make_item,
    make_journey,
    make_lane,
    make_manual_item,
    make_question,
    make_response,
)
from tests.kpis.blocks import under_threshold
from tests.kpis.flagging import decide_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


@pytest.fixture
def today():
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        Organisation.current()
        yield


@pytest.fixture
def item():
    """60 promoters, 25 passives, 15 detractors over two days, and what does not count."""
    item = make_item()
    item.card.title = "Recommend booking"
    item.card.save()
    item.survey.last_good_fetch_at = at("2026-11-22 05:00")
    item.survey.save()
    make_days(
        item.question,
        {
            "2026-11-01": {"10": 30, "9": 10, "8": 25},
            "2026-11-20": {"counted": {"9": 20, "3": 15, "": 4}, "unfinished": {"1": 12}, "preview": {"1": 3}},
        },
    )
    return item


@pytest.fixture
def page_of(client_of, viewer):
    """The text of a page as the viewer sees it, its white space folded."""

    def get(name, pk, user=viewer, **query):
        response = client_of(user).get(reverse(name, args=[pk]), query)
        assert response.status_code == 200
        return re.sub(r"\s+", " ", response.content.decode())

    return get


def test_an_items_page_tells_the_number_and_where_it_comes_from(page_of, item):
    page = page_of("kpis:item", item.pk)
    for told in (
        "+45", "95 % confidence interval 29 to 58", "100 answers", "60% promoters, 25% passives, 15% detractors",
        item.source.name, item.survey.name, item.question.wording, "from the start of the survey",
        "The share of 9 and 10 (promoters) minus the share of 0 to 6 (detractors)",
        "Unfinished responses", "Asked but not answered", "Promoter", "Detractor",
    ):  # fmt: skip
        assert told in page
    assert '<svg class="chart chart-trend"' in page


def test_the_period_is_chosen_in_the_address(page_of, item):
    assert "35 answers" in page_of("kpis:item", item.pk, period="last_7_days")
    assert "65 answers" in page_of("kpis:item", item.pk, **{"from": "2026-11-01", "to": "2026-11-19"})
    assert "The period ends before it begins." in page_of(
        "kpis:item", item.pk, **{"from": "2026-11-02", "to": "2026-11-01"}
    )


BEFORE, AFTER = {"10": 50, "8": 31, "0": 13}, {"10": 48, "8": 31, "0": 8}


def test_a_change_is_flagged_for_complete_months_only(page_of):
    item = make_item()
    make_days(item.question, {"2026-09-20": BEFORE, "2026-10-10": AFTER})
    page = page_of("kpis:item", item.pk, period="previous_month")
    assert "No detectable change from the previous period." in page
    assert "With these answers, changes beyond ±21 would show." in page
    make_days(item.question, {"2026-09-12": {"0": 200}})
    assert "Up by" not in page_of("kpis:item", item.pk, period="previous_month")  # it was not looked at so far
    decide_all()
    page = page_of("kpis:item", item.pk, period="previous_month")
    assert "Up by" in page and "as seen on" in page
    assert "previous period" not in page_of("kpis:item", item.pk)


def test_any_other_period_shows_the_difference_and_how_certain_it_is_without_a_flag(page_of):
    item = make_item()
    make_days(item.question, {"2026-11-10": {"0": 200}, "2026-11-20": AFTER})
    page = page_of("kpis:item", item.pk, period="last_7_days")
    assert "Up by" not in page
    assert "+146 points against the previous period." in page
    assert "95 % confidence interval of the difference: +129 to +157." in page
    assert "Changes are flagged for complete months and quarters only" in page


def test_a_change_of_few_answers_is_none(page_of):
    item = make_item()
    make_days(item.question, {"2026-09-10": {"0": 9}, "2026-10-20": AFTER})
    assert "Too few answers to tell a change" in page_of("kpis:item", item.pk, period="previous_month")


def test_a_target_is_judged(page_of, item):
    for target, verdict in ((20, "Target met"), (70, "Target missed"), (45, "Undecided")):
        FeedbackItem.objects.update(target=target)
        assert verdict in page_of("kpis:item", item.pk)


def test_a_target_is_not_judged_by_fewer_than_ten_answers(page_of):
    item = make_item(target=20)
    make_days(item.question, {"2026-11-10": {"10": 9}})
    page = page_of("kpis:item", item.pk)
    assert "Too few answers for a verdict" in page
    assert "Target met" not in page


def test_a_bound_is_not_printed_on_the_target(page_of):
    """36 promoters and 18 passives: 49.95 to 76."""
    item = make_item(target=50)
    make_days(item.question, {"2026-11-10": {"10": 36, "8": 18}})
    page = page_of("kpis:item", item.pk)
    assert "49 to 76" in page and "Undecided" in page


def test_an_item_without_answers_says_so_and_shows_no_zero(page_of):
    page = page_of("kpis:item", make_item().pk)
    assert "No data yet" in page
    assert "Waiting for responses" in page
    assert not re.search(r"kpi-value[^>]*>\s*[+−]?0\s*<", page)


def drawn_by(page) -> str:
    return re.search(r'href="\?[^"]*by=(\w+)[^"]*" aria-current="true"', page)[1]


@pytest.mark.parametrize(
    ("answers_a_day", "days", "by"),
    [(30, 20, "day"), (5, 60, "week"), (1, 200, "month"), (1, 20, "rolling"), (30, 400, "week")],
)
def test_buckets_hold_about_thirty_answers_or_the_rolling_metric_is_drawn(page_of, answers_a_day, days, by):
    item = make_item()
    first = at("2026-11-22 12:00").date() - timedelta(days=days - 1)
    make_days(item.question, {(first + timedelta(days=i)).isoformat(): {"9": answers_a_day} for i in range(days)})
    assert drawn_by(page_of("kpis:item", item.pk)) == by
    assert drawn_by(page_of("kpis:item", item.pk, by="month")) == "month"


def test_the_rolling_metric_is_drawn_of_all_answers_before_each_day(page_of):
    item = make_item()
    first = at("2026-11-22 12:00").date() - timedelta(days=399)
    answers = {(first + timedelta(days=i)).isoformat(): {"9" if i < 300 else "0": 1} for i in range(400)}
    make_days(item.question, answers)
    page = page_of("kpis:item", item.pk, by="rolling")
    assert "Rolling, 91 days" in page
    assert page.count('<circle class="chart-point') + page.count('<circle class="chart-point chart-hidden') >= 100
    assert "Latest: 24 Aug 2026 to 22 Nov 2026, incomplete: −100" in page
    under_threshold(5)
    page = page_of("kpis:item", item.pk, by="rolling")
    assert "Rolling, 91 days" in page
    assert "Latest: 24 Aug 2026 to 22 Nov 2026, incomplete: −100" in page


def test_answers_of_a_sentiment_add_up_to_its_n(page_of):
    question = make_question(kind="sentiment", scale_min=-2, scale_max=2)
    item = make_item(question, metric="sentiment")
    make_days(question, {"2026-11-20": {"2": 20, "1": 5, "0": 5, "-2": 10, "mixed": 6}})
    page = page_of("kpis:item", item.pk)
    table = page[page.index('class="table table-bare answer-table"') :]
    rows = re.findall(
        r'<th scope="row">\s*([^<]+?) <span class="soft">([^<]+)</span>\s*</th>.*?<td class="number">(\d+)',
        table,
        re.DOTALL,
    )
    assert rows == [
        ("−2", "Very negative", "10"),
        ("−1", "Negative", "0"),
        ("0", "Neutral", "5"),
        ("1", "Positive", "5"),
        ("2", "Very positive", "20"),
    ]
    assert "40 answers" in page
    assert re.search(r"<dt>Both positive and negative</dt>\s*<dd[^>]*>\s*6\s*<", page)


def test_a_journeys_page_names_the_items_that_are_not_used(page_of, item):
    waiting = make_item(stage=item.card.stage)
    waiting.card.title = "Sound of the bell"
    waiting.card.save()
    page = page_of("kpis:journey", item.card.lane.journey_id)
    assert "1 of 2 items" in page
    assert "Sound of the bell: No data yet" in page


def test_changes_that_are_shown_together_are_flagged_together(page_of):
    """Nine items hardly changed; of two that did, one would be flagged alone but is not among so many."""
    journey = make_journey()
    stage = journey.stages.first()
    for _ in range(18):
        make_days(
            make_item(stage=stage).question, {"2026-09-10": {"10": 50, "0": 50}, "2026-10-10": {"10": 51, "0": 50}}
        )
    clear, slight = make_item(stage=stage), make_item(stage=stage)
    make_days(clear.question, {"2026-09-10": {"10": 20, "0": 80}, "2026-10-10": {"10": 80, "0": 20}})
    make_days(slight.question, {"2026-09-10": {"10": 50, "0": 50}, "2026-10-10": {"10": 65, "0": 35}})
    decide_all()
    page = page_of("kpis:journey", journey.pk, period="previous_month")
    # The stage and the journey were looked at too, and moved with the clear one.
    looked_at = "22 KPIs were compared with the period before; 3 of them changed."
    assert looked_at in page
    assert page.count("Up by") == 3 and page.count("Up by 120 points from the previous period.") == 1
    page = page_of("kpis:item", slight.pk, period="previous_month")
    assert "Up by" not in page and "+30 points against the previous period." in page
    assert looked_at in page
    for period in ("last_30_days", "all"):
        assert "compared with the period before" not in page_of("kpis:journey", journey.pk, period=period)


def test_a_draft_is_to_be_completed(page_of, analyst, viewer):
    item = make_item(chosen_state="draft")
    wizard = reverse("integrations:wizard_edit", args=[item.pk])
    assert wizard in page_of("kpis:item", item.pk, analyst)
    page = page_of("kpis:item", item.pk)
    assert "This item is a draft" in page
    assert wizard not in page


@pytest.mark.parametrize(
    ("chosen", "offered"),
    [
        ("retrieving", {"pause", "archive"}),
        ("paused", {"resume", "archive"}),
        ("draft", {"retrieve", "archive"}),
        ("archived", {"restore"}),
    ],
)
def test_only_what_can_be_done_is_offered_and_to_analysts_only(page_of, analyst, chosen, offered):
    item = make_item(chosen_state=chosen)
    actions = {"retrieve", "pause", "resume", "archive", "restore"}
    page = page_of("kpis:item", item.pk, analyst)
    found = {action for action in actions if f'action="{reverse(f"feedback:item_{action}", args=[item.pk])}"' in page}
    assert found - ({"archive"} if chosen == "archived" else set()) == offered
    page = page_of("kpis:item", item.pk)
    assert not any(f'action="{reverse(f"feedback:item_{action}", args=[item.pk])}"' in page for action in actions)


def test_what_small_samples_hide_is_nowhere_on_the_page(page_of, analyst, item):
    text = make_question(item.survey, kind="text")
    make_days(text, {"2026-11-20": {"comment": 3}})
    make_response(item.survey, "2026-11-20 10:00", {item.question: 3, text: "A telling comment"})
    under_threshold(101)
    page = page_of("kpis:item", item.pk, analyst)
    assert "Hidden: too few answers" in page
    assert "100 answers wait" in page
    for telling in (
        "+45",
        "29 to 58",
        "promoters,",
        "Detractor",
        "chart-point",
        'Unfinished responses</dt><dd class="figures"',
    ):
        assert telling not in page
    assert "A telling comment" not in page_of("kpis:item_comments", item.pk, analyst)
    journey = item.card.lane.journey
    make_lane(journey, Lane.Kind.KPI)
    for address in ("journeys:detail", "kpis:journey", "kpis:journey_export"):
        page = page_of(address, journey.pk, analyst)
        assert "+45" not in page
        assert "45.0" not in page
        assert "100 answers wait" in page or address == "kpis:journey_export"


def test_hidden_buckets_are_gaps(page_of, item):
    under_threshold(40)
    page = page_of("kpis:item", item.pk, by="week")
    assert "+45" not in page  # of all
    assert "+62" in page  # the week of 65 answers
    assert "+14" not in page  # the week of 35
    assert "Hidden: too few answers (35 wait)" in page
    assert "No block ends in this period" in page
    assert "No data yet" not in page


def test_comments_are_for_those_who_may_read_them(page_of, client_of, analyst, viewer, item):
    text = make_question(item.survey, kind="text", wording="Why?")
    make_days(text, {"2026-11-20": {"comment": 2}})
    mood = make_question(item.survey, kind="sentiment", about=text)
    make_response(item.survey, "2026-11-20 10:00", {item.question: 9, text: "Easy <b>to</b> use", mood: 2})
    make_response(item.survey, "2026-11-21 10:00", {item.question: 2, text: "Too slow", mood: -1})
    make_response(item.survey, "2026-11-21 11:00", {item.question: 2, text: "A preview"}, status=1)
    make_response(item.survey, "2026-11-21 12:00", {item.question: 2, text: ""})
    page = page_of("kpis:item_comments", item.pk, analyst)
    assert page.index("Too slow") < page.index("Easy &lt;b&gt;to&lt;/b&gt; use")
    assert "Very positive" in page
    assert "NPS: <strong>9</strong>" in page
    assert "A preview" not in page
    assert page.count("<blockquote") == 2
    assert "hx-get" in page_of("kpis:item", item.pk, analyst)
    assert reverse("kpis:item_comments", args=[item.pk]) not in page_of("kpis:item", item.pk)
    assert client_of(viewer).get(reverse("kpis:item_comments", args=[item.pk])).status_code == 403


def test_a_score_of_text_iq_has_no_comments_unless_somebody_mapped_them(item):
    text = make_question(item.survey, kind="text", wording="Why?")
    Question.objects.filter(pk=item.question_id).update(kind="score", about=text)
    assert comment_question(FeedbackItem.objects.get(pk=item.pk)) is None
    make_days(text, {"2026-11-20": {"comment": 2}})  # another item counts it
    assert comment_question(FeedbackItem.objects.get(pk=item.pk)) == text


def test_comments_come_page_by_page(page_of, analyst, item):
    text = make_question(item.survey, kind="text")
    make_days(text, {"2026-11-20": {"comment": 25}})
    for n in range(25):
        make_response(item.survey, at("2026-11-20 10:00") + timedelta(minutes=n), {text: f"Comment {n:02}"})
    first, second = (page_of("kpis:item_comments", item.pk, analyst, page=n) for n in (1, 2))
    assert ("Comment 24" in first, "Comment 04" in first, first.count("<blockquote")) == (True, False, 20)
    assert ("Comment 04" in second, "Comment 05" in second, second.count("<blockquote")) == (True, False, 5)


def test_values_by_hand_are_entered_on_the_page(client_of, analyst, page_of):
    item = make_manual_item(values={"2026-01-05": (10, 50)})
    client = client_of(analyst)
    client.post(
        reverse("feedback:value_set", args=[item.pk]), {"day": "2026-02-05", "value": "20", "n": "60", "note": "Study"}
    )
    page = page_of("kpis:item", item.pk, analyst)
    assert "Study" in page
    assert "+20" in page
    refused = client.post(reverse("feedback:value_set", args=[item.pk]), {"day": "2026-02-06", "value": "200"})
    assert refused.status_code == 422
    client.post(reverse("feedback:value_delete", args=[item.pk, "2026-02-05"]))
    assert "Study" not in page_of("kpis:item", item.pk, analyst)


def test_higher_rooms_add_panels_to_the_page(page_of, item, monkeypatch):
    monkeypatch.setattr("kpis.pages.panels._panels", [])
    register_panel(lambda request, shown: f"<p>Fetches of {shown.pk}</p>" if shown == item else "")
    assert "Fetches of" in page_of("kpis:item", item.pk)
    assert panels_for(None, make_item()) == []


def test_the_map_shows_items_and_consolidated_kpis(page_of, item):
    journey = item.card.lane.journey
    make_lane(journey, Lane.Kind.KPI)
    draft = make_item(stage=journey.stages.last(), chosen_state="draft")
    make_days(draft.question, {"2026-11-01": {"0": 500}})
    page = page_of("journeys:detail", journey.pk)
    assert "Recommend booking" in page
    assert page.count("+45") == 3  # the item, its stage, the journey
    assert "1 of 1 item<" in page
    assert page.count("29 to 58") == page.count("100 answers") == 3
    assert page.count("As of") == 2  # of the item and of the journey
    assert "Draft – to complete" in page
    assert "chart-sparkline" in page
    assert reverse("integrations:wizard_edit", args=[draft.pk]) not in page


def test_a_draft_on_the_map_leads_to_the_wizard(page_of, analyst):
    draft = make_item(chosen_state="draft")
    page = page_of("journeys:detail", draft.card.lane.journey_id, analyst)
    assert reverse("integrations:wizard_edit", args=[draft.pk]) in page


def test_the_list_of_maps_shows_their_kpis(page_of, client_of, viewer, item):
    parent = make_journey(name="Parent")
    item.card.lane.journey.parent = parent
    item.card.lane.journey.save()
    page = client_of(viewer).get(reverse("journeys:list")).content.decode()
    assert page.count("+45") == 2


def test_a_journeys_page_shows_every_level(page_of, item):
    journey = item.card.lane.journey
    phase = journey.phases.create(name="Prepare")
    journey.stages.filter(pk=item.card.stage_id).update(phase=phase)
    page = page_of("kpis:journey", journey.pk)
    assert page.count("+45") == 4  # journey, phase, stage, item
    assert page.count("29 to 58") == 4
    assert page.count("100 answers") == 4
    assert page.count("As of") == 2  # of the journey and of the item
    assert "Pooled responses" in page


def test_the_weighting_is_chosen_and_named(client_of, analyst, page_of, item):
    journey = item.card.lane.journey
    client = client_of(analyst)
    client.post(reverse("kpis:journey_weighting", args=[journey.pk]), {"weighting": "equal_items"})
    assert Consolidation.objects.get().weighting == "equal_items"
    assert "Equal items" in page_of("kpis:journey", journey.pk)
    client.post(reverse("kpis:journey_weighting", args=[journey.pk]), {"weighting": "by_magic"})
    assert Consolidation.objects.get().weighting == "equal_items"


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("address", ["journeys:detail", "kpis:journey"])
def test_the_number_of_queries_does_not_grow(client_of, viewer, size, address, django_assert_max_num_queries):
    journey = make_journey(stages=size)
    make_lane(journey, Lane.Kind.KPI)
    for stage in journey.stages.all():
        make_days(make_item(stage=stage).question, {"2026-11-01": {"9": 30}})
        make_manual_item(stage, {"2026-01-05": 10})
        make_item(stage=stage, chosen_state="draft")
    client, url = client_of(viewer), reverse(address, args=[journey.pk])
    client.get(url)
    with django_assert_max_num_queries(22):
        assert client.get(url).status_code == 200


def test_a_deleted_item_is_gone_from_the_map(client_of, analyst, page_of, item):
    journey = item.card.lane.journey
    url = reverse("feedback:item_delete", args=[item.pk])
    client = client_of(analyst)
    assert "the history of the map, brings it back" in client.get(url).content.decode()
    client.post(url, {"seen_version": "7"})
    assert FeedbackItem.objects.exists()
    client.post(url, {"seen_version": str(item.version)})
    assert "Recommend booking" not in page_of("journeys:detail", journey.pk)
    assert not FeedbackItem.objects.exists()
    assert items
