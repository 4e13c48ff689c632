"""The survey that everything here is measured with: responses of forty fields, six of them mapped, over two years.

Always the same bytes for the same number of responses, so that the files can be kept between runs.
"""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ZONE = "Europe/Paris"
SURVEY = "SV_bench0000000001"
SENTIMENT = "QID5_TEXT_5a1c09e27d3b4f6c8e90a1b2Sentiment"
# field → kind, as the product's questions have them
MAPPED = {
    "QID1": "nps",
    "QID2": "choice",
    "QID3": "choice",
    "QID4_TEXT": "number",
    "QID5_TEXT": "text",
    SENTIMENT: "sentiment",
}
FIRST = datetime(2024, 11, 1, tzinfo=UTC)
LAST = datetime(2026, 11, 1, tzinfo=UTC)
INCREMENT = 1000
INCREMENT_DAYS = 3
_TEXT = (
    "le train était en retard et personne n’a expliqué pourquoi the staff on board was friendly seats were clean but the"
    " connection at Marseille was missed again “never again” said my daughter très déçue sinon parfait"
)
_WORDS = _TEXT.split()
_FEELINGS = ("Very Negative", "Negative", "Neutral", "Positive", "Very Positive", "Mixed")
_CHANNELS = ("email", "sms", "anonymous", "qr")
_LANGUAGES = ("FR", "EN", "DE", "IT")
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_OTHER_CODED = [f"QID{n}" for n in range(6, 22)]
_OTHER_TEXT = ["carrier", "fare", "station_from", "station_to", "loyalty", "coach", "delay_band"]
_LABELS = ("Strongly disagree", "Disagree", "Neither", "Somewhat agree", "Strongly agree")
_DISPLAYED = ",".join(f'"{name}"' for name in [*list(MAPPED)[:5], *_OTHER_CODED])


def lines(count: int, *, seed: int = 1, start: datetime = FIRST, end: datetime = LAST) -> Iterator[bytes]:
    """Records in the order of their change, as an export gives them."""
    chance = random.Random(seed)
    step = (end - start).total_seconds() / max(count, 1)
    comments = [_comment(chance) for _ in range(4000)]
    for number in range(count):
        yield _record(chance, start + timedelta(seconds=step * (number + chance.random())), comments)


def _comment(chance: random.Random) -> str:
    text = " ".join(chance.choices(_WORDS, k=chance.randint(4, 40)))
    return text + ('\\n\\"Merci\\"' if chance.random() < 0.2 else "")


def _record(chance: random.Random, recorded: datetime, comments: list[str]) -> bytes:
    identity = "R_" + "".join(chance.choices(_ALPHABET, k=15))
    at = recorded.strftime("%Y-%m-%dT%H:%M:%S.") + f"{recorded.microsecond // 1000:03d}Z"
    begun = (recorded - timedelta(seconds=180)).strftime("%Y-%m-%dT%H:%M:%SZ")
    luck = chance.random()
    status = 0 if luck < 0.985 else chance.choice((1, 2, 8, 16))
    finished = 1 if luck > 0.05 else 0
    answers = [f'"QID1":{chance.choice((0, 2, 5, 6, 7, 8, 8, 9, 9, 10, 10))}', f'"QID2":{chance.randint(1, 5)}']
    if luck < 0.9:
        answers.append(f'"QID3":{chance.randint(1, 7)}')
    answers.append(f'"QID4_TEXT":{chance.randint(1, 60)}')
    if chance.random() < 0.4:
        answers.append(f'"QID5_TEXT":"{chance.choice(comments)}","{SENTIMENT}":"{chance.choice(_FEELINGS)}"')
    codes = chance.choices(range(5), k=len(_OTHER_CODED))
    others = [f'"{name}":{code + 1}' for name, code in zip(_OTHER_CODED, codes, strict=True)]
    others += [f'"{name}":"value {code}"' for name, code in zip(_OTHER_TEXT, codes, strict=False)]
    labels = ",".join(f'"{name}":"{_LABELS[code]}"' for name, code in zip(_OTHER_CODED, codes, strict=True))
    return (
        f'{{"responseId":"{identity}","values":{{"startDate":"{begun}","endDate":"{begun}","status":{status},'
        f'"progress":100,"duration":{chance.randint(40, 900)},"finished":{finished},"recordedDate":"{at}",'
        f'"_recordId":"{identity}","distributionChannel":"{chance.choice(_CHANNELS)}",'
        f'"userLanguage":"{chance.choice(_LANGUAGES)}",{",".join(answers)},{",".join(others)},"lastModifiedDate":"{at}"}},'
        f'"labels":{{{labels}}},"displayedFields":[{_DISPLAYED}]}}\n'
    ).encode()


def export(folder: Path, count: int) -> Path:
    """The zip of the first `count` responses, made once."""
    return _kept(folder / f"responses-{count}.zip", lines(count))


def increment(folder: Path) -> Path:
    """The zip of what came in the days after."""
    end = LAST + timedelta(days=INCREMENT_DAYS)
    return _kept(folder / f"increment-{INCREMENT}.zip", lines(INCREMENT, seed=2, start=LAST, end=end))


def _kept(path: Path, records: Iterator[bytes]) -> Path:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".part")
        with (
            zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("Post journey.ndjson", "w", force_zip64=True) as entry,
        ):
            for record in records:
                entry.write(record)
        draft.rename(path)
    return path
