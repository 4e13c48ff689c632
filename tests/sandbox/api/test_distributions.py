import pytest

LATER = "2036-11-25T08:00:00Z"


@pytest.fixture
def places(railway, sandbox):
    directory = railway.result("/directories")["elements"][0]["directoryId"]
    lists = {
        each["name"]: each["mailingListId"]
        for each in railway.result(f"/directories/{directory}/mailinglists")["elements"]
    }
    library = railway.result("/libraries")["elements"][0]["libraryId"]
    messages = railway.result(f"/libraries/{library}/messages")["elements"]
    return {
        "survey": sandbox.control.survey_id("complaint"),
        "list": lists["Pilot group"],
        "member": railway.result(f"/directories/{directory}/mailinglists/{lists['Pilot group']}/contacts")["elements"][
            0
        ],
        "batch": railway.result(f"/directories/{directory}/transactionbatches")["elements"][0]["batchId"],
        "library": library,
        "message": next(each["id"] for each in messages if each["category"] == "invite"),
    }


def email(places, **changes):
    body = {
        "message": {"libraryId": places["library"], "messageId": places["message"]},
        "recipients": {"mailingListId": places["list"]},
        "header": {"fromEmail": "noreply@qemailserver.com", "fromName": "Rail", "subject": "How was it?"},
        "surveyLink": {"surveyId": places["survey"], "type": "Individual"},
        "sendDate": LATER,
    }
    return body | changes


def sms(places, **changes):
    body = {
        "surveyId": places["survey"], "method": "Invite", "sendDate": LATER, "name": "Wave 7",
        "recipients": {"mailingListId": places["list"]}, "message": {"messageText": "Tell us: ${l://SurveyURL}"},
    }  # fmt: skip
    return body | changes


def test_an_email_waits_for_its_moment_and_then_counts(railway, places, sandbox):
    made = railway.post("/distributions", email(places)).json()["result"]["id"]
    assert made.startswith("EMD_")
    path = f"/distributions/{made}?surveyId={places['survey']}"
    waiting = railway.result(path)
    assert (waiting["requestStatus"], waiting["stats"]["sent"]) == ("Pending", 0)
    before = sandbox.world.clock.now()
    sandbox.control.set_clock(LATER)
    done = railway.result(path)
    assert (done["requestStatus"], done["stats"]["sent"], done["message"]["messageType"]) == ("Done", 3, "Library")
    assert railway.call("DELETE", path).status_code == 400
    sandbox.world.clock.set(before)


def test_what_waits_can_be_taken_back(railway, places):
    made = railway.post("/distributions", email(places)).json()["result"]["id"]
    path = f"/distributions/{made}?surveyId={places['survey']}"
    assert railway.call("DELETE", path).status_code == 200
    assert railway.get(path).json()["meta"]["error"]["errorCode"] == "GED_3"


def test_one_person_is_named_by_the_id_in_the_list(railway, places):
    def to(contact):
        recipients = {"mailingListId": places["list"], "contactId": contact}
        return railway.post("/distributions", email(places, recipients=recipients)).status_code

    assert to(places["member"]["contactLookupId"]) == 200
    assert to(places["member"]["contactId"]) == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": {}},
        {"recipients": {"mailingListId": "list", "transactionBatchId": "batch"}},
        {"message": {}},
        {"message": {"messageText": "x", "libraryId": "library", "messageId": "message"}},
        {"header": {"fromName": "x"}},
        {"header": {"fromEmail": "a@b.example", "subject": "a\r\nBcc: x"}},
        {"sendDate": "tomorrow"},
        {"surveyId": "SV_1"},
    ],
)
def test_an_email_that_breaks_a_rule_is_refused(railway, places, changes):
    filled = {
        key: {name: places.get(text, text) for name, text in value.items()} if isinstance(value, dict) else value
        for key, value in changes.items()
    }
    assert railway.post("/distributions", email(places, **filled)).status_code == 400


def test_the_two_forms_of_a_body_do_not_mix(railway, places):
    body = {"surveyId": places["survey"], "linkType": "Individual", "mailingListId": places["list"]}
    assert railway.post("/distributions", body).json()["meta"]["error"]["errorCode"] == "RP_9"


def test_an_sms_answers_in_full_and_its_reminder_names_it(railway, places):
    made = railway.post("/distributions/sms", sms(places)).json()["result"]
    assert made["id"].startswith("SMSD_")
    assert (made["requestStatus"], made["stats"]["credits"]) == ("Scheduled", 0)
    reminder = sms(places, method="Reminder", parentDistributionId=made["id"])
    assert railway.post("/distributions/sms", reminder).json()["result"]["requestType"] == "Reminder"
    listed = railway.result(f"/distributions/sms?surveyId={places['survey']}")["elements"]
    assert {each["requestType"] for each in listed} >= {"Invite", "Reminder"}


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "Interactive"},
        {"method": "Invite", "message": {}},
        {"method": "Reminder"},
        {"method": "Invite", "parentDistributionId": "SMSD_1"},
        {"method": "Shout"},
        {"recipients": {"mailingListId": "CG_1", "contactId": "CGC_1", "sampleId": "CG_2"}},
        {"name": None, "header": {}},
    ],
)
def test_an_sms_that_breaks_a_rule_is_refused(railway, places, changes):
    assert railway.post("/distributions/sms", sms(places, **changes)).status_code == 400


def test_a_list_needs_a_survey(railway):
    assert railway.get("/distributions").json()["meta"]["error"]["errorCode"] == "RP_10"
    assert railway.get("/distributions/sms").status_code == 400


def test_without_the_right_nothing_is_distributed(viewer, places):
    assert viewer.post("/distributions", email(places)).status_code == 403
