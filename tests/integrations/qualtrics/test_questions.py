"""From a survey's description to the fields that can be measured."""

import pytest

from integrations.qualtrics.questions import QuestionRecord, plain, question_records
from integrations.qualtrics.records import Definition, Survey

HEX = "5f0c2a7be41d9038c6ab1e27"


def choice(text, recode=None, **more):
    return {"recode": recode, "description": text, "choiceText": text, "analyze": True} | more


def question(kind, selector, sub=None, text="How was it?", name="Q1", choices=None, rows=None, **more):
    described = {
        "questionType": {"type": kind, "selector": selector, "subSelector": sub},
        "questionText": text,
        "questionLabel": None,
        "questionName": name,
        "validation": {"doesForceResponse": False},
    }
    if choices is not None:
        described["choices"] = choices
    if rows is not None:
        described["subQuestions"] = rows
    return described | more


def survey(**questions):
    return Survey.from_json({"id": "SV_1", "name": "Visit", "questions": questions})


FIVE = {str(n): choice(f"Label {n}", str(n)) for n in (5, 4, 3, 2, 1)}


def only(found):
    (record,) = found
    return record


class TestTypes:
    @pytest.mark.parametrize("selector", ["SAVR", "SAHR", "SACOL", "DL", "SB"])
    def test_single_choice(self, selector):
        record = only(question_records(survey(QID3=question("MC", selector, "TX", name="CSAT", choices=FIVE))))
        assert (record.field, record.qid, record.label, record.kind) == ("QID3", "QID3", "CSAT", "choice")
        assert (record.type, record.selector) == ("MC", f"{selector}/TX")
        assert (record.scale_min, record.scale_max) == (1, 5)
        assert [c["value"] for c in record.choices] == ["5", "4", "3", "2", "1"]
        assert record.mappable

    def test_recodes_count_not_ids_and_not_analysed_choices_are_off_the_scale(self):
        choices = {"4": choice("Bad", "1"), "7": choice("Good", "2.0"), "9": choice("N/A", "99", analyze=False)}
        record = only(question_records(survey(QID1=question("MC", "SAVR", choices=choices))))
        assert record.choices == (
            {"value": "1", "label": "Bad", "analyze": True},
            {"value": "2", "label": "Good", "analyze": True},
            {"value": "99", "label": "N/A", "analyze": False},
        )
        assert (record.scale_min, record.scale_max) == (1, 2)

    def test_a_choice_without_recode_counts_under_its_id(self):
        record = only(question_records(survey(QID1=question("MC", "SAVR", choices={"4": choice("Yes")}))))
        assert record.choices[0]["value"] == "4"

    def test_recodes_that_are_no_numbers_make_no_scale(self):
        choices = {"1": choice("A", "low"), "2": choice("B", "2")}
        record = only(question_records(survey(QID1=question("MC", "SAVR", choices=choices))))
        assert (record.scale_min, record.scale_max) == (None, None)
        assert [c["value"] for c in record.choices] == ["low", "2"]

    def test_nps(self):
        choices = {str(n): choice(str(n), str(n)) for n in range(11)}
        record = only(question_records(survey(QID4=question("MC", "NPS", choices=choices))))
        assert (record.kind, record.field, record.scale_min, record.scale_max) == ("nps", "QID4", 0, 10)
        assert len(record.choices) == 11

    def test_multiple_choice_and_its_other_line(self):
        choices = {"1": choice("Shop", "10"), "4": choice("Other", "40", textEntry=True)}
        several, other = question_records(survey(QID5=question("MC", "MAVR", name="Q5", choices=choices)))
        assert (several.kind, several.field) == ("multi", "QID5")
        assert [c["value"] for c in several.choices] == ["1", "4"]
        assert (other.kind, other.field, other.label) == ("text", "QID5_4_TEXT", "Q5_4_TEXT")
        assert other.wording == "How was it? – Other"

    def test_each_row_of_a_matrix_is_a_question(self):
        rows = {"1": choice("Cleanliness"), "3": choice("<b>Staff</b>")}
        first, second = question_records(
            survey(QID6=question("Matrix", "Likert", "SingleAnswer", choices=FIVE, rows=rows, name="Q6"))
        )
        assert (first.field, second.field) == ("QID6_1", "QID6_3")
        assert (first.label, second.label) == ("Q6_1", "Q6_3")
        assert (first.wording, second.wording) == ("How was it? – Cleanliness", "How was it? – Staff")
        assert {first.kind, second.kind} == {"choice"}
        assert {first.qid, second.qid} == {"QID6"}
        assert (first.scale_min, first.scale_max) == (1, 5)

    @pytest.mark.parametrize("selector", ["SL", "ML", "ESTB"])
    def test_comments(self, selector):
        record = only(question_records(survey(QID8=question("TE", selector))))
        assert (record.field, record.kind) == ("QID8_TEXT", "text")

    def test_a_comment_that_takes_numbers_only_is_a_number(self):
        validation = {"type": "ContentType", "settings": {"contentType": "ValidNumber"}}
        assert only(question_records(survey(QID8=question("TE", "SL", validation=validation)))).kind == "number"
        schema = {"QID8_TEXT": {"dataType": "question", "type": "number"}}
        assert only(question_records(survey(QID8=question("TE", "SL")), schema)).kind == "number"

    def test_each_line_of_a_form(self):
        found = question_records(
            survey(QID9=question("TE", "FORM", choices={"1": choice("First"), "2": choice("Second")}))
        )
        assert [(record.field, record.kind) for record in found] == [("QID9_1", "text"), ("QID9_2", "text")]

    def test_a_slider_may_name_its_parts_as_rows(self):
        asked = survey(QID3=question("Slider", "HSLIDER", rows={"1": choice("Ease"), "2": choice("Speed")}))
        assert [(record.field, record.kind) for record in question_records(asked)] == [
            ("QID3_1", "number"), ("QID3_2", "number"),
        ]  # fmt: skip

    def test_sliders_and_stars_take_their_ends_from_the_definition(self):
        asked = survey(
            QID1=question("Slider", "HSLIDER", choices={"1": choice("Speed")}),
            QID2=question("Slider", "STAR", choices={"1": choice("Stars")}),
        )
        definition = Definition.from_json(
            {
                "SurveyID": "SV_1",
                "Questions": {
                    "QID1": {"Configuration": {"CSSliderMin": 0, "CSSliderMax": "100"}},
                    "QID2": {"Configuration": {"StarCount": "5"}},
                },
            }
        )
        slider, stars = question_records(asked, None, definition)
        assert (slider.field, slider.kind, slider.scale_min, slider.scale_max) == ("QID1_1", "number", 0, 100)
        assert (stars.scale_min, stars.scale_max) == (0, 5)
        unknown = question_records(asked)[0]
        assert (unknown.scale_min, unknown.scale_max) == (None, None)

    def test_ranks_and_sums_are_numbers(self):
        items = {"1": choice("A"), "2": choice("B"), "3": choice("C")}
        ranks = question_records(survey(QID1=question("RO", "DND", choices=items)))
        assert {(r.kind, r.scale_min, r.scale_max) for r in ranks} == {("number", 1, 3)}
        assert [r.field for r in ranks] == ["QID1_1", "QID1_2", "QID1_3"]
        assert len(question_records(survey(QID1=question("CS", "VRTL", choices=items)))) == 3

    @pytest.mark.parametrize(
        ("kind", "selector"), [("DB", "TB"), ("Timing", "PageTimer"), ("Meta", "Browser"), ("Captcha", "V2")]
    )
    def test_what_no_customer_answers_is_left_out(self, kind, selector):
        assert question_records(survey(QID1=question(kind, selector))) == []

    @pytest.mark.parametrize(
        ("kind", "selector", "sub"),
        [
            ("Matrix", "Likert", "MultipleAnswer"),
            ("Matrix", "MaxDiff", None),
            ("Matrix", "TE", "Long"),
            ("SBS", "SBSMatrix", None),
            ("PGR", "DragAndDrop", None),
            ("HeatMap", "Image", None),
            ("FileUpload", "FileUpload", None),
            ("TE", "PW", None),
            ("Novelty", "X", None),
        ],
    )
    def test_what_cannot_be_measured_is_known_but_not_mappable(self, kind, selector, sub):
        record = only(question_records(survey(QID1=question(kind, selector, sub, choices=FIVE))))
        assert not record.mappable
        assert record.field == "QID1"

    @pytest.mark.parametrize(
        "broken",
        [
            {},
            {"questionType": None},
            {"questionType": {"type": 7}},
            {"questionType": {"type": "MC", "selector": "SAVR"}, "choices": []},
        ],
    )
    def test_a_description_with_holes_does_no_harm(self, broken):
        assert all(isinstance(record, QuestionRecord) for record in question_records(survey(QID1=broken)))


class TestSchema:
    def test_only_fields_that_responses_have(self):
        asked = survey(QID1=question("MC", "SAVR", choices=FIVE), QID2=question("TE", "ML"))
        schema = {"QID1": {"dataType": "question", "type": "number"}, "status": {"dataType": "metadata"}}
        assert [record.field for record in question_records(asked, schema)] == ["QID1"]

    def test_an_embedded_field_named_like_a_question_is_none(self):
        asked = survey(QID1=question("MC", "SAVR", choices=FIVE))
        schema = {
            "QID1": {"dataType": "question"},
            "QID9": {"dataType": "embeddedData"},
            "1_QID1": {"dataType": "embeddedData"},
        }
        assert [record.field for record in question_records(asked, schema)] == ["QID1"]

    def test_text_iq_sentiment_belongs_to_its_comment(self):
        asked = survey(QID8=question("TE", "ML", text="Why?"), QID9=question("MC", "SAVR", choices=FIVE))
        schema = {
            "QID8_TEXT": {"dataType": "question", "type": "string"},
            "QID9": {"dataType": "question", "type": "number"},
            **{
                f"QID8_TEXT_{HEX}{suffix}": {"dataType": "embeddedData", "type": "string"}
                for suffix in (
                    "ParTopics",
                    "SenPol",
                    "SenScore",
                    "Sentiment",
                    "TopicSenLabel",
                    "TopicSenScore",
                    "Topics",
                )
            },
        }
        comment, sentiment, last = question_records(asked, schema)
        assert (sentiment.field, sentiment.kind) == (f"QID8_TEXT_{HEX}Sentiment", "sentiment")
        assert sentiment.about_field == comment.field == "QID8_TEXT"
        assert (sentiment.wording, sentiment.qid) == ("Why?", "QID8")
        assert (sentiment.scale_min, sentiment.scale_max) == (-2, 2)
        assert last.field == "QID9"

    def test_the_newer_form_of_ids_is_known(self):
        field = "QID694_TEXT_9079b4e7_gaygfh795aeaSentiment"
        schema = {"QID694_TEXT": {"dataType": "question"}, field: {"dataType": "embeddedData"}}
        found = question_records(survey(QID694=question("TE", "ML")), schema)
        assert [record.field for record in found] == ["QID694_TEXT", field]

    def test_loops_are_told_apart(self):
        asked = survey(QID8=question("TE", "ML", text="Why?"), QID7=question("MC", "NPS", choices={}))
        schema = {
            "2_QID8_TEXT": {"dataType": "question", "loopNumber": 2},
            "1_QID8_TEXT": {"dataType": "question", "loopNumber": 1},
            "x27_QID7": {"dataType": "question"},
            f"1_QID8_TEXT_{HEX}Sentiment": {"dataType": "embeddedData"},
        }
        found = question_records(asked, schema)
        assert [record.field for record in found] == [
            "1_QID8_TEXT",
            f"1_QID8_TEXT_{HEX}Sentiment",
            "2_QID8_TEXT",
            "x27_QID7",
        ]
        assert found[0].wording == "Why? (1)"
        assert found[1].about_field == "1_QID8_TEXT"

    def test_questions_thrown_away_are_left_out(self):
        definition = Definition.from_json(
            {
                "SurveyID": "SV_1",
                "Blocks": {
                    "BL_1": {"Type": "Default", "BlockElements": [{"Type": "Question", "QuestionID": "QID1"}]},
                    "BL_2": {
                        "Type": "Trash",
                        "BlockElements": [
                            {"Type": "Question", "QuestionID": "QID2"},
                            {"Type": "Question", "QuestionID": "QID1"},
                        ],
                    },
                },
            }
        )
        asked = survey(QID1=question("TE", "ML"), QID2=question("TE", "ML"))
        assert [record.qid for record in question_records(asked, None, definition)] == ["QID1"]


class TestFingerprint:
    def fingerprint(self, choices=None, text="How was it?", selector="SAVR"):
        return only(
            question_records(survey(QID1=question("MC", selector, text=text, choices=choices or FIVE)))
        ).fingerprint

    def test_rewording_and_another_order_change_nothing(self):
        same = self.fingerprint()
        assert same == self.fingerprint(text="How did you like it?")
        assert same == self.fingerprint(choices=dict(reversed(FIVE.items())))

    @pytest.mark.parametrize(
        "choices",
        [
            FIVE | {"6": choice("Label 6", "6")},
            {key: value for key, value in FIVE.items() if key != "5"},
            FIVE | {"1": choice("Label 1", "2"), "2": choice("Label 2", "1")},
            FIVE | {"1": choice("Another", "1")},
            FIVE | {"1": choice("Label 1", "1", analyze=False)},
            FIVE | {"1": choice("Label 1", "9")},
        ],
        ids=["added", "removed", "swapped", "renamed", "excluded", "recoded"],
    )
    def test_another_meaning_of_answers_changes_it(self, choices):
        assert self.fingerprint(choices) != self.fingerprint()

    def test_another_type_changes_it(self):
        assert self.fingerprint(selector="SAHR") != self.fingerprint()

    def test_it_fits_its_column(self):
        assert len(self.fingerprint()) <= 64


class TestPlain:
    @pytest.mark.parametrize(
        ("html", "text"),
        [
            ("Plain", "Plain"),
            ("<p>How <b>likely</b>&nbsp;are<br/>you&#39;re</p><p>friends</p>", "How likely are you're friends"),
            ("a<script>alert(1)</script>b<style>x{}</style>c", "abc"),
            ("5 &lt; 6 &amp; 7 > 3", "5 < 6 & 7 > 3"),
            ('<img src=x onerror="alert(1)">Hello', "Hello"),
            ("${e://Field/name}, how was it?", "${e://Field/name}, how was it?"),
            ("<div>One</div><div>Two</div>", "One Two"),
            ("  \n\t ", ""),
            (None, ""),
            (7, ""),
            ("<!-- hidden -->Seen", "Seen"),
            ("x" * 5000, "x" * 2000),
        ],
    )
    def test_words_without_markup(self, html, text):
        assert plain(html) == text
