"""Comments under a threshold: only of answers that a block counts, and with nothing that tells what their author answered."""

import pytest
from django.urls import reverse

from tests.factories import make_item, make_question
from tests.kpis.blocks import History, day, set_threshold


@pytest.fixture
def history(db):
    set_threshold(3)
    history = History()
    make_item(history.question)
    history.questions.append(make_question(history.survey, "text", wording="Why?"))
    history.questions.append(make_question(history.survey, "sentiment", about=history.questions[1]))
    return history


@pytest.fixture
def api(api_of, analyst):
    return api_of(analyst)


def wrote(history, number, on, score, text, kind="counted"):
    asked, written, felt = history.questions
    history.store((number, on, {asked: score, written: text, felt: 2 if text else None}, kind))


def comments(api, history, **query):
    told = api.get(f"/api/v1/kpis/items/{history.question.items.get().pk}/comments/", query)
    assert told.status_code == 200
    return told.json()


def texts(told):
    return sorted(each["text"] for each in told["comments"])


def test_a_comment_is_shown_with_its_block_and_nothing_else(api, history, client_of, analyst):
    for number, on in ((1, 1), (2, 1), (3, 2), (4, 3)):
        wrote(history, number, on, 9, f"Comment {number}")
    history.refresh()
    told = comments(api, history)
    assert texts(told) == ["Comment 1", "Comment 2", "Comment 3"]  # 4 waits
    days = {"from": day(1).isoformat(), "to": day(2).isoformat()}
    for each in told["comments"]:
        assert each == dict.fromkeys(each) | {"text": each["text"], "block": days}
    page = (
        client_of(analyst).get(reverse("kpis:item_comments", args=[history.question.items.get().pk])).content.decode()
    )
    assert "1 Jan 2026 to 2 Jan 2026" in page
    for telling in ("Comment 4", "Very positive", "NPS: <strong>", "badge tone", "12:00"):
        assert telling not in page


def test_six_comments_of_which_two_have_a_score(api, history):
    set_threshold(5)
    for number in range(1, 7):
        wrote(history, number, 1, number if number < 3 else None, f"Comment {number}")
    history.refresh()
    told = comments(api, history)
    assert (told["comments"], told["suppressed"]) == ([], True)


def test_fewer_comments_than_texts_need_are_hidden(api, history):
    set_threshold(3, comment_threshold=4)
    for number in range(1, 4):
        wrote(history, number, 1, 9, f"Comment {number}")
    history.refresh()
    assert comments(api, history)["suppressed"] is True
    for number in range(4, 7):
        wrote(history, number, 2, 9, f"Comment {number}")
    history.refresh()
    assert len(comments(api, history)["comments"]) == 6
    assert (
        comments(api, history, **{"from": day(2).isoformat()})["suppressed"] is True
    )  # the window's blocks hold three


def test_the_order_within_a_block_is_fixed_and_follows_neither_time_nor_score(api, history):
    for number in range(1, 13):
        wrote(history, number, 1, number % 11, f"Comment {number:02}")
    history.refresh()
    once = [each["text"] for each in comments(api, history)["comments"]]
    assert once == [each["text"] for each in comments(api, history)["comments"]]
    assert once not in (sorted(once), sorted(once)[::-1])


def test_a_comment_of_a_response_that_goes_goes_at_once(api, history):
    for number in range(1, 6):
        wrote(history, number, 1, 9, f"Comment {number}")
    history.refresh()
    history.delete(1)
    history.refresh()
    assert texts(comments(api, history)) == ["Comment 2", "Comment 3", "Comment 4", "Comment 5"]


def test_comments_follow_their_block_when_it_is_corrected_or_joined(api, history):
    for number, on in ((1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)):
        wrote(history, number, on, 9, f"Comment {number}")
    history.refresh()
    for number, on in ((1, 1), (4, 2)):
        wrote(history, number, on, 2, f"Comment {number}")
    history.refresh()
    assert len(history.blocks()) == 1
    assert len(texts(comments(api, history))) == 6
    set_threshold(6)
    history.refresh()
    assert len(texts(comments(api, history))) == 6


def test_comments_come_page_after_page(api, history):
    for number in range(1, 46):
        wrote(history, number, (number - 1) // 3 + 1, 9, f"Comment {number:02}")
    history.refresh()
    pages = [comments(api, history, page=number) for number in (1, 2, 3)]
    assert [len(page["comments"]) for page in pages] == [20, 20, 5]
    assert [page["has_more"] for page in pages] == [True, True, False]
    found = [each["text"] for page in pages for each in page["comments"]]
    assert len(set(found)) == len(found) == 45


def test_without_a_threshold_they_have_their_scores(api, history):
    set_threshold(None)
    wrote(history, 1, 1, 9, "Fast and kind")
    history.refresh()
    [told] = comments(api, history)["comments"]
    assert (told["answer"], told["sentiment"], told["block"]) == ("9", "2", None)


def test_viewers_read_none(api_of, viewer, history):
    item = history.question.items.get()
    assert api_of(viewer).get(f"/api/v1/kpis/items/{item.pk}/comments/").status_code == 403
