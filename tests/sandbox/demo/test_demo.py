from collections import Counter
from datetime import UTC, datetime

import pytest

from sandbox.demo import BANK_TOKEN, RAILWAY_TOKEN, VIEWER_TOKEN, build_world
from sandbox.exports.rendering import record

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
IQ = "QID8_TEXT_5f0c2a7be41d9038c6ab1e27"


@pytest.fixture(scope="module")
def world():
    world = build_world(now=NOW)
    yield world
    world.close()


@pytest.fixture(scope="module")
def journey(world):
    return list(world.recorded(world.survey("post-journey")))


def test_tokens_are_forty_letters_and_digits():
    tokens = {RAILWAY_TOKEN, BANK_TOKEN, VIEWER_TOKEN}
    assert len(tokens) == 3
    assert all(len(token) == 40 and token.isalnum() and token.isascii() for token in tokens)


def rendered(world):
    return [
        record(survey, response)
        for survey in world.surveys.values()
        for response in world.responses[survey.id].values()
    ]


def test_the_same_seed_and_moment_give_the_same_world_and_another_seed_another():
    first, again, other = (build_world(seed, small=True, now=NOW) for seed in (7, 7, 8))
    for world in (first, again, other):
        world.clock.hold()
    assert list(first.surveys) == list(again.surveys) != list(other.surveys)
    # The clock runs a few milliseconds between the two, which moves the trial rows before the launch.
    assert [line for line in rendered(first) if b'"status":0' in line] == [
        line for line in rendered(again) if b'"status":0' in line
    ]


def test_the_railway_has_about_nine_thousand_responses_over_two_years(world):
    railway = [survey for survey in world.surveys.values() if survey.brand == "coastline"]
    rows = [row for survey in railway for row in world.recorded(survey)]
    assert 8_500 < len(rows) < 11_000
    assert len({row.id for row in rows}) == len(rows)
    span = max(row.recorded for row in rows) - min(row.recorded for row in rows)
    assert 728 < span / 86_400_000 < 732


def test_every_kind_of_row_occurs(journey):
    statuses = Counter(row.status for row in journey)
    assert set(statuses) == {0, 1, 2, 8}
    unfinished = [row for row in journey if not row.finished]
    assert 0.05 < len(unfinished) / len(journey) < 0.15
    assert all(7 * 86_400 < (row.recorded - row.ended) / 1000 < 7 * 86_400 + 26 for row in unfinished)
    assert all(0 <= row.recorded - row.ended < 1000 for row in journey if row.finished)
    assert 0.35 < sum(row.language == "FR" for row in journey) / len(journey) < 0.55


def test_weekdays_have_a_rhythm_and_summer_is_busy(journey):
    days = Counter(datetime.fromtimestamp(row.ended / 1000, UTC).weekday() for row in journey)
    assert days[4] > 1.3 * days[6]
    months = Counter(datetime.fromtimestamp(row.ended / 1000, UTC).month for row in journey)
    assert months[7] > 1.2 * months[2]


def mean(values):
    values = list(values)
    assert values
    return sum(values) / len(values)


def test_punctuality_fell_in_the_bad_fortnight_and_nps_rises_slowly(world, journey):
    def days_ago(row):
        return (world.clock.now() - row.ended) / 86_400_000

    def punctuality(since, until):
        return mean(
            row.sheet.answers["QID4"]
            for row in journey
            if since < days_ago(row) < until and "QID4" in row.sheet.answers
        )

    assert punctuality(98, 112) < punctuality(120, 300) - 0.8
    scores = [(days_ago(row), row.sheet.answers["QID2"]) for row in journey if "QID2" in row.sheet.answers]
    assert mean(score for age, score in scores if age < 90) > mean(score for age, score in scores if age > 600)


def test_scores_use_the_whole_scale_and_agree_with_each_other(journey):
    scores = Counter(row.sheet.answers.get("QID2") for row in journey)
    assert all(scores[score] for score in range(11))
    promoters, detractors = sum(scores[s] for s in (9, 10)), sum(scores[s] for s in range(7))
    assert -20 < 100 * (promoters - detractors) / sum(scores[s] for s in range(11)) < 50
    by_sentiment = {
        verdict: mean(
            row.sheet.answers["QID2"]
            for row in journey
            if row.sheet.text_iq.get(f"{IQ}Sentiment") == verdict and "QID2" in row.sheet.answers
        )
        for verdict in ("Very Positive", "Negative")
    }
    assert by_sentiment["Very Positive"] > by_sentiment["Negative"] + 1.5


@pytest.mark.parametrize("language", ["EN", "FR"])
@pytest.mark.parametrize("verdict", ["Positive", "Negative", "Mixed"])
def test_comments_differ(journey, language, verdict):
    texts = {
        row.sheet.answers["QID8_TEXT"]
        for row in journey
        if row.language == language and row.sheet.text_iq.get(f"{IQ}Sentiment") == verdict
    }
    assert len(texts) >= 60
    assert not any("{" in text for text in texts)


def test_not_applicable_is_chosen_now_and_then(journey):
    staff = Counter(row.sheet.answers.get("QID3") for row in journey)
    assert 0.02 < staff[6] / sum(staff.values()) < 0.12
    assert set(Counter(row.sheet.answers.get("QID4") for row in journey)) == {None, 1, 2, 3, 4, 5}
