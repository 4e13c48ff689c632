import pytest

from sandbox.api.limits import PER_MINUTE, Buckets
from sandbox.state.refusal import Refusal


def test_the_published_numbers_are_kept():
    now = [0.0]
    buckets = Buckets(time=lambda: now[0])
    for _ in range(100):
        buckets.take("a", "POST export-responses", {})
    with pytest.raises(Refusal) as refused:
        buckets.take("a", "POST export-responses", {})
    assert (refused.value.status, refused.value.retry_after) == (429, "1")
    buckets.take("b", "POST export-responses", {})  # another brand has buckets of its own
    now[0] += 0.7
    buckets.take("a", "POST export-responses", {})
    assert PER_MINUTE["brand"] == 3000


def test_the_brand_as_a_whole_is_limited():
    buckets = Buckets(time=lambda: 0.0)
    buckets.take("a", "one", {"brand": 2})
    buckets.take("a", "two", {"brand": 2})
    with pytest.raises(Refusal):
        buckets.take("a", "three", {"brand": 2})


def test_over_the_limit_calls_get_429_with_retry_after(railway, bank, sandbox):
    sandbox.control.change_settings(limits=True, limit_per_minute={"GET response-schema": 2})
    path = f"/surveys/{sandbox.control.survey_id('complaint')}/response-schema"
    answers = [railway.get(path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 25 <= int(answers[-1].headers["Retry-After"]) <= 30
    assert bank.get("/whoami").status_code == railway.get("/whoami").status_code == 200
    sandbox.control.change_settings(limits=False)
    assert railway.get(path).status_code == 200


def test_exports_of_a_brand_can_be_limited_in_number(railway, sandbox):
    sandbox.control.change_settings(running_exports=1)
    survey_id = sandbox.control.survey_id("complaint")
    path = f"/surveys/{survey_id}/export-responses"
    for job in sandbox.site.services.exports.jobs.values():
        job.done_at = job.done_at or sandbox.world.clock.now()
    running = railway.start_export(survey_id)
    refused = railway.post(path, {"format": "ndjson"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    railway.finish_export(survey_id, running)
    assert railway.post(path, {"format": "ndjson"}).status_code == 200
