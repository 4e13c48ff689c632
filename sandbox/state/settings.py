"""The knobs of the sandbox, settable by the control surface at any time."""

from dataclasses import asdict, dataclass, field, fields


@dataclass(slots=True)
class DataSwitches:
    """Oddities put into NDJSON files when they are written; the responses themselves stay right."""

    empty_objects: int = 0  # lines that hold just {}
    blank_lines: int = 0
    bom: bool = False
    crlf: bool = False
    no_final_newline: bool = False
    bad_records: list[str] = field(default_factory=list)  # names out of exports.rendering.BAD_RECORDS
    duplicates: float = 0.0  # share of the rows that come twice
    shuffled: bool = False


@dataclass(slots=True)
class Settings:
    """How the pretend Qualtrics behaves when nothing is wrong."""

    page_size: int = 100
    export_mode: str = "normal"  # or instant (first poll complete), or another of faults.EXPORT_MODES
    export_polls: int = 3  # polls answered 0.0 before the one that says complete
    export_lag: float = 30  # seconds before a new response can be exported
    running_exports: int = 0  # exports of one brand under way at once; more are answered 429; 0 = no limit
    single_response_delay: float = 5  # seconds in which a fresh response is answered 202
    text_iq_delay: float = 90  # seconds after which made-up live responses get their Text iQ values
    text_iq_moves_modified: bool = True  # whether that late arrival counts as a change
    limits: bool = False
    limit_per_minute: dict[str, float] = field(default_factory=dict)  # overrides, e.g. {"POST export-responses": 2}
    oauth_lifetime: float = 3600  # seconds that an access token lives
    retry_plan: list[float] = field(default_factory=lambda: [10, 60, 300])  # seconds between tries of a webhook
    webhook_duplicates: int = 0  # further copies of each delivery
    webhook_bad_signature: bool = False
    webhook_lost: float = 0.0  # share of the deliveries that are never sent
    data: DataSwitches = field(default_factory=DataSwitches)

    def change(self, **changes: object) -> None:
        """Set some knobs; an unknown name or a value of another kind is refused and nothing is changed."""
        data = changes.pop("data", {})
        if not isinstance(data, dict):
            raise ValueError("data must be an object of switches")
        for target, values in ((self, changes), (self.data, data)):
            for name, value in values.items():
                _check(target, name, value)
        if changes.get("page_size", 1) < 1:  # type: ignore[operator]
            raise ValueError("A page holds at least one element.")
        for name, value in changes.items():
            setattr(self, name, value)
        for name, value in data.items():
            setattr(self.data, name, value)

    def as_dict(self) -> dict[str, object]:
        """All knobs, for the control surface."""
        return asdict(self)


def _check(target: object, name: str, value: object) -> None:
    known = {each.name for each in fields(target)}  # type: ignore[arg-type]
    if name not in known:
        raise ValueError(f"There is no setting {name!r}. There are: {', '.join(sorted(known))}.")
    present = getattr(target, name)
    fits = isinstance(value, type(present)) and isinstance(value, bool) == isinstance(present, bool)
    if isinstance(present, int | float) and not isinstance(present, bool):
        fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits:
        raise ValueError(f"The setting {name!r} takes a {type(present).__name__}.")
