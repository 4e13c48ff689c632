import pytest

IQ = "QID8_TEXT_5f0c2a7be41d9038c6ab1e27"


def test_a_fresh_response_is_202_at_first_and_200_later(railway, sandbox, fresh):
    sandbox.control.change_settings(single_response_delay=5)
    new = sandbox.control.add_response(fresh, answers={"QID2": 9})["id"]
    early = railway.get(f"/surveys/{fresh}/responses/{new}")
    assert early.status_code == 202
    assert early.json()["result"] == {"message": "The Survey Response is not yet available. Please try again later."}
    sandbox.control.advance_clock(seconds=6)
    result = railway.result(f"/surveys/{fresh}/responses/{new}")
    assert (result["responseId"], result["values"]["QID2"]) == (new, 9)
    assert result == railway.export(fresh).records()[0]


def test_an_unknown_response_is_not_found(railway, fresh):
    assert railway.get(f"/surveys/{fresh}/responses/R_unknown").status_code == 404


def test_a_partial_response_is_recorded_a_week_after_its_last_activity(railway, sandbox, fresh):
    new = sandbox.control.add_response(fresh, answers={"QID2": 4}, finished=False)["id"]
    assert railway.get(f"/surveys/{fresh}/responses/{new}").status_code == 404
    sandbox.control.advance_clock(days=6.9)
    assert railway.export(fresh).ids() == []
    sandbox.control.advance_clock(days=0.2)
    (record,) = railway.export(fresh).records()
    values = record["values"]
    assert (values["finished"], record["labels"]["finished"], values["progress"]) == (0, "False", 40)
    row = sandbox.world.responses[fresh][new]
    assert 1 <= (row.recorded - row.ended) / 1000 - 7 * 86_400 <= 25


def test_text_iq_arrives_late_and_counts_as_a_change(railway, sandbox, fresh):
    control = sandbox.control
    new = control.add_response(fresh, answers={"QID8_TEXT": "Late again"})["id"]
    token = railway.export(fresh, allowContinuation=True, sortByLastModifiedDate=True).token
    control.advance_clock(days=2)
    control.add_text_iq(fresh, new, "Negative", topics="Punctuality")
    (record,) = railway.export(fresh, continuationToken=token, sortByLastModifiedDate=True).records()
    assert (record["values"][f"{IQ}Sentiment"], record["values"][f"{IQ}Topics"]) == ("Negative", "Punctuality")


def test_text_iq_can_arrive_without_moving_the_date(sandbox, fresh):
    control = sandbox.control
    control.change_settings(text_iq_moves_modified=False)
    new = control.add_response(fresh, answers={"QID8_TEXT": "Fine"})["id"]
    before = control.truth(fresh)[0]["modified"]
    control.advance_clock(hours=1)
    control.add_text_iq(fresh, new, "Neutral")
    assert control.truth(fresh)[0]["modified"] == before


def test_live_comments_are_analysed_after_a_while(sandbox):
    control = sandbox.control
    control.change_settings(text_iq_delay=3600)
    before = {row["id"]: row["hash"] for row in control.truth("complaint")}
    for _ in range(200):
        sandbox.live_feed.add_one()
    control.advance_clock(seconds=1)
    fresh = {row["id"]: row["hash"] for row in control.truth("complaint") if row["id"] not in before}
    control.advance_clock(hours=2)
    later = {row["id"]: row["hash"] for row in control.truth("complaint")}
    changed = [response_id for response_id, old in fresh.items() if later[response_id] != old]
    assert 0 < len(changed) <= len(fresh)
    assert all(later[response_id] == old for response_id, old in before.items())


def test_a_deleted_response_vanishes_and_is_counted(railway, sandbox, fresh):
    keep, gone = (sandbox.control.add_response(fresh)["id"] for _ in range(2))
    sandbox.control.delete_response(fresh, gone)
    assert railway.export(fresh).ids() == [keep]
    counts = railway.result(f"/surveys/{fresh}")["responseCounts"]
    assert counts["deleted"] == 1 and counts["auditable"] + counts["generated"] == 1


def test_an_edit_merges_answers_and_takes_away_what_is_null(sandbox, fresh):
    new = sandbox.control.add_response(fresh, answers={"QID2": 4, "QID3": 3})["id"]
    sandbox.control.edit_response(fresh, new, answers={"QID2": 8, "QID3": None}, embedded={"segment": "B2C"})
    values = sandbox.control.response(fresh, new)["values"]
    assert (values["QID2"], values["QID2_NPS_GROUP"], values["segment"]) == (8, 2, "B2C")
    assert "QID3" not in values


@pytest.mark.parametrize(
    ("status", "label", "kind"),
    [
        (0, "IP Address", "counted"), (1, "Survey Preview", "preview"), (2, "Survey Test", "test"),
        (4, "Imported", "counted"), (8, "Spam", "spam"), (9, "Survey Preview Spam", "preview"),
        (17, "Offline Survey Preview", "preview"), (40, "EX Spam", "spam"), (256, "Synthetic", "synthetic"),
    ],
)  # fmt: skip
def test_status_codes_have_labels_and_classes(railway, sandbox, fresh, status, label, kind):
    sandbox.control.add_response(fresh, answers={"QID2": 7}, status=status)
    (record,) = railway.export(fresh).records()
    assert (record["values"]["status"], record["labels"]["status"]) == (status, label)
    (by_class,) = sandbox.control.count_answers(fresh, "QID2").values()
    assert by_class == {kind: {"7": 1}}


def test_answers_are_counted_by_local_day(sandbox, fresh):
    for moment in ("2026-06-30T21:59:59Z", "2026-06-30T22:00:00Z"):
        sandbox.control.add_response(fresh, answers={"QID5": ["1", "4"]}, recorded_at=moment)
    sandbox.control.add_response(fresh, answers={}, recorded_at="2026-07-01T10:00:00Z")
    assert sandbox.control.count_answers(fresh, "QID5", zone="Europe/Paris") == {
        "2026-06-30": {"counted": {"1": 1, "4": 1}},
        "2026-07-01": {"counted": {"1": 1, "4": 1, "": 1}},
    }
