import pytest


@pytest.fixture
def directory(railway):
    found = railway.result("/directories")["elements"]
    assert [each["name"] for each in found] == ["Coastline Rail customers"]
    return f"/directories/{found[0]['directoryId']}"


def everything(api, path):
    found, pages, url = [], 0, f"{api.root}/API/v3{path}"
    while url:
        page = api.session.get(url, headers={"X-API-TOKEN": api.token}, timeout=30).json()["result"]
        found += page["elements"]
        pages, url = pages + 1, page["nextPage"]
    return found, pages


def test_contacts_come_in_pages_by_token(railway, directory):
    contacts, pages = everything(railway, f"{directory}/contacts?pageSize=50&useNewPaginationScheme=true")
    assert (len(contacts), pages) == (130, 3)
    assert len({each["contactId"] for each in contacts}) == 130
    assert "embeddedData" not in contacts[0]
    embedded, pages = everything(railway, f"{directory}/contacts?includeEmbedded=true")
    assert (pages, embedded[-1]["embeddedData"].keys()) == (2, {"segment"})


@pytest.mark.parametrize("query", ["pageSize=0", "pageSize=101", "pageSize=x", "skipToken=%21%21"])
def test_a_page_that_does_not_exist_is_refused(railway, directory, query):
    assert railway.get(f"{directory}/contacts?{query}").status_code == 400


def test_a_contact_is_made_read_changed_in_part_and_deleted(railway, directory):
    body = {"firstName": "Eva", "email": "eva@new.example", "embeddedData": {"a": "1", "b": "2"}, "unsubscribed": True}
    made = railway.post(f"{directory}/contacts", body).json()["result"]["id"]
    assert made.startswith("CID_")
    path = f"{directory}/contacts/{made}"
    answer = railway.call("PUT", path, json={"phone": "+4711111111", "embeddedData": {"b": "3"}})
    assert "result" not in answer.json()
    shown = railway.result(path)
    assert (shown["firstName"], shown["phone"], shown["unsubscribed"]) == ("Eva", "+4711111111", True)
    assert shown["embeddedData"] == {"a": "1", "b": "3"}
    assert shown["emailDomain"] == "new.example"
    assert railway.call("DELETE", path).status_code == 200
    assert railway.get(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"contactId": "CID_1", "email": "x@y.example"}, "RP_9"),
        ({"mailingListUnsubscribed": False}, "RP_9"),
        ({"email": 5}, "SBX_400"),
        ({"email": "x@y.example", "embeddedData": {"a": 1}}, "SBX_400"),
        ({"email": "x@y.example", "unsubscribed": "false"}, "SBX_400"),
        ({}, "SBX_400"),
        ({"embeddedData": {"a": "1"}}, "SBX_400"),
    ],
)
def test_what_is_no_contact_is_refused(railway, directory, body, code):
    answer = railway.post(f"{directory}/contacts", body)
    assert (answer.status_code, answer.json()["meta"]["error"]["errorCode"]) == (400, code)


def test_search_compares_one_field_or_several(railway, directory):
    def found(wanted):
        answer = railway.post(f"{directory}/contacts/search", {"filter": wanted})
        return [each["email"] for each in answer.json()["result"]["elements"]] if answer.ok else answer.status_code

    by_email = {"filterType": "email", "comparison": "eq", "value": "CUSTOMER007@coastline.example"}
    assert found(by_email) == ["customer007@coastline.example"]
    by_reference = {"filterType": "extRef", "comparison": "eq", "value": "C-1008"}
    assert len(found({"conjunction": "or", "filters": [by_email, by_reference]})) == 2
    assert found({"conjunction": "and", "filters": [by_email, by_reference]}) == []
    assert found({"filterType": "shoeSize", "comparison": "eq", "value": "9"}) == 400
    assert found(None) == 400


def test_a_list_gives_each_contact_an_id_of_its_own(railway, directory):
    lists = {each["name"]: each for each in railway.result(f"{directory}/mailinglists")["elements"]}
    assert lists["Regular customers"]["contactCount"] == 130
    assert isinstance(lists["Pilot group"]["creationDate"], int)
    path = f"{directory}/mailinglists/{lists['Pilot group']['mailingListId']}/contacts"
    members, _pages = everything(railway, path)
    assert [each["contactLookupId"][:4] for each in members] == ["CGC_"] * 3
    made = railway.post(path, {"email": "new@pilot.example"}).json()["result"]
    contact = railway.result(f"{directory}/contacts/{made['id']}")
    membership = contact["mailingListMembership"][lists["Pilot group"]["mailingListId"]]
    assert membership["contactLookupId"] == made["contactLookupId"]
    railway.call("DELETE", f"{directory}/contacts/{made['id']}")
    assert len(everything(railway, path)[0]) == 3


def test_samples_batches_libraries_and_messages(railway, directory):
    assert [each["contactCount"] for each in railway.result(f"{directory}/samples")["elements"]] == [13]
    batch = railway.result(f"{directory}/transactionbatches")["elements"][0]["batchId"]
    assert len(railway.result(f"{directory}/transactionbatches/{batch}/transactions")["elements"]) == 8
    library = railway.result("/libraries")["elements"][0]["libraryId"]
    assert len(railway.result(f"/libraries/{library}/messages")["elements"]) == 5
    invite = railway.result(f"/libraries/{library}/messages?category=invite")["elements"]
    assert [each["description"] for each in invite] == ["Visit invite"]
    assert "SurveyLink" in railway.result(f"/libraries/{library}/messages/{invite[0]['id']}")["messages"]["en"]


def test_another_brand_and_somebody_without_rights_see_nothing(bank, viewer, directory):
    assert bank.get(f"{directory}/contacts").status_code == 404
    assert viewer.get("/directories").status_code == 403
