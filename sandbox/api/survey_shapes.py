"""The JSON of surveys: list element, detail, definition, metadata, response schema."""

from collections.abc import Iterable
from typing import Any

from sandbox.exports.rendering import METADATA, PERSONAL, number_or_text
from sandbox.state.clock import iso, plain
from sandbox.state.surveys import (
    NPS_GROUPS,
    TEXT_IQ_COLUMNS,
    Choice,
    Column,
    Field,
    Question,
    Survey,
    text_iq_suffix,
    without_markup,
)


def list_element(survey: Survey) -> dict[str, object]:
    """One line of the list: exactly these six fields."""
    return {
        "id": survey.id,
        "name": survey.name,
        "ownerId": survey.owner,
        "lastModified": iso(survey.modified),
        "creationDate": iso(survey.created),
        "isActive": survey.is_active,
    }


def _moment(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)


def _block_id(survey: Survey, name: str) -> str:
    return f"BL_{survey.id[3:15]}{name[:3]}"


def detail(survey: Survey, counts: dict[str, int]) -> dict[str, object]:
    """`GET /surveys/{id}`"""
    columns: dict[str, dict[str, str]] = {}
    for each in survey.fields():
        columns.update(_column_map(each))
    blocks = _blocks(survey)
    embedded = [
        {"name": name} if default is None else {"name": name, "defaultValue": default}
        for name, default in survey.embedded.items()
    ]
    return {
        "id": survey.id,
        "name": survey.name,
        "ownerId": survey.owner,
        "organizationId": survey.brand,
        "isActive": survey.is_active,
        "creationDate": iso(survey.created),
        "lastModifiedDate": iso(survey.modified),
        "expiration": {"startDate": _moment(survey.starts), "endDate": _moment(survey.expires)},
        "questions": {question.id: _question(question) for question in survey.questions},
        "exportColumnMap": columns,
        "blocks": {
            block: {
                "description": "Default Question Block",
                "elements": [{"type": "Question", "questionId": question.id} for question in questions],
            }
            for block, questions in blocks.items()
        },
        "flow": [{"type": "EmbeddedData"}, *({"id": block, "type": "Block"} for block in blocks)],
        "embeddedData": embedded,
        "comments": {},
        "loopAndMerge": {},
        "responseCounts": counts,
    }


def _blocks(survey: Survey) -> dict[str, list[Question]]:
    """The questions by their block; what is asked in loops stands in a block of its own."""
    blocks: dict[str, list[Question]] = {_block_id(survey, "Default"): []}
    for question in survey.questions:
        blocks.setdefault(_block_id(survey, "Loop" if question.loops else "Default"), []).append(question)
    return blocks


def _choices(choices: Iterable[Choice]) -> dict[str, object]:
    result: dict[str, object] = {}
    for choice in choices:
        entry: dict[str, object] = {
            "recode": choice.recode,
            "description": without_markup(choice.text),
            "choiceText": choice.text,
            "imageDescription": None,
            "variableName": choice.variable_name,
            "analyze": choice.analyze,
        }
        if choice.text_entry:
            entry["textEntry"] = {}
        result[choice.id] = entry
    return result


def _question(question: Question) -> dict[str, object]:
    result: dict[str, object] = {
        "questionType": {
            "type": question.type,
            "selector": question.selector,
            "subSelector": question.sub_selector,
        },
        "questionText": question.text,
        "questionLabel": question.label,
        "validation": {"doesForceResponse": question.forced},
        "questionName": question.tag,
    }
    if question.rows:
        result["subQuestions"] = {
            row: {
                "recode": row,
                "description": text,
                "choiceText": text,
                "imageDescription": None,
                "variableName": None,
            }
            for row, text in question.rows.items()
        }
    if question.choices:
        result["choices"] = _choices(question.choices)
    if question.columns:
        result["columns"] = {
            number: {
                "questionText": column.text,
                "questionType": {"type": "Matrix", "selector": "Likert", "subSelector": _answers_in(column)},
                "choices": _choices(column.choices),
            }
            for number, column in question.columns.items()
        }
    return result


def _answers_in(column: Column) -> str:
    return "MultipleAnswer" if column.several else "SingleAnswer"


def _column_map(each: Field) -> dict[str, dict[str, str]]:
    question = each.question
    if each.kind == "group":  # the group is in exports, but not in the map
        return {}
    if each.kind == "multi":
        return {
            f"{each.tag}_{choice.id}": {"question": question.id, "choice": f"{question.id}.choices.{choice.id}"}
            for choice in each.choices
        }
    if each.kind == "text" and each.part:
        place = f"{question.id}.choices.{each.part}"
        return {each.tag: {"question": question.id, "choice": place, "textEntry": f"{place}.textEntry"}}
    if each.part:
        return {each.tag: {"question": question.id, "subQuestion": f"{question.id}.subQuestions.{each.part}"}}
    return {each.tag: {"question": question.id}}


def definition(survey: Survey, brand_url: str) -> dict[str, Any]:
    """`GET /survey-definitions/{id}`"""
    blocks, trash = _blocks(survey), _block_id(survey, "Trash")
    questions = survey.questions + survey.trash
    return {
        "QuestionCount": str(1000),  # not the number of questions, in the real one either
        "SurveyOptions": {
            "BackButton": "false",
            "SaveAndContinue": "true",
            "SurveyProtection": "PublicSurvey",
            "SurveyExpiration": None if survey.expires is None else plain(survey.expires),
            "PartialData": "+1 week",
            "AnonymizeResponse": "Yes" if survey.anonymised else "No",
        },
        "SurveyID": survey.id,
        "SurveyName": survey.name,
        "SurveyStatus": "Active" if survey.is_active else "Inactive",
        "LastModified": iso(survey.modified),
        "BrandID": survey.brand,
        "OwnerID": survey.owner,
        "LastAccessed": iso(survey.modified),
        "CreatorID": survey.owner,
        "LastActivated": _moment(survey.last_activated),
        "Questions": {question.id: _defined_question(question, survey.language) for question in questions},
        "Blocks": {
            **{block: _defined_block(block, inside) for block, inside in blocks.items()},
            trash: {
                "Type": "Trash",
                "Description": "Trash / Unused Questions",
                "ID": trash,
                "BlockElements": [{"Type": "Question", "QuestionID": question.id} for question in survey.trash],
            },
        },
        "ResponseSets": {},
        "SurveyFlow": {
            "Type": "Root",
            "FlowID": "FL_1",
            "Flow": [
                {
                    "Type": "EmbeddedData",
                    "FlowID": "FL_2",
                    "EmbeddedData": [
                        {
                            "Field": name,
                            "Type": "Recipient" if default is None else "Custom",
                            "VariableType": "Date" if name in survey.dates else "String",
                            "Value": default or "",
                        }
                        for name, default in survey.embedded.items()
                    ],
                },
                *(
                    {"Type": "Standard", "ID": block, "FlowID": f"FL_{number}"}
                    for number, block in enumerate(blocks, start=3)
                ),
            ],
            "Properties": {"Count": len(blocks) + 2},
        },
        "Scoring": {
            "ScoringCategories": [{"ID": key, "Name": name, "Description": ""} for key, name in survey.scores.items()],
            "ScoringSummaryCategory": next(iter(survey.scores), None),
        },
        "ProjectInfo": {"ProjectCategory": "CX", "ProjectType": survey.project_type},
        "BrandBaseURL": brand_url,
    }


def _defined_block(block: str, questions: list[Question]) -> dict[str, object]:
    result: dict[str, object] = {
        "Type": "Standard" if questions and questions[0].loops else "Default",
        "Description": "Default Question Block",
        "ID": block,
        "BlockElements": [{"Type": "Question", "QuestionID": question.id} for question in questions],
    }
    if questions and (loops := questions[0].loops):
        static = {number: {"1": about} for number, about in loops.items()}
        result["Options"] = {"Looping": "Static", "LoopingOptions": {"Static": static, "Randomization": "None"}}
    return result


def _defined_question(question: Question, language: str) -> dict[str, object]:
    result: dict[str, object] = {
        "QuestionText": question.text,
        "DataExportTag": question.tag,
        "QuestionType": question.type,
        "Selector": question.selector,
        "Configuration": {"QuestionDescriptionOption": "UseText"},
        "QuestionDescription": without_markup(question.text)[:100],
        "Validation": {"Settings": {"ForceResponse": "ON" if question.forced else "OFF", "Type": "None"}},
        "Language": [],  # empty maps are lists there
        "QuestionID": question.id,
        "DataVisibility": {"Private": False, "Hidden": False},
        "GradingData": [],
        "DefaultChoices": False,
        "QuestionText_Unsafe": question.text,
    }
    if question.sub_selector:
        result["SubSelector"] = question.sub_selector
    choices = {choice.id: {"Display": choice.text} for choice in question.choices}
    order = [choice.id for choice in question.choices]
    if question.is_nps:  # keys 0..10 come as a list
        result["Choices"] = [choices[str(score)] for score in range(11)]
        result["ChoiceOrder"] = order
        result["ColumnLabels"] = [
            {"Display": "Not at all likely", "IsLabelDefault": True},
            {"Display": "Extremely likely", "IsLabelDefault": True},
        ]
    elif question.rows:
        result["Choices"] = {row: {"Display": text} for row, text in question.rows.items()}
        result["ChoiceOrder"] = list(question.rows)
        if choices:
            result["Answers"], result["AnswerOrder"] = choices, order
    elif choices:
        for choice in question.choices:
            if choice.text_entry:
                choices[choice.id]["TextEntry"] = "true"
        result["Choices"], result["ChoiceOrder"] = choices, [int(each) if each.isdecimal() else each for each in order]
    recodes = {choice.id: choice.recode for choice in question.choices if choice.recode != choice.id}
    if recodes:
        result["RecodeValues"] = {choice.id: choice.recode for choice in question.choices}
    names = {choice.id: choice.variable_name for choice in question.choices if choice.variable_name}
    if names:
        result["VariableNaming"] = names
    return result


def metadata(survey: Survey) -> dict[str, object]:
    """`GET /survey-definitions/{id}/metadata`"""
    zero = "0000-00-00 00:00:00"
    return {
        "SurveyID": survey.id,
        "SurveyName": survey.name,
        "SurveyDescription": None,
        "SurveyOwnerID": survey.owner,
        "SurveyBrandID": survey.brand,
        "DivisionID": None,
        "SurveyLanguage": survey.language,
        "SurveyActiveResponseSet": f"RS_{survey.id[3:]}",
        "SurveyStatus": "Active" if survey.is_active else "Inactive",
        "SurveyStartDate": zero if survey.starts is None else plain(survey.starts),
        "SurveyExpirationDate": zero if survey.expires is None else plain(survey.expires),
        "SurveyCreationDate": plain(survey.created),
        "CreatorID": survey.owner,
        "LastModified": plain(survey.modified),
        "LastAccessed": zero,
        "LastActivated": zero if survey.last_activated is None else plain(survey.last_activated),
        "Deleted": None,
    }


def response_schema(survey: Survey) -> dict[str, object]:
    """`GET /surveys/{id}/response-schema`"""
    values: dict[str, object] = {}
    for name in METADATA:
        if survey.anonymised and name in PERSONAL:
            continue
        key = "externalDataReference" if name == "externalReference" else name
        values[key] = _metadata_property(key)
    for each in survey.fields():
        values[each.key] = _question_property(each)
    for name in survey.named_fields():
        tag = survey.scores.get(name, name)
        values[name] = {"description": tag, "dataType": "embeddedData", "type": "string", "exportTag": tag}
    for key in survey.text_iq_keys():
        question = survey.question(key.split("_")[0])
        tag = f"{question.tag if question else key} - {TEXT_IQ_COLUMNS[text_iq_suffix(key)]}"
        values[key] = {"description": tag, "dataType": "embeddedData", "type": "string", "exportTag": tag}
    return {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$id": f"https://qualtrics.com/API/v3/surveys/{survey.id}/response-schema",
        "title": survey.name,
        "description": f"The schema for the responses of {survey.name}",
        "type": "object",
        "properties": {
            "responseId": {"description": "The unique id of the response", "type": "string"},
            "values": {"type": "object", "properties": values},
            "labels": {"type": "object"},
            "displayedFields": {
                "type": "array",
                "items": {"type": "string", "enum": [each.key for each in survey.fields()]},
            },
            "displayedValues": {"type": "object"},
        },
    }


def _metadata_property(key: str) -> dict[str, object]:
    result: dict[str, object] = {"description": key, "dataType": "metadata", "exportTag": key}
    if key.endswith("Date"):
        return {**result, "type": "string", "format": "date-time"}
    return {**result, "type": "number" if key in ("status", "progress", "duration", "finished") else "string"}


def _question_property(each: Field) -> dict[str, object]:
    result: dict[str, object] = {
        "description": each.description,
        "dataType": "question",
        "exportTag": each.tag,
        "questionId": each.question.id,
        "questionExportTag": each.question.tag,
    }
    if each.loop:
        result["loopNumber"] = int(each.loop)
    if each.kind == "group":
        options = [{"label": label, "const": code} for code, label in NPS_GROUPS.items()]
        return {**result, "type": "number", "oneOf": options}
    if each.kind == "multi":
        options = [{"label": choice.label, "const": choice.recode} for choice in each.choices]
        return {**result, "type": "array", "items": {"type": "string", "oneOf": options}}
    if each.kind == "choice":
        codes = [(choice.label, number_or_text(choice.recode)) for choice in each.choices]
        kind = "number" if all(isinstance(code, int) for _, code in codes) else "string"
        return {**result, "type": kind, "oneOf": [{"label": label, "const": code} for label, code in codes]}
    return {**result, "type": "number" if each.kind in ("number", "cell") else "string"}
