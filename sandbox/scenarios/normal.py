"""The end of all trouble."""

from collections.abc import Iterable

from sandbox.actions import Actions
from sandbox.scenarios.scenario import Scenario


def back_to_normal(actions: Actions, scenarios: Iterable[Scenario]) -> None:
    """Switch off every fault and these scenarios, know every token again, and bring the railway home."""
    actions.switch_faults_off()
    actions.world.revoked.clear()
    for each in scenarios:
        if each.can_end and not each.lasts and each.is_on(actions):
            each.stop(actions)
    actions.move_brand("coastline", next(iter(actions.world.hosts)))
