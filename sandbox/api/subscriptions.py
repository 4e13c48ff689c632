"""The addresses of event subscriptions."""

from sandbox.api.addresses import Call, address
from sandbox.api.envelope import HttpResponse, success
from sandbox.state.refusal import Refusal


def _needs_webhook_right(call: Call) -> None:
    if "webhooks" not in call.user.may:
        raise Refusal(403, "SBX_403", "Only brand administrators may manage event subscriptions.")


@address("POST", "/eventsubscriptions", "POST eventsubscriptions")
def subscribe(call: Call) -> HttpResponse:
    _needs_webhook_right(call)
    return success({"id": call.services.webhooks.subscribe(call.user.brand, call.json()).id}, notice=call.notice)


@address("GET", "/eventsubscriptions", "GET eventsubscriptions")
def list_subscriptions(call: Call) -> HttpResponse:
    _needs_webhook_right(call)
    return call.page([each.shown() for each in call.services.webhooks.of_brand(call.user.brand)])


@address("GET", "/eventsubscriptions/{subscription_id}", "GET eventsubscriptions")
def show_subscription(call: Call, subscription_id: str) -> HttpResponse:
    _needs_webhook_right(call)
    return success(call.services.webhooks.find(call.user.brand, subscription_id).shown(), notice=call.notice)


@address("DELETE", "/eventsubscriptions/{subscription_id}", "DELETE eventsubscriptions")
def unsubscribe(call: Call, subscription_id: str) -> HttpResponse:
    _needs_webhook_right(call)
    call.services.webhooks.remove(call.user.brand, subscription_id)
    return success(notice=call.notice)


@address("DELETE", "/eventsubscriptions", "DELETE eventsubscriptions")
def unsubscribe_all(call: Call) -> HttpResponse:
    """Dangerous in the real one too: it takes every subscription of the brand."""
    _needs_webhook_right(call)
    for subscription in call.services.webhooks.of_brand(call.user.brand):
        call.services.webhooks.remove(call.user.brand, subscription.id)
    return success(notice=call.notice)
