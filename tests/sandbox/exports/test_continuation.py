import pytest

CHANGES = {"allowContinuation": True, "sortByLastModifiedDate": True}


def test_a_token_brings_what_is_new_and_changed_and_nothing_else(railway, sandbox, fresh):
    control = sandbox.control
    old = [control.add_response(fresh)["id"] for _ in range(3)]
    first = railway.export(fresh, **CHANGES)
    assert first.ids() == old and len(first.token) > 60
    nothing = railway.export(fresh, continuationToken=first.token, sortByLastModifiedDate=True)
    assert nothing.ids() == [] and nothing.entry()[1] == b""
    control.edit_response(fresh, old[1], answers={"QID2": 2})
    new = control.add_response(fresh)["id"]
    second = railway.export(fresh, continuationToken=nothing.token, sortByLastModifiedDate=True)
    assert second.ids() == [old[1], new]
    again = railway.export(fresh, continuationToken=nothing.token, sortByLastModifiedDate=True)
    assert again.ids() == second.ids()  # a token can be used twice
    assert railway.export(fresh, continuationToken=second.token, sortByLastModifiedDate=True).ids() == []


def test_without_sorting_by_change_a_token_brings_new_ones_only(railway, sandbox, fresh):
    old = sandbox.control.add_response(fresh)["id"]
    token = railway.export(fresh, allowContinuation=True).token
    sandbox.control.edit_response(fresh, old, answers={"QID2": 2})
    new = sandbox.control.add_response(fresh)["id"]
    assert railway.export(fresh, continuationToken=token).ids() == [new]


def test_no_token_unless_it_is_asked_for(railway, fresh):
    assert railway.export(fresh).token is None


@pytest.mark.parametrize("held", [True, False])
def test_nothing_is_lost_or_doubled_over_many_rounds(railway, sandbox, fresh, held):
    """Adds, edits, backdated and unfinished ones between rounds, with a lag and with a clock that stands still."""
    control = sandbox.control
    control.change_settings(export_lag=20)
    control.hold_clock(held)
    seen, token, known = {}, None, []
    for round_number in range(8):
        known += control.add_responses(fresh, 3)["ids"]
        known.append(control.add_response(fresh, recorded_at="2026-01-05T08:00:00Z")["id"])
        control.add_response(fresh, finished=False)
        control.edit_response(fresh, known[round_number], answers={"QID2": round_number})
        control.advance_clock(seconds=13, days=0.4 if round_number % 2 else 0)
        spec = {"continuationToken": token} if token else {"allowContinuation": True}
        exported = railway.export(fresh, sortByLastModifiedDate=True, **spec)
        token = exported.token
        assert len(exported.ids()) == len(set(exported.ids()))
        seen |= {record["responseId"]: record["values"] for record in exported.records()}
    control.advance_clock(days=6.9)
    last = railway.export(fresh, sortByLastModifiedDate=True, continuationToken=token)
    seen |= {record["responseId"]: record["values"] for record in last.records()}
    truth = {row["id"] for row in control.truth(fresh)}
    assert set(seen) == truth
    for response_id, values in seen.items():
        assert values.get("QID2") == control.response(fresh, response_id)["values"].get("QID2")


def test_a_limit_with_continuation_walks_through_everything(railway, sandbox, fresh):
    control = sandbox.control
    ids = [control.add_response(fresh)["id"] for _ in range(7)]
    exported = railway.export(fresh, limit=3, **CHANGES)
    walked = exported.ids()
    while exported.ids():
        exported = railway.export(fresh, limit=3, sortByLastModifiedDate=True, continuationToken=exported.token)
        walked += exported.ids()
    assert walked == ids


def test_an_end_date_leaves_the_rest_to_the_token(railway, sandbox, fresh):
    control = sandbox.control
    early, late = (
        control.add_response(fresh, recorded_at=moment, modified_at=moment)["id"]
        for moment in ("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z")
    )
    first = railway.export(fresh, endDate="2026-03-02T00:00:00Z", **CHANGES)
    assert first.ids() == [early]
    assert railway.export(fresh, continuationToken=first.token, sortByLastModifiedDate=True).ids() == [late]


def test_a_token_lives_for_a_week_and_for_its_survey(railway, sandbox, fresh):
    token = railway.export(fresh, **CHANGES).token
    spec = {"format": "ndjson", "continuationToken": token}
    other = sandbox.control.survey_id("complaint")
    assert railway.post(f"/surveys/{other}/export-responses", spec).status_code == 400
    sandbox.control.advance_clock(days=6.99)
    assert railway.post(f"/surveys/{fresh}/export-responses", spec).status_code == 200
    sandbox.control.advance_clock(days=0.02)
    assert railway.post(f"/surveys/{fresh}/export-responses", spec).status_code == 400
