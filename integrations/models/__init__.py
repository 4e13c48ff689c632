"""Tables of the wires to the outside, a module a subject."""

from integrations.models.connection import Alert, AlertMessage, AlertTarget
from integrations.models.connection import Connection, SurveyFeed, Weekday
from integrations.models.connection import ConsoleCall
from integrations.models.connection import Distribution
from integrations.models.connection import Fetch, RejectedRecord
from integrations.models.connection import CallCount, Installation, Timekeeping
from integrations.models.connection import Delivery, ResponseWatch

__all__ = [
    "Alert",
    "AlertMessage",
    "AlertTarget",
    "CallCount",
    "Connection",
    "ConsoleCall",
    "Delivery",
    "Distribution",
    "Fetch",
    "Installation",
    "RejectedRecord",
    "ResponseWatch",
    "SurveyFeed",
    "Timekeeping",
    "Weekday",
]
