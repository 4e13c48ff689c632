"""Records as exports hold them: JSON, NDJSON and CSV; from responses to text, a row at a time."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from sandbox.state.clock import iso, iso_ms
from sandbox.state.responses import STATUS_LABELS, Response, Sheet
from sandbox.state.settings import DataSwitches
from sandbox.state.surveys import NPS_GROUPS, Field, Question, Survey, nps_group

METADATA = (
    "startDate", "endDate", "status", "ipAddress", "progress", "duration", "finished", "recordedDate", "_recordId",
    "recipientLastName", "recipientFirstName", "recipientEmail", "externalReference", "locationLatitude",
    "locationLongitude", "distributionChannel", "userLanguage",
)  # fmt: skip
PERSONAL = frozenset(
    [
        "ipAddress",
        "recipientLastName",
        "recipientFirstName",
        "recipientEmail",
        "externalReference",
        "locationLatitude",
        "locationLongitude",
    ]
)
LAST_NAMES = [
    "Martin",
    "Bernard",
    "Moreau",
    "Petit",
    "Lefèvre",
    "Garnier",
    "Smith",
    "Taylor",
    "Evans",
    "O’Neill",
    "Novák",
    "García",
    "Rossi",
    "Nguyen",
    "Diallo",
    "Lund",
]
FIRST_NAMES = [
    "Camille",
    "Nicolas",
    "Inès",
    "Hugo",
    "Zoé",
    "Amélie",
    "Karim",
    "Oliver",
    "Grace",
    "Amir",
    "Chloé",
    "Léa",
    "Sven",
    "Maria",
    "Tom",
    "Priya",
]
PLACES = (
    ("43.2965", "5.3698"), ("43.7102", "7.2620"), ("43.5528", "7.0174"), ("43.1242", "5.9280"), ("48.8566", "2.3522"),
    ("45.7640", "4.8357"), ("51.5072", "-0.1276"), ("43.6108", "3.8767"),
)  # fmt: skip


@dataclass(slots=True, frozen=True)
class Selection:
    """Which columns were asked for; None means all of them."""

    questions: frozenset[str] | None = None
    embedded: frozenset[str] | None = None
    metadata: frozenset[str] | None = None
    with_modified: bool = False

    def takes_question(self, question: Question) -> bool:
        """Is this question exported?"""
        return self.questions is None or question.id in self.questions

    def takes_embedded(self, name: str) -> bool:
        """Is this embedded field or Text iQ column exported?"""
        return self.embedded is None or name in self.embedded

    def takes_metadata(self, name: str) -> bool:
        """Is this metadata field exported?"""
        return self.metadata is None or name in self.metadata


EVERYTHING = Selection()


def json_key(name: str) -> str:
    """The external reference has another name in records than in parameters."""
    return "externalDataReference" if name == "externalReference" else name


def metadata_of(survey: Survey, response: Response, selection: Selection) -> dict[str, object]:
    """The metadata of one record, keyed as in JSON."""
    source = response.respondent
    place = PLACES[source % len(PLACES)]
    facts: dict[str, object] = {
        "startDate": iso(response.started),
        "endDate": iso(response.ended),
        "status": response.status,
        "ipAddress": f"203.0.113.{source % 254 + 1}",
        "progress": response.progress,
        "duration": max(0, (response.ended - response.started) // 1000),
        "finished": int(response.finished),
        "recordedDate": iso_ms(response.recorded),
        "_recordId": response.id,
    }
    if response.channel == "email":
        last, first = LAST_NAMES[source // 7 % len(LAST_NAMES)], FIRST_NAMES[source // 11 % len(FIRST_NAMES)]
        facts["recipientLastName"] = last
        facts["recipientFirstName"] = first
        facts["recipientEmail"] = f"traveller{source % 100_000}@mail.example"
        facts["externalReference"] = f"C-{source % 100_000}"
    facts["locationLatitude"], facts["locationLongitude"] = place
    facts["distributionChannel"] = response.channel
    facts["userLanguage"] = response.language
    if survey.anonymised:
        facts = {name: value for name, value in facts.items() if name not in PERSONAL}
    if selection.metadata is not None:
        facts = {name: value for name, value in facts.items() if name in selection.metadata}
    if "externalReference" in facts:
        facts = {json_key(name): value for name, value in facts.items()}
    if selection.with_modified:
        facts["lastModifiedDate"] = iso_ms(response.modified)
    return facts


# -- JSON


def number_or_text(value: str) -> object:
    """Recodes come as numbers where they are numbers."""
    return int(value) if value.lstrip("-").isdecimal() else value


def label_of(each: Field, value: object) -> object:
    """The label of a coded answer, or None."""
    if each.kind == "group":
        return NPS_GROUPS.get(value) if isinstance(value, int) else None
    if each.question.is_nps or each.kind in ("text", "number"):
        return None
    if each.kind == "cell":
        return each.choices[0].label
    labels = {choice.recode: choice.label for choice in each.choices}
    if isinstance(value, list):
        return [labels.get(str(item), str(item)) for item in value]
    return labels.get(str(value))


def _displayed(survey: Survey, selection: Selection, hidden: frozenset[str]) -> bytes:
    key = (survey.version, selection, hidden)
    if key not in survey.displayed:
        if len(survey.displayed) > 200:
            survey.displayed.clear()
        survey.displayed[key] = _make_displayed(survey, selection, hidden)
    return survey.displayed[key]


def _make_displayed(survey: Survey, selection: Selection, hidden: frozenset[str]) -> bytes:
    fields = [each for each in survey.fields() if selection.takes_question(each.question) and each.key not in hidden]
    names = [each.key for each in fields]
    random.Random(survey.id).shuffle(names)  # unordered in the real one
    values: dict[str, list] = {}
    for each in fields:
        if each.kind == "group":
            values[each.key] = [nps_group(score) for score in range(11)]
        elif each.kind == "choice":
            values[each.key] = [number_or_text(choice.recode) for choice in each.choices]
        elif each.kind == "multi":
            values[each.key] = [choice.recode for choice in each.choices]
    return orjson.dumps({"displayedFields": names, "displayedValues": values})[1:-1]


def answers_of(survey: Survey, sheet: Sheet, selection: Selection) -> Iterator[tuple[Field, object]]:
    """Each answered field with its value, groups of NPS included, in display order."""
    answers = sheet.answers
    for each in survey.fields():
        if not selection.takes_question(each.question):
            continue
        if each.kind == "group":
            score = answers.get(each.key.removesuffix("_NPS_GROUP"))
            if isinstance(score, int):
                yield each, nps_group(score)
        elif each.key in answers:
            yield each, answers[each.key]


def _fragments(survey: Survey, sheet: Sheet, selection: Selection) -> tuple[bytes, bytes, bytes]:
    """What one sheet adds to `values` and to `labels`, and the displayed fields."""
    key = (survey.version, selection)
    if sheet.rendered is not None and key in sheet.rendered:
        return sheet.rendered[key]
    values: dict[str, object] = {}
    labels: dict[str, object] = {}
    for each, value in answers_of(survey, sheet, selection):
        values[each.key] = value
        label = label_of(each, value)
        if label is not None:
            labels[each.key] = label
    for name, text in {**sheet.embedded, **sheet.text_iq}.items():
        if selection.takes_embedded(name):
            values[name] = text
    result = (
        orjson.dumps(values)[1:-1],
        orjson.dumps(labels)[1:-1],
        _displayed(survey, selection, sheet.hidden),
    )
    if sheet.rendered is not None:
        sheet.rendered.clear()  # one selection at a time is enough, and bounds the memory
        sheet.rendered[key] = result
    return result


def record(survey: Survey, response: Response, selection: Selection = EVERYTHING) -> bytes:
    """One record of a JSON or NDJSON export, or of a single response."""
    values, labels, displayed = _fragments(survey, response.sheet, selection)
    head = orjson.dumps(metadata_of(survey, response, selection))[1:-1]
    values = b",".join(part for part in (head, values) if part)
    coded = b""
    if selection.takes_metadata("status"):
        coded = f'"status":"{STATUS_LABELS.get(response.status, "IP Address")}"'.encode()
    if selection.takes_metadata("finished"):
        coded += (b"," if coded else b"") + (b'"finished":"True"' if response.finished else b'"finished":"False"')
    labels = b",".join(part for part in (coded, labels) if part)
    return b'{"responseId":"%b","values":{%b},"labels":{%b},%b}' % (response.id.encode(), values, labels, displayed)


def ndjson(survey: Survey, rows: Iterable[Response], selection: Selection, switches: DataSwitches) -> Iterator[bytes]:
    """An NDJSON file in pieces, with the oddities that are switched on."""
    newline = b"\r\n" if switches.crlf else b"\n"
    if switches.bom:
        yield b"\xef\xbb\xbf"
    extra = [b"{}"] * switches.empty_objects + [b""] * switches.blank_lines
    extra += [BAD_RECORDS[name] for name in switches.bad_records]
    held: list[bytes] = []
    pending = False  # the last newline is written late, so that it can be left out
    for number, response in enumerate(rows):
        if number % 7 == 3 and extra:  # spread over the file
            held.append(extra.pop(0))
        held.append(record(survey, response, selection))
        if len(held) >= 200:
            yield (newline if pending else b"") + newline.join(held)
            held, pending = [], True
    held += extra
    if held:
        yield (newline if pending else b"") + newline.join(held)
        pending = True
    if pending and not switches.no_final_newline:
        yield newline


def json_file(survey: Survey, rows: Iterable[Response], selection: Selection) -> Iterator[bytes]:
    """`{"responses":[...]}` in pieces."""
    yield b'{"responses":['
    between = b""
    for response in rows:
        yield between + record(survey, response, selection)
        between = b","
    yield b"]}"


_LINE = (
    b'{"responseId":"R_bad%04dbad4bad","values":{"startDate":"2026-01-05T09:15:02Z","endDate":"2026-01-05T09:17:40Z",'
    b'"status":0,"progress":100,"duration":158,"finished":1,"recordedDate":"2026-01-05T09:17:41.204Z",%b},'
    b'"labels":{},"displayedFields":[],"displayedValues":{}}'
)
BAD_RECORDS: dict[str, bytes] = {
    "broken_json": b'{"responseId":"R_bad0001bad4bad","values":{"status":0,"QID1":',
    "nan": _LINE % (2, b'"QID1":NaN'),
    "infinity": _LINE % (3, b'"QID1":1e999'),
    "huge_integer": _LINE % (4, b'"QID1":' + b"9" * 5000),
    "deep_nesting": _LINE % (5, b'"QID1":' + b"[" * 100_000 + b"]" * 100_000),
    "no_id": (_LINE % (6, b'"QID1":5')).replace(b'"responseId":"R_bad0006bad4bad",', b""),
    "no_recorded_date": (_LINE % (7, b'"QID1":5')).replace(b'"recordedDate":"2026-01-05T09:17:41.204Z",', b""),
    "bad_recorded_date": (_LINE % (8, b'"QID1":5')).replace(b"2026-01-05T09:17:41.204Z", b"yesterday"),
    "nul": _LINE % (9, b'"QID3_TEXT":"before\\u0000after"'),
    "lone_surrogate": _LINE % (10, b'"QID3_TEXT":"before\\ud800after"'),
    "huge_text": _LINE % (11, b'"QID3_TEXT":"' + b"word " * 1_000_000 + b'"'),
    "odd_fields": _LINE % (12, b'"QID9999":5,"__proto__":"x","QID1":99'),
    "list_not_object": b"[1,2,3]",
    "invalid_utf8": _LINE % (13, b'"QID3_TEXT":"\xff\xfe"'),
}
