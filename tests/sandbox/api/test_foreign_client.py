"""A client that others wrote, driving the sandbox as if it were Qualtrics.

QualtricsAPI 0.6.2 (PyPI, MIT, 2024; https://pypi.org/project/QualtricsAPI/) knows the vendor's paths and shapes from its authors'
own use of the real API. It runs unchanged, over `https://fra1.qualtrics.com/API/v3/`: only the socket below it leads to the
sandbox, as a name server and a TLS proxy would lead there. Tried with pandas 3.1 and requests 2.34.
Left aside: it lists contacts in pages of 1,000, and of a list in pages of 100; the sandbox refuses both, rather too strict.
"""

from __future__ import annotations

import warnings

import pytest
import requests

from sandbox.demo import RAILWAY_TOKEN

HOME = "https://fra1.qualtrics.com"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its making, not of ours
    pytest.importorskip("QualtricsAPI", reason="QualtricsAPI is not installed: `make foreign` brings it, with pandas")
    from QualtricsAPI.Library import Messages
    from QualtricsAPI.Setup import Credentials
    from QualtricsAPI.Survey import Distributions, Responses
    from QualtricsAPI.Users import Surveys
    from QualtricsAPI.XM import MailingList, XMDirectory

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def book(sandbox):
    return next(each for each in sandbox.world.directories.values() if each.brand == "coastline")


@pytest.fixture(autouse=True)
def _signed_in(sandbox, book, monkeypatch):
    """What it keeps in the environment goes with the test; its connections end at the sandbox."""
    send = requests.adapters.HTTPAdapter.send

    def diverted(self, request, **options):
        assert request.url.startswith(f"{HOME}/API/v3/"), request.url
        request.url = sandbox.url + request.url.removeprefix(HOME)
        request.headers.update({"Host": HOME.removeprefix("https://"), "X-Forwarded-Proto": "https"})
        return send(self, request, **options)

    for name in ("token", "data_center", "directory_id"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", diverted)
    Credentials().qualtrics_api_credentials(RAILWAY_TOKEN, "fra1", book.id)


def test_it_lists_the_surveys_page_after_page(sandbox):
    sandbox.control.change_settings(page_size=2)
    found = Surveys().list_user_surveys()
    expected = [(each.id, each.name) for each in sandbox.world.surveys.values() if each.brand == "coastline"]
    assert list(zip(found["id"], found["name"], strict=True)) == expected
    assert len([call for call in sandbox.control.calls("/surveys") if call["status"] == 200]) >= 3


def test_it_exports_responses(sandbox):
    sandbox.control.change_settings(export_polls=2)
    survey = sandbox.control.survey_id("complaint")
    table = Responses().get_survey_responses(survey=survey)
    rows = table[2:]  # below the three headers of a CSV
    assert sorted(rows["ResponseId"]) == sorted(row["id"] for row in sandbox.control.truth("complaint"))
    answers = {
        each.id: str(each.sheet.answers["QID2"])
        for each in sandbox.world.responses[survey].values()
        if "QID2" in each.sheet.answers
    }
    answered = rows[rows["CSAT"].notna()]
    assert dict(zip(answered["ResponseId"], answered["CSAT"], strict=True)) == answers


def test_it_reads_one_response(sandbox):
    survey = sandbox.control.survey_id("complaint")
    response = sandbox.control.truth("complaint")[0]["id"]
    assert Responses().get_survey_response(survey=survey, response=response) == sandbox.control.response(
        "complaint", response
    )


def test_it_keeps_contacts(book, capsys):
    directory = XMDirectory()
    made = directory.create_contact_in_XM(
        first_name="Eve", last_name="Marchand", email="eve@mail.example", metadata={"segment": "weekend"}
    )
    assert book.contacts[made].embedded == {"segment": "weekend"}
    shown = directory.get_contact(contact_id=made)
    assert (shown["firstName"][0], shown["email"][0]) == ("Eve", "eve@mail.example")
    directory.update_contact(contact_id=made, first_name="Eva")
    assert (book.contacts[made].first_name, book.contacts[made].last_name) == ("Eva", "Marchand")
    assert "deleted" in directory.delete_contact(contact_id=made)
    assert made not in book.contacts


def test_it_keeps_mailing_lists(book):
    lists = MailingList()
    _, made = lists.create_list(name="Weekend travellers")
    assert made in set(lists.list_lists()["mailingListId"])
    assert book.lists[made].name == "Weekend travellers"
    member = lists.create_contact_in_list(mailing_list=made, first_name="Sven", email="sven@mail.example")
    assert list(lists.list_contacts(mailing_list=made, page_size=50)["firstName"]) == ["Sven"], member
    lists.delete_list(mailing_list=made)
    assert made not in book.lists


def test_it_hears_of_errors_in_the_vendors_words(sandbox, capsys):
    sandbox.control.switch_fault_on("403", path="*/export-responses*", count=1)
    with pytest.raises(TypeError):  # it prints the error and goes on with nothing
        Responses().get_survey_responses(survey=sandbox.control.survey_id("complaint"))
    assert "403 - Forbidden" in capsys.readouterr().out


def test_it_sends_a_survey_and_lists_it(sandbox, book):
    library = next(each for each in sandbox.world.libraries.values() if each.brand == "coastline")
    messages = Messages().list_messages(library=library.id)
    survey, sender = sandbox.control.survey_id("complaint"), Distributions()
    sent = sender.create_distribution(
        subject="How was it?", reply_email="cx@rail.example", from_email="noreply@qemailserver.com",
        from_name="Rail", mailing_list=next(iter(book.lists)), library=library.id, survey=survey,
        message=messages["MessageID"][0],
        send_date=sender.set_send_date(days=1),
    )  # fmt: skip
    assert sent in set(sender.list_distributions(survey=survey)["id"])
