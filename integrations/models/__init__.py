"""Tables of the wires to the outside, a module a subject."""

from integrations.models.alert import Alert, AlertEndpoint, AlertMessage
from integrations.models.connection import Connection, SurveyAccess, SurveyFeed, Weekday
from integrations.models.console import ConsoleCall
from integrations.models.distribution import Distribution
from integrations.models.fetch import Fetch, RejectedRecord
from integrations.models.instance import CallCount, FailingStep, Installation, Timekeeping
from integrations.models.turn import WorkerSlot
from integrations.models.webhook import Delivery, ResponseWatch

__all__ = [
    "Alert",
    "AlertEndpoint",
    "AlertMessage",
    "CallCount",
    "Connection",
    "ConsoleCall",
    "Delivery",
    "Distribution",
    "FailingStep",
    "Fetch",
    "Installation",
    "RejectedRecord",
    "ResponseWatch",
    "SurveyAccess",
    "SurveyFeed",
    "Timekeeping",
    "Weekday",
    "WorkerSlot",
]
