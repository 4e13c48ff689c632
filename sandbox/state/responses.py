"""What a response is. Responses are never changed in place, so a running export keeps what it saw."""

from dataclasses import dataclass, field

STATUS_LABELS = {
    0: "IP Address",
    1: "Survey Preview",
    2: "Survey Test",
    4: "Imported",
    8: "Spam",
    9: "Survey Preview Spam",
    12: "Imported Spam",
    16: "Offline",
    17: "Offline Survey Preview",
    32: "EX",
    36: "EX Imported",
    40: "EX Spam",
    48: "EX Offline",
    256: "Synthetic",
}


@dataclass(slots=True)
class Sheet:
    """The answers on one response. Bulk responses share sheets, and what was rendered of them."""

    answers: dict[str, object]
    embedded: dict[str, str]
    text_iq: dict[str, str]
    hidden: frozenset[str] = frozenset()  # fields that were never shown
    rendered: dict | None = field(default=None, compare=False)  # a dict for shared sheets


@dataclass(slots=True)
class Response:
    """One response; times in milliseconds since 1970."""

    id: str
    started: int
    ended: int
    recorded: int
    modified: int
    created_at_step: int  # the world's step counter when it came in
    changed_at_step: int  # ... and when it last changed
    status: int
    finished: bool
    progress: int
    language: str
    channel: str
    respondent: int  # where the address, the place and the recipient are drawn from
    sheet: Sheet

    @property
    def is_generated(self) -> bool:
        """Preview or test: counted apart by the vendor."""
        return bool(self.status & 3)
