"""Actions that change the world from outside, or look at it."""

from sandbox.actions.answering import Answering
from sandbox.actions.conditions import Conditions
from sandbox.actions.designing import Designing
from sandbox.actions.looking import Looking


class Actions(Looking, Answering, Designing, Conditions):
    """Every action but those that scenarios are made of."""
