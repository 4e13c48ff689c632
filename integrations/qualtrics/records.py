"""What Qualtrics answers, as typed records. Unknown fields are ignored, missing ones accepted where that is safe."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from integrations.troubles.errors import UnexpectedAnswer

LiveState = Literal["never_launched", "scheduled", "live", "closed"]
Json = Mapping[str, Any]


def moment(value: Any) -> datetime | None:
    """A vendor's date, in UTC; None for nothing and for the zero date of old accounts."""
    if not isinstance(value, str) or not value or value.startswith("0000"):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def mapping(value: Any) -> dict[str, Any]:
    """A JSON object. Empty ones come as a list, and so do those whose keys run from 0."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list):
        return {str(index): item for index, item in enumerate(value)}
    return {}


def required(source: Any, name: str) -> str:
    """A text that the answer must have."""
    value = source.get(name) if isinstance(source, dict) else None
    if not isinstance(value, str) or not value:
        raise UnexpectedAnswer(f"The answer has no {name}.", code="unexpected_shape")
    return value


def text(value: Any) -> str:
    """A text, or nothing."""
    return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is."""

    brand: str
    user_id: str
    user_name: str
    full_name: str
    account_type: str
    data_centre: str

    @classmethod
    def from_json(cls, source: Json) -> "Identity":
        names = (text(source.get("firstName")), text(source.get("lastName")))
        return cls(
            brand=text(source.get("brandId")),
            user_id=required(source, "userId"),
            user_name=text(source.get("userName")),
            full_name=" ".join(filter(None, names)),
            account_type=text(source.get("accountType")),
            data_centre=text(source.get("datacenter")),
        )

    @property
    def is_brand_admin(self) -> bool:
        """Only they may subscribe to events."""
        return self.account_type == "UT_BRANDADMIN"


@dataclass(frozen=True, slots=True)
class SurveySummary:
    """A survey as the list shows it."""

    id: str
    name: str
    owner_id: str
    is_active: bool
    created_at: datetime | None
    modified_at: datetime | None

    @classmethod
    def from_json(cls, source: Json) -> "SurveySummary":
        return cls(
            id=required(source, "id"),
            name=text(source.get("name")),
            owner_id=text(source.get("ownerId")),
            is_active=source.get("isActive") is True,
            created_at=moment(source.get("creationDate")),
            modified_at=moment(source.get("lastModified")),
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey in full: its questions as they came, in display order."""

    id: str
    name: str
    owner_id: str
    is_active: bool
    created_at: datetime | None
    modified_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    auditable: int
    generated: int
    deleted: int
    questions: dict[str, dict[str, Any]] = field(repr=False)
    blocks: dict[str, dict[str, Any]] = field(repr=False)
    embedded_data: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, source: Json) -> "Survey":
        expiration, counts = mapping(source.get("expiration")), mapping(source.get("responseCounts"))
        embedded = source.get("embeddedData") or []
        return cls(
            id=required(source, "id"),
            name=text(source.get("name")),
            owner_id=text(source.get("ownerId")),
            is_active=source.get("isActive") is True,
            created_at=moment(source.get("creationDate")),
            modified_at=moment(source.get("lastModifiedDate") or source.get("lastModified")),
            starts_at=moment(expiration.get("startDate")),
            ends_at=moment(expiration.get("endDate")),
            auditable=int(counts.get("auditable") or 0),
            generated=int(counts.get("generated") or 0),
            deleted=int(counts.get("deleted") or 0),
            questions={key: item for key, item in mapping(source.get("questions")).items() if isinstance(item, dict)},
            blocks={key: item for key, item in mapping(source.get("blocks")).items() if isinstance(item, dict)},
            embedded_data=tuple(text(item.get("name")) for item in embedded if isinstance(item, dict)),
        )

    def live_state(self, now: datetime, launched_at: datetime | None = None) -> LiveState:
        """Whether it collects responses now. `launched_at` stands in the definition."""
        if self.ends_at and self.ends_at <= now:
            return "closed"
        if self.starts_at and self.starts_at > now:
            return "scheduled"
        if self.is_active:
            return "live"
        return "closed" if launched_at or self.auditable > 0 else "never_launched"


@dataclass(frozen=True, slots=True)
class Definition:
    """The editor's view of a survey."""

    id: str
    status: str
    launched_at: datetime | None
    partial_data: str
    questions: dict[str, dict[str, Any]] = field(repr=False)
    thrown_away: frozenset[str] = frozenset()
    blocks: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    flow: dict[str, Any] = field(default_factory=dict, repr=False)
    scores: dict[str, str] = field(default_factory=dict)  # id → name

    @classmethod
    def from_json(cls, source: Json) -> "Definition":
        blocks = [block for block in mapping(source.get("Blocks")).values() if isinstance(block, dict)]
        kept: set[str] = set()
        trashed: set[str] = set()
        for block in blocks:
            elements = [item for item in mapping(block.get("BlockElements")).values() if isinstance(item, dict)]
            ids = {text(item.get("QuestionID")) for item in elements if item.get("Type") == "Question"}
            (trashed if block.get("Type") == "Trash" else kept).update(ids)
        return cls(
            id=required(source, "SurveyID"),
            status=text(source.get("SurveyStatus")),
            launched_at=moment(source.get("LastActivated")),
            partial_data=text(mapping(source.get("SurveyOptions")).get("PartialData")),
            questions={key: item for key, item in mapping(source.get("Questions")).items() if isinstance(item, dict)},
            thrown_away=frozenset(trashed - kept),
            blocks=tuple(blocks),
            flow=mapping(source.get("SurveyFlow")),
            scores={
                text(score.get("ID")): text(score.get("Name"))
                for score in mapping(mapping(source.get("Scoring")).get("ScoringCategories")).values()
                if isinstance(score, dict) and text(score.get("ID"))
            },
        )


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """An export job. Only `status` decides; the percentage often stays at 0 until the end."""

    progress_id: str
    status: str
    percent: float = 0.0
    file_id: str | None = None
    continuation_token: str | None = None

    @classmethod
    def from_json(cls, source: Json, progress_id: str = "") -> "ExportProgress":
        percent = source.get("percentComplete")
        return cls(
            progress_id=text(source.get("progressId")) or progress_id or required(source, "progressId"),
            status=required(source, "status"),
            percent=float(percent) if isinstance(percent, int | float) else 0.0,
            file_id=text(source.get("fileId")) or None,
            continuation_token=text(source.get("continuationToken")) or None,
        )

    @property
    def is_complete(self) -> bool:
        """The file can be downloaded."""
        return self.status == "complete" and self.file_id is not None

    @property
    def has_failed(self) -> bool:
        """A new job is needed: it failed, or it claims to be complete without a file."""
        return self.status == "failed" or (self.status == "complete" and self.file_id is None)


@dataclass(frozen=True, slots=True)
class Subscription:
    """An event subscription: Qualtrics posts to `url` when `topic` happens."""

    id: str
    topic: str
    url: str
    encrypted: bool
    successful_calls: int

    @classmethod
    def from_json(cls, source: Json) -> "Subscription":
        return cls(
            id=required(source, "id"),
            topic=text(source.get("topics")),
            url=text(source.get("publicationUrl")),
            encrypted=source.get("encrypted") is True,
            successful_calls=int(source.get("successfulCalls") or 0),
        )
