"""The addresses of libraries and their messages."""

from sandbox.api.addresses import Call, address
from sandbox.api.envelope import HttpResponse, success
from sandbox.state.directory import Library
from sandbox.state.refusal import Refusal


def find_library(call: Call, library_id: str) -> Library:
    """One of the brand's libraries."""
    library = call.world.libraries.get(library_id)
    if library is None or library.brand != call.user.brand:
        raise Refusal(404, "SBX_404", "Library not found.")
    return library


@address("GET", "/libraries")
def list_libraries(call: Call) -> HttpResponse:
    with call.world.lock:
        mine = [each for each in call.world.libraries.values() if each.brand == call.user.brand]
        return call.page([{"libraryId": each.id, "libraryName": each.name} for each in mine])


@address("GET", "/libraries/{library_id}/messages")
def list_messages(call: Call, library_id: str) -> HttpResponse:
    with call.world.lock:
        wanted = call.request.query.get("category")
        messages = find_library(call, library_id).messages.values()
        return call.page([each.shown() for each in messages if wanted in (None, each.category)])


@address("GET", "/libraries/{library_id}/messages/{message_id}")
def show_message(call: Call, library_id: str, message_id: str) -> HttpResponse:
    with call.world.lock:
        message = find_library(call, library_id).messages.get(message_id)
        if message is None:
            raise Refusal(404, "SBX_404", "Message not found.")
        shown = {"category": message.category, "description": message.description, "messages": message.texts}
        return success(shown, notice=call.notice)
