"""Everything of a survey that can be mapped, from the vendor's JSON; and why the rest cannot."""

import pytest

from integrations.qualtrics.questions import question_records
from integrations.qualtrics.records import Definition, Survey
from integrations.qualtrics.sources import names_of, source_records
from tests.integrations.qualtrics.test_questions import FIVE, HEX, choice, question

THREE = {"1": choice("Morning", "1"), "2": choice("Noon", "2"), "3": choice("None of these", "3")}
ROWS = {"1": choice("Announcements"), "2": choice("Lifts")}


def survey(embedded=(), **questions):
    data = [{"name": name} for name in embedded]
    return Survey.from_json({"id": "SV_1", "name": "Visit", "questions": questions, "embeddedData": data})


def definition(**parts):
    return Definition.from_json({"SurveyID": "SV_1"} | parts)


def asked(type_="number", qid="QID1", **more):
    return {"dataType": "question", "type": type_, "questionId": qid} | more


def added(**more):
    return {"dataType": "embeddedData", "type": "string"} | more


def one_of(*labels):
    return [{"label": label, "const": str(code)} for code, label in enumerate(labels, start=1)]


def kinds(records):
    return [(record.field, record.kind) for record in records]


class TestEmbeddedData:
    def test_fields_of_the_flow_and_of_responses_are_listed_once_after_the_questions(self):
        flow = {
            "Type": "Root",
            "Flow": [
                {"Type": "EmbeddedData", "EmbeddedData": [{"Field": "segment", "VariableType": "String"}]},
                {"Type": "Group", "Flow": [{"Type": "Branch", "Flow": [{"EmbeddedData": [{"Field": "basket"}]}]}]},
                {"Type": "Standard", "ID": "BL_1"},
            ],
        }
        found = source_records(
            survey(["segment", "wave"], QID1=question("MC", "SAVR", choices=FIVE)),
            {"QID1": asked(), "status": {"dataType": "metadata"}, "wave": added(), "Q_Language": added()},
            definition(SurveyFlow=flow),
        )
        assert kinds(found) == [
            ("QID1", "choice"),
            ("segment", "embedded"),
            ("wave", "embedded"),
            ("basket", "embedded"),
            ("Q_Language", "embedded"),
        ]
        assert {(record.qid, record.scale_min, record.why_not) for record in found[1:]} == {("", None, "")}

    @pytest.mark.parametrize(
        ("field", "item", "why_not"),
        [
            ({"Field": "since", "VariableType": "Date"}, added(), "dates"),
            ({"Field": "since", "VariableType": "String"}, added(format="date-time"), "dates"),
            ({"Field": "since", "VariableType": "MultiValueNominal"}, added(), "words"),
            ({"Field": "since", "VariableType": "Scale"}, added(), ""),
        ],
    )
    def test_what_holds_no_numbers_says_so(self, field, item, why_not):
        flow = {"Flow": [{"Type": "EmbeddedData", "EmbeddedData": [field]}]}
        (record,) = source_records(survey(), {"since": item}, definition(SurveyFlow=flow))
        assert (record.why_not, record.kind) == (why_not, "other" if why_not else "embedded")

    def test_a_name_that_is_taken_is_not_read_twice(self):
        schema = {"QID1": asked(), "status": {"dataType": "metadata", "type": "number"}}
        found = source_records(
            survey(["QID1", "status", "x" * 201, ""], QID1=question("MC", "SAVR", choices=FIVE)), schema
        )
        assert kinds(found) == [("QID1", "choice")]

    @pytest.mark.parametrize("flow", [[], {"Flow": "x"}, {"Flow": [None, {"EmbeddedData": [None, {"Field": 7}]}]}])
    def test_a_flow_with_holes_does_no_harm(self, flow):
        assert source_records(survey(), {}, definition(SurveyFlow=flow)) == []


class TestScores:
    def test_scores_have_the_name_that_the_survey_gives_them(self):
        scoring = {"ScoringCategories": [{"ID": "SC_0uLmfQmvXmH9lB3", "Name": "Station index"}, {"ID": None}, 7]}
        schema = {"SC_0uLmfQmvXmH9lB3": added(), "SC_other": added(description="Other <b>points</b>")}
        found = source_records(survey(), schema, definition(Scoring=scoring))
        assert kinds(found) == [("SC_0uLmfQmvXmH9lB3", "score"), ("SC_other", "score")]
        assert [record.wording for record in found] == ["Station index", "Other points"]

    def test_piped_scores_and_questions_have_names(self):
        scored = definition(Scoring={"ScoringCategories": [{"ID": "SC_1", "Name": "Index"}]})
        assert names_of(survey(QID1=question("TE", "ML", name="Why")), scored) == {"QID1": "Why", "SC_1": "Index"}


class TestTextIq:
    SCHEMA = {"QID8_TEXT": asked("string", "QID8")} | {
        f"QID8_TEXT_{HEX}{suffix}": added(exportTag=f"Q8 - {suffix}")
        for suffix in ("ParTopics", "SenPol", "SenScore", "Sentiment", "TopicSenLabel", "TopicSenScore", "Topics")
    }

    def test_scores_can_be_measured_and_words_cannot(self):
        found = {record.field: record for record in source_records(survey(QID8=question("TE", "ML")), self.SCHEMA)}
        of = {field.removeprefix(f"QID8_TEXT_{HEX}"): record for field, record in found.items()}
        assert {name for name, record in of.items() if record.kind == "score"} == {
            "SenPol",
            "SenScore",
            "TopicSenScore",
        }
        assert {name for name, record in of.items() if record.why_not == "words"} == {
            "ParTopics", "TopicSenLabel", "Topics",
        }  # fmt: skip
        assert {record.about_field for record in of.values()} == {"", "QID8_TEXT"}
        assert of["SenScore"].label == "Q8 - SenScore"
        assert (of["SenScore"].scale_min, of["SenScore"].qid) == (None, "QID8")

    def test_the_sentiment_is_what_it_was(self):
        asked_ = survey(QID8=question("TE", "ML"))
        (before,) = [each for each in question_records(asked_, self.SCHEMA) if each.kind == "sentiment"]
        assert [each for each in source_records(asked_, self.SCHEMA) if each.kind == "sentiment"] == [before]

    def test_an_embedded_text_may_be_analysed_too(self):
        schema = {"remark": added(), f"remark_{HEX}Sentiment": added(), f"remark_{HEX}Topics": added()}
        found = source_records(survey(), schema)
        assert kinds(found) == [
            ("remark", "embedded"), (f"remark_{HEX}Sentiment", "sentiment"), (f"remark_{HEX}Topics", "other"),
        ]  # fmt: skip
        assert [record.about_field for record in found] == ["", "remark", "remark"]


class TestSeveralAnswers:
    def test_each_choice_of_a_question_is_a_share(self):
        schema = {"QID1": asked("array", items={"oneOf": one_of("Morning", "Noon", "None of these")})}
        found = source_records(survey(QID1=question("MC", "MAVR", choices=THREE, name="When")), schema)
        assert kinds(found) == [
            ("QID1", "multi"), ("QID1=1", "chosen"), ("QID1=2", "chosen"), ("QID1=3", "chosen"),
        ]  # fmt: skip
        last = found[-1]
        assert (last.label, last.wording, last.qid) == ("When_3", "How was it? – None of these", "QID1")
        assert (last.scale_min, last.scale_max, last.choices) == (0, 1, ())  # its words leave nobody out

    def test_codes_are_those_of_the_responses(self):
        options = [{"label": "Morning", "const": "10"}, {"label": "Noon", "const": "20"}]
        schema = {"QID1": asked("array", items={"oneOf": options})}
        found = source_records(survey(QID1=question("MC", "MAVR", choices=THREE)), schema)
        assert [record.field for record in found[1:]] == ["QID1=10", "QID1=20", "QID1=3"]

    def test_another_choice_under_the_code_is_another_question(self):
        def fingerprint(label):
            choices = {"1": choice(label, "1")}
            return source_records(survey(QID1=question("MC", "MAVR", choices=choices)), {"QID1": asked("array")})[
                1
            ].fingerprint

        assert fingerprint("Morning") != fingerprint("Night")
        assert fingerprint("Morning") == fingerprint("Morning")

    @pytest.mark.parametrize("loop", ["", "2_", "x27_"])
    def test_rows_of_a_matrix_with_a_field_for_each_choice(self, loop):
        matrix = question("Matrix", "Likert", "MultipleAnswer", choices=THREE, rows=ROWS)
        schema = {f"{loop}QID1_{row}_{column}": asked() for row in (1, 2) for column in (1, 3)}
        found = source_records(survey(QID1=matrix), schema)
        assert kinds(found) == [(field, "chosen") for field in schema]
        number = f" ({loop.strip('x_')})" if loop else ""
        assert found[1].wording == f"How was it? – Announcements – None of these{number}"

    def test_rows_of_a_matrix_with_a_list(self):
        matrix = question("Matrix", "Likert", "MultipleAnswer", choices=THREE, rows=ROWS)
        schema = {"QID1_2": asked("array", items={"oneOf": one_of("Morning", "Noon", "None of these")})}
        found = source_records(survey(QID1=matrix), schema)
        assert [record.field for record in found] == ["QID1_2=1", "QID1_2=2", "QID1_2=3"]
        assert found[0].wording == "How was it? – Lifts – Morning"


class TestSideBySide:
    COLUMNS = {
        "1": {"questionText": "How <b>good</b>?", "choices": FIVE},
        "2": {"questionText": "When?", "choices": THREE},
        "3": {"questionText": "Why?"},
    }
    SCHEMA = {
        "QID1#1_1": asked(exportTag="sbs#1_1", oneOf=[{"label": f"Label {n}", "const": n} for n in range(1, 6)]),
        "QID1#2_2": asked("array", items={"oneOf": one_of("Morning", "Noon", "None of these")}),
        "QID1#3_1_1_TEXT": asked("string"),
    }

    def test_each_column_and_row_is_a_field(self):
        shown = question("SBS", "SBSMatrix", rows=ROWS, columns=self.COLUMNS)
        found = source_records(survey(QID1=shown), self.SCHEMA)
        assert kinds(found) == [
            ("QID1#1_1", "choice"),
            ("QID1#2_2=1", "chosen"), ("QID1#2_2=2", "chosen"), ("QID1#2_2=3", "chosen"),
            ("QID1#3_1_1_TEXT", "text"),
        ]  # fmt: skip
        assert (found[0].label, found[0].wording) == ("sbs#1_1", "How was it? – How good? – Announcements")
        assert (found[0].scale_min, found[0].scale_max) == (1, 5)
        assert found[1].wording == "How was it? – When? – Lifts – Morning"

    def test_without_its_columns_the_schema_says_it(self):
        schema = {"QID1#1_1": self.SCHEMA["QID1#1_1"] | {"description": "Service - Good? - Announcements"}}
        (record,) = source_records(survey(QID1=question("SBS", "SBSMatrix")), schema)
        assert (record.kind, record.wording) == ("choice", "Service - Good? - Announcements")
        assert [each["label"] for each in record.choices] == [f"Label {n}" for n in range(1, 6)]


class TestLoops:
    SCHEMA = {"1_QID1": asked(), "2_QID1": asked(), "QID9": asked(qid="QID9")}

    def looped(self, **options):
        block = {
            "Type": "Standard",
            "BlockElements": [{"Type": "Question", "QuestionID": "QID1"}],
            "Options": {"LoopingOptions": options},
        }
        questions = {
            "QID1": question("MC", "SAVR", choices=FIVE, text="How was ${lm://Field/1}?"),
            "QID9": question("MC", "SAVR", choices=THREE, text="Where?"),
        }
        return source_records(survey(**questions), self.SCHEMA, definition(Blocks={"BL_1": block}))

    def test_each_loop_names_what_it_is_about(self):
        found = self.looped(Static={"1": {"1": "the hall", "2": "x"}, "2": {"1": "the lift"}})
        assert [record.field for record in found] == ["1_QID1", "2_QID1", "QID9"]
        assert [record.wording for record in found[:2]] == [
            "How was the hall? (the hall)",
            "How was the lift? (the lift)",
        ]

    def test_a_loop_over_the_choices_of_a_question(self):
        found = self.looped(Static=[], QID="QID9")
        assert [record.wording for record in found[:2]] == ["How was Morning? (Morning)", "How was Noon? (Noon)"]

    @pytest.mark.parametrize("options", [{}, {"Static": "x"}, {"Static": {"1": None}}, {"Static": [], "QID": 7}])
    def test_loops_of_which_nothing_is_known_have_their_number(self, options):
        assert self.looped(**options)[1].wording == "How was ${lm://Field/1}? (2)"


class TestWhyNot:
    @pytest.mark.parametrize(
        ("kind", "selector", "schema", "why_not"),
        [
            ("DB", "TB", {}, "read"),
            ("Timing", "PageTimer", {"QID1_PAGE_SUBMIT": asked()}, "technical"),
            ("Meta", "Browser", {}, "technical"),
            ("FileUpload", "FileUpload", {"QID1_FILE_ID": asked("string")}, "file"),
            ("HeatMap", "Image", {}, "places"),
            ("PGR", "DragAndDrop", {"QID1_0_GROUP": asked("array")}, "unsuited"),
            ("Novelty", "X", {"QID1": asked("object")}, "unsuited"),
            ("MC", "SAVR", {}, "not_exported"),
        ],
    )
    def test_what_cannot_be_measured_says_why(self, kind, selector, schema, why_not):
        (record,) = source_records(survey(QID1=question(kind, selector, choices=FIVE)), schema)
        assert (record.why_not, record.kind, record.mappable, record.choices) == (why_not, "other", False, ())
        assert record.field not in {"QID1", *schema}  # it must not be taken for a field that was mapped

    def test_what_lies_in_the_trash_is_no_part_of_the_survey(self):
        trash = {"Type": "Trash", "BlockElements": [{"Type": "Question", "QuestionID": "QID1"}]}
        assert source_records(survey(QID1=question("DB", "TB")), {}, definition(Blocks={"BL_1": trash})) == []


def test_an_unknown_type_is_measured_if_responses_hold_numbers():
    schema = {"QID1_1": asked(), "QID1_2": asked(oneOf=[{"label": "Bad", "const": 1}, {"label": "Good", "const": 2}])}
    found = source_records(survey(QID1=question("Novelty", "X", rows=ROWS)), schema)
    assert kinds(found) == [("QID1_1", "number"), ("QID1_2", "choice")]


def test_fingerprints_of_what_items_count_already_stay():
    """Another one would make every item ask a person."""
    fields = {
        "QID8_TEXT": "038208a9e62061a6822fdae34c01e158",
        f"QID8_TEXT_{HEX}Sentiment": "b29e7d761b7bcba3ed250632119bb8bc",
        "QID9": "d69deadff15d45529395664eea49c9ba",
        "QID5": "8332c2aa1a0018a2f602fc446cdc7c3e",
    }
    schema = {
        "QID8_TEXT": asked("string", "QID8"),
        "QID9": asked(qid="QID9"),
        f"QID8_TEXT_{HEX}Sentiment": added(),
        "QID5": asked("array", "QID5"),
    }
    several = question("MC", "MAVR", choices={"1": choice("Shop ${lm://Field/1}", "10")})
    single = question("MC", "SAVR", choices=FIVE)
    found = source_records(survey(QID8=question("TE", "ML", text="Why?"), QID9=single, QID5=several), schema)
    assert {record.field: record.fingerprint for record in found if record.field in fields} == fields
