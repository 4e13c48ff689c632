"""CSV and TSV exports: three header rows, CRLF between rows, one column per field and choice."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import orjson

from sandbox.exports.rendering import EVERYTHING, PERSONAL, Selection, json_key, label_of, metadata_of
from sandbox.state.clock import to_datetime
from sandbox.state.responses import STATUS_LABELS, Response
from sandbox.state.surveys import NPS_GROUPS, TEXT_IQ_COLUMNS, Choice, Field, Survey, nps_group, text_iq_suffix

UTC = ZoneInfo("UTC")
MOMENTS = {"startDate": "started", "endDate": "ended", "recordedDate": "recorded"}

# metadata name -> (tag in row 1, description in row 2)
HEADINGS = {
    "startDate": ("StartDate", "Start Date"),
    "endDate": ("EndDate", "End Date"),
    "status": ("Status", "Response Type"),
    "ipAddress": ("IPAddress", "IP Address"),
    "progress": ("Progress", "Progress"),
    "duration": ("Duration (in seconds)", "Duration (in seconds)"),
    "finished": ("Finished", "Finished"),
    "recordedDate": ("RecordedDate", "Recorded Date"),
    "_recordId": ("ResponseId", "Response ID"),
    "recipientLastName": ("RecipientLastName", "Recipient Last Name"),
    "recipientFirstName": ("RecipientFirstName", "Recipient First Name"),
    "recipientEmail": ("RecipientEmail", "Recipient Email"),
    "externalReference": ("ExternalReference", "External Data Reference"),
    "locationLatitude": ("LocationLatitude", "Location Latitude"),
    "locationLongitude": ("LocationLongitude", "Location Longitude"),
    "distributionChannel": ("DistributionChannel", "Distribution Channel"),
    "userLanguage": ("UserLanguage", "User Language"),
}


@dataclass(slots=True, frozen=True)
class Layout:
    """The choices a caller has for the look of the file."""

    separator: str = ","
    labels: bool = False
    label_columns: bool = False
    seen_unanswered: str = ""
    seen_unanswered_multi: str = ""
    breakout: bool = True
    decimal_comma: bool = False
    newline: str | None = None
    zone: ZoneInfo = UTC


Facts = dict[str, object]  # the metadata of the row at hand
Cell = Callable[[Response, Facts], str]


@dataclass(slots=True, frozen=True)
class Column:
    """One column: three headings and a way to its cell."""

    tag: str
    description: str
    import_id: Mapping[str, object]
    cell: Cell


def delimited(survey: Survey, rows: Iterable[Response], selection: Selection, layout: Layout) -> Iterator[bytes]:
    """The file in pieces; it starts with its three header rows even when it holds no response."""
    columns = list(_columns(survey, selection, layout))
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=layout.separator, lineterminator="\r\n")
    writer.writerow([column.tag for column in columns])
    writer.writerow([column.description for column in columns])
    writer.writerow([orjson.dumps(column.import_id).decode() for column in columns])
    for response in rows:
        facts = metadata_of(survey, response, EVERYTHING)
        cells = [column.cell(response, facts) for column in columns]
        if layout.newline is not None:
            cells = [cell.replace("\n", layout.newline) for cell in cells]
        writer.writerow(cells)
        if buffer.tell() > 100_000:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _columns(survey: Survey, selection: Selection, layout: Layout) -> Iterator[Column]:
    yield from _metadata_columns(survey, selection, layout)
    for each in survey.fields():
        if not selection.takes_question(each.question):
            continue
        plain = _field_columns(each, layout)
        if layout.label_columns and each.kind in ("choice", "multi") and not each.question.is_nps:
            labelled = _field_columns(each, replace(layout, labels=True))
            for column, other in zip(plain, labelled, strict=True):
                yield column
                yield replace(other, import_id={**other.import_id, "IsLabelsColumn": True})
        else:
            yield from plain
    for name in survey.named_fields():
        if selection.takes_embedded(name):
            tag = survey.scores.get(name, name)
            yield Column(tag, tag, {"ImportId": name}, _kept("embedded", name))
    for key in survey.text_iq_keys():
        if selection.takes_embedded(key):
            question = survey.question(key.split("_")[0])
            tag = f"{question.tag if question else key} - {TEXT_IQ_COLUMNS[text_iq_suffix(key)]}"
            yield Column(tag, tag, {"ImportId": key}, _kept("text_iq", key))


def _kept(where: str, name: str) -> Cell:
    """A cell with an embedded field or a Text iQ value."""
    return lambda row, facts: getattr(row.sheet, where).get(name, "")


def _metadata_columns(survey: Survey, selection: Selection, layout: Layout) -> Iterator[Column]:
    zone = "Z" if layout.zone.key == "UTC" else layout.zone.key
    for name, (tag, description) in HEADINGS.items():
        if not selection.takes_metadata(name) or (survey.anonymised and name in PERSONAL):
            continue
        key = json_key(name)
        import_id = {"ImportId": key, "timeZone": zone} if name in MOMENTS else {"ImportId": key}
        yield Column(tag, description, import_id, _metadata_cell(name, layout))
    if selection.with_modified:
        import_id = {"ImportId": "lastModifiedDate", "timeZone": zone}
        yield Column("LastModifiedDate", "Last Modified Date", import_id, _moment_cell("modified", layout.zone))


def _metadata_cell(name: str, layout: Layout) -> Cell:
    if name in MOMENTS:
        return _moment_cell(MOMENTS[name], layout.zone)
    if layout.labels and name == "status":
        return lambda row, facts: STATUS_LABELS.get(row.status, "IP Address")
    if layout.labels and name == "finished":
        return lambda row, facts: str(row.finished)
    key = json_key(name)
    return lambda row, facts: str(facts.get(key, ""))


def _moment_cell(moment: str, zone: ZoneInfo) -> Cell:
    def cell(row: Response, facts: Facts) -> str:
        return to_datetime(getattr(row, moment)).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    return cell


def _field_columns(each: Field, layout: Layout) -> list[Column]:
    if each.kind == "multi" and layout.breakout:
        return [
            Column(
                f"{each.tag}_{choice.id}",
                f"{each.description} - {choice.label}",
                {"ImportId": each.key, "choiceId": choice.id},
                _ticked_cell(each, choice, layout),
            )
            for choice in each.choices
        ]
    return [Column(each.tag, each.description, {"ImportId": each.key}, _answer_cell(each, layout))]


def _ticked_cell(each: Field, choice: Choice, layout: Layout) -> Cell:
    tick = choice.label if layout.labels else "1"

    def cell(row: Response, facts: Facts) -> str:
        value = row.sheet.answers.get(each.key)
        if isinstance(value, list) and choice.recode in value:
            return tick
        return "" if each.key in row.sheet.hidden else layout.seen_unanswered_multi

    return cell


def _answer_cell(each: Field, layout: Layout) -> Cell:
    def cell(row: Response, facts: Facts) -> str:
        value = row.sheet.answers.get(each.key.removesuffix("_NPS_GROUP"))
        if value is None:
            return "" if each.key in row.sheet.hidden else layout.seen_unanswered
        if each.kind == "group":
            group = nps_group(int(str(value)))
            return NPS_GROUPS[group] if layout.labels else str(group)
        shown = label_of(each, value) if layout.labels else None
        value = value if shown is None else shown
        if isinstance(value, list):
            return ",".join(str(item) for item in value)
        if isinstance(value, float) and layout.decimal_comma:
            return str(value).replace(".", ",")
        return str(value)

    return cell
