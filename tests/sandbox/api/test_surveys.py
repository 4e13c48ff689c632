import pytest


def test_the_list_has_six_fields_and_absolute_pages(railway, sandbox):
    sandbox.control.change_settings(page_size=2)
    seen, url, pages = [], f"{sandbox.url}/API/v3/surveys", 0
    while url:
        page = railway.session.get(url, headers={"X-API-TOKEN": railway.token}, timeout=30).json()["result"]
        seen += page["elements"]
        url, pages = page["nextPage"], pages + 1
        assert url is None or url == f"{sandbox.url}/API/v3/surveys?offset={2 * pages}"
    assert pages == 3
    assert {tuple(each) for each in seen} == {("id", "name", "ownerId", "lastModified", "creationDate", "isActive")}
    assert [each["name"] for each in seen if not each["isActive"]] == ["Delay compensation – new form"]


def test_detail_tells_questions_columns_and_counts(railway, sandbox):
    detail = railway.result(f"/surveys/{sandbox.control.survey_id('post-journey')}")
    assert list(detail["questions"]) == ["QID1", "QID2", "QID3", "QID4", "QID5", "QID8"]
    nps = detail["questions"]["QID2"]
    assert nps["questionType"] == {"type": "MC", "selector": "NPS", "subSelector": None}
    assert [choice["recode"] for choice in nps["choices"].values()] == [str(score) for score in range(11)]
    assert "NPS_NPS_GROUP" not in detail["exportColumnMap"]
    assert detail["exportColumnMap"]["NPS"] == {"question": "QID2"}
    assert list(detail["questions"]["QID3"]["choices"]) == ["5", "4", "3", "2", "1", "6"]
    assert detail["questions"]["QID3"]["choices"]["6"]["analyze"] is False
    assert "<em>" in detail["questions"]["QID3"]["questionText"]
    assert {key: choice["recode"] for key, choice in detail["questions"]["QID4"]["choices"].items()} == {
        "11": "1", "12": "2", "13": "3", "14": "4", "15": "5",
    }  # fmt: skip
    truth = sandbox.control.truth("post-journey")
    generated = sum(row["status"] in (1, 2) for row in truth)
    assert detail["responseCounts"] == {"auditable": len(truth) - generated, "generated": generated, "deleted": 0}


def test_a_definition_has_the_vendors_quirks(railway, sandbox):
    definition = railway.result(f"/survey-definitions/{sandbox.control.survey_id('on-board')}")
    assert definition["QuestionCount"] == "1000"
    assert definition["SurveyOptions"]["PartialData"] == "+1 week"
    assert definition["Questions"]["QID12"]["Choices"] == [{"Display": str(score)} for score in range(11)]
    matrix = definition["Questions"]["QID11"]
    assert list(matrix["Choices"]) == ["1", "2", "3", "4"] and len(matrix["Answers"]) == 5
    trash = next(block for block in definition["Blocks"].values() if block["Type"] == "Trash")
    assert trash["BlockElements"] == [{"Type": "Question", "QuestionID": "QID13"}]
    assert "QID13" not in railway.result(f"/surveys/{definition['SurveyID']}")["questions"]


def test_recodes_stand_in_the_definition_where_they_differ(railway, sandbox):
    questions = railway.result(f"/survey-definitions/{sandbox.control.survey_id('post-journey')}")["Questions"]
    assert questions["QID4"]["RecodeValues"] == {"11": "1", "12": "2", "13": "3", "14": "4", "15": "5"}
    assert "RecodeValues" not in questions["QID3"]


def test_the_response_schema_names_every_field(railway, sandbox):
    schema = railway.result(f"/surveys/{sandbox.control.survey_id('post-journey')}/response-schema")
    values = schema["properties"]["values"]["properties"]
    iq = "QID8_TEXT_5f0c2a7be41d9038c6ab1e27"
    assert values["QID2"]["oneOf"][9] == {"label": "9", "const": 9}
    assert values["QID2_NPS_GROUP"]["questionId"] == "QID2"
    assert (values["QID5"]["type"], values["QID5"]["items"]["type"]) == ("array", "string")
    assert values["QID8_TEXT"]["type"] == "string"
    assert values[f"{iq}Sentiment"]["dataType"] == values["segment"]["dataType"] == "embeddedData"
    assert len([name for name in values if name.startswith(iq)]) == 7
    assert values["recordedDate"] == {
        "description": "recordedDate", "dataType": "metadata", "exportTag": "recordedDate", "type": "string",
        "format": "date-time",
    }  # fmt: skip


def test_anonymised_surveys_know_nothing_personal(railway, sandbox):
    survey_id = sandbox.control.survey_id("on-board")
    schema = railway.result(f"/surveys/{survey_id}/response-schema")["properties"]["values"]["properties"]
    record = railway.export(survey_id, limit=1).records()[0]["values"]
    for found in (schema, record):
        assert not [name for name in found if name.startswith(("ip", "location", "recipient", "external"))]


def test_filters_are_an_empty_list(railway, sandbox):
    found = railway.result(f"/surveys/{sandbox.control.survey_id('complaint')}/filters")
    assert found == {"elements": [], "nextPage": None}


def test_a_survey_that_was_never_launched_looks_so_and_can_be_launched(railway, sandbox):
    survey_id = sandbox.control.survey_id("delay-compensation")
    detail = railway.result(f"/surveys/{survey_id}")
    assert detail["isActive"] is False
    assert detail["responseCounts"] == {"auditable": 0, "generated": 3, "deleted": 0}
    assert railway.result(f"/survey-definitions/{survey_id}")["LastActivated"] is None
    metadata = railway.result(f"/survey-definitions/{survey_id}/metadata")
    assert (metadata["SurveyStatus"], metadata["LastActivated"]) == ("Inactive", "0000-00-00 00:00:00")
    assert {record["values"]["status"] for record in railway.export(survey_id).records()} == {1, 2}

    assert railway.call("PUT", f"/surveys/{survey_id}", json={"isActive": True}).json().keys() == {"meta"}
    assert railway.result(f"/surveys/{survey_id}")["isActive"] is True
    assert railway.result(f"/survey-definitions/{survey_id}")["LastActivated"] is not None
    sandbox.control.close_survey(survey_id)


@pytest.mark.parametrize(
    "body",
    [{"isActive": "yes"}, {"surprise": 1}, {"expiration": {"endDate": "tomorrow"}}, {"name": 5}, {"expiration": 5}],
)
def test_a_survey_refuses_odd_changes(railway, sandbox, body):
    path = f"/surveys/{sandbox.control.survey_id('complaint')}"
    before = railway.result(path)
    assert railway.call("PUT", path, json=body).status_code == 400
    assert railway.result(path) == before


def test_a_survey_takes_name_and_expiration(railway, sandbox, fresh):
    window = {"startDate": "2026-01-01T00:00:00Z", "endDate": None}
    railway.call("PUT", f"/surveys/{fresh}", json={"name": "New name", "expiration": window})
    detail = railway.result(f"/surveys/{fresh}")
    assert (detail["name"], detail["expiration"]) == ("New name", window)


def test_a_removed_question_leaves_schema_detail_and_export(railway, sandbox, fresh):
    sandbox.control.add_response(fresh, answers={"QID2": 9, "QID3": 4})
    sandbox.control.remove_question(fresh, "QID3")
    assert "QID3" not in railway.result(f"/surveys/{fresh}")["questions"]
    record = railway.export(fresh).records()[0]
    assert record["values"]["QID2"] == 9
    assert "QID3" not in record["values"] and "QID3" not in record["displayedFields"]


def test_recodes_and_choices_can_change(railway, sandbox, fresh):
    sandbox.control.edit_question(fresh, "QID4", text="New wording", recodes={"11": "5", "15": "1"})
    question = railway.result(f"/surveys/{fresh}")["questions"]["QID4"]
    assert question["questionText"] == "New wording"
    assert (question["choices"]["11"]["recode"], question["choices"]["15"]["recode"]) == ("5", "1")
    sandbox.control.edit_question(fresh, "QID4", choices=[{"id": str(n), "text": f"Point {n}"} for n in range(1, 8)])
    assert len(railway.result(f"/surveys/{fresh}")["questions"]["QID4"]["choices"]) == 7


def test_a_removed_survey_is_not_found(railway, sandbox):
    gone = sandbox.control.add_survey("Short-lived", active=True)["id"]
    assert railway.get(f"/surveys/{gone}").status_code == 200
    sandbox.control.remove_survey(gone)
    assert railway.get(f"/surveys/{gone}").json()["meta"]["error"]["errorCode"] == "GSI_2"
