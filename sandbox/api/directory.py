"""The addresses of XM Directory: contacts, mailing lists, samples, transaction batches."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from sandbox.api.addresses import Call, address
from sandbox.api.envelope import HttpResponse, success
from sandbox.state.directory import Batch, Contact, Directory, MailingList, Sample, offset_of, skip_token
from sandbox.state.ids import make_id
from sandbox.state.refusal import Refusal

MOST_SEARCHED = 10_000
# Key of the body → field of the contact, and what it may be.
_TEXTS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "extRef": "ext_ref",
    "language": "language",
}
_SEARCHED = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "phone": "phone",
    "extRef": "ext_ref",
    "externalDataReference": "ext_ref",
}


def token_page(call: Call, elements: list[Any], shape: Callable[[Any], dict], most: int = 100) -> HttpResponse:
    """One page by `skipToken`; `pageSize` goes with the first request and stands in nextPage afterwards."""
    query = call.request.query
    size = query.get("pageSize", str(most))
    if not size.isdecimal() or not 1 <= int(size) <= most:
        raise Refusal(400, "SBX_400", f"pageSize must be between 1 and {most}.")
    offset = offset_of(query["skipToken"]) if "skipToken" in query else 0
    if offset is None:
        raise Refusal(400, "SBX_400", "Invalid skipToken.")
    end = offset + int(size)
    following = None
    if end < len(elements):
        kept = {name: value for name, value in query.items() if name in ("includeEmbedded", "surveyId")}
        asked = {"pageSize": size, "useNewPaginationScheme": "true", **kept, "skipToken": skip_token(end)}
        following = f"{call.home_url}{call.request.path}?{urlencode(asked)}"
    result = {"elements": [shape(each) for each in elements[offset:end]], "nextPage": following}
    return success(result, notice=call.notice)


def _directories(call: Call) -> list[Directory]:
    if "directory" not in call.user.may:
        raise Refusal(403, "SBX_403", "You do not have access to a directory.")
    return [each for each in call.world.directories.values() if each.brand == call.user.brand]


def find_directory(call: Call, directory_id: str) -> Directory:
    """One of the brand's directories."""
    for each in _directories(call):
        if each.id == directory_id:
            return each
    raise Refusal(404, "SBX_404", "Directory not found.")


def _contact(directory: Directory, contact_id: str) -> Contact:
    if contact_id not in directory.contacts:
        raise Refusal(404, "SBX_404", "Contact not found.")
    return directory.contacts[contact_id]


def _list(directory: Directory, list_id: str) -> MailingList:
    if list_id not in directory.lists:
        raise Refusal(404, "PACC_6", "Mailing List not found")
    return directory.lists[list_id]


def _written(call: Call, contact: Contact, *, new: bool) -> Contact:
    """Put what was sent into the contact; the vendor names the first key that it does not know."""
    body = call.json()
    if unknown := set(body) - set(_TEXTS) - {"embeddedData", "unsubscribed"}:
        raise Refusal(400, "RP_9", f"Unexpected json key provided: {min(unknown)}")
    embedded = body.get("embeddedData") or {}
    fits = (
        all(value is None or isinstance(value, str) for key, value in body.items() if key in _TEXTS)
        and isinstance(body.get("unsubscribed", False), bool)
        and isinstance(embedded, dict)
        and all(isinstance(value, str) for value in embedded.values())
    )
    if not fits:
        raise Refusal(400, "SBX_400", "A value has the wrong type.")
    if new and not any(body.get(key) for key in _TEXTS):
        raise Refusal(400, "SBX_400", "A contact needs at least one field.")
    for key, name in _TEXTS.items():
        if key in body:
            setattr(contact, name, body[key])
    contact.unsubscribed = body.get("unsubscribed", contact.unsubscribed)
    contact.embedded |= embedded
    contact.modified = call.world.clock.now()
    return contact


def _new_contact(call: Call, directory: Directory) -> Contact:
    now = call.world.clock.now()
    contact = _written(call, Contact(make_id("CID", call.world.source), now, now), new=True)
    directory.contacts[contact.id] = contact
    return contact


def _wants_embedded(call: Call) -> bool:
    return call.request.query.get("includeEmbedded") == "true"


@address("GET", "/directories")
def list_directories(call: Call) -> HttpResponse:
    with call.world.lock:
        return token_page(call, _directories(call), Directory.shown)


# -- contacts


@address("GET", "/directories/{directory_id}/contacts")
def list_contacts(call: Call, directory_id: str) -> HttpResponse:
    with call.world.lock:
        contacts = list(find_directory(call, directory_id).contacts.values())
        return token_page(call, contacts, lambda each: each.shown(embedded=_wants_embedded(call)))


@address("POST", "/directories/{directory_id}/contacts")
def create_contact(call: Call, directory_id: str) -> HttpResponse:
    with call.world.lock:
        return success({"id": _new_contact(call, find_directory(call, directory_id)).id}, notice=call.notice)


@address("POST", "/directories/{directory_id}/contacts/search")
def search_contacts(call: Call, directory_id: str) -> HttpResponse:
    with call.world.lock:
        directory = find_directory(call, directory_id)
        fits = _condition(call.json().get("filter"))
        offset = offset_of(call.request.query.get("skipToken", "")) or 0
        if offset >= MOST_SEARCHED:
            raise Refusal(400, "BRE_0.5", "Reading deeper than 10000 contacts is not possible.")
        found = [each for each in directory.contacts.values() if fits(each)]
        return token_page(call, found, lambda each: each.shown(embedded=_wants_embedded(call)))


def _condition(wanted: Any) -> Callable[[Contact], bool]:
    """One comparison, or several joined by and/or."""
    if isinstance(wanted, dict) and isinstance(wanted.get("filters"), list) and wanted["filters"]:
        parts = [_condition(each) for each in wanted["filters"]]
        joined = {"and": all, "or": any}.get(wanted.get("conjunction", "and"))
        if joined:
            return lambda contact: joined(part(contact) for part in parts)
    elif isinstance(wanted, dict) and wanted.get("comparison") == "eq" and isinstance(wanted.get("value"), str):
        name = _SEARCHED.get(wanted.get("filterType", ""))
        value = wanted["value"].casefold()
        if name:
            return lambda contact: (getattr(contact, name) or "").casefold() == value
    raise Refusal(400, "SBX_400", "The filter is not valid.")


@address("GET", "/directories/{directory_id}/contacts/{contact_id}")
def show_contact(call: Call, directory_id: str, contact_id: str) -> HttpResponse:
    with call.world.lock:
        directory = find_directory(call, directory_id)
        return success(directory.contact_of(_contact(directory, contact_id)), notice=call.notice)


@address("PUT", "/directories/{directory_id}/contacts/{contact_id}")
def change_contact(call: Call, directory_id: str, contact_id: str) -> HttpResponse:
    with call.world.lock:
        _written(call, _contact(find_directory(call, directory_id), contact_id), new=False)
        return success(notice=call.notice)


@address("DELETE", "/directories/{directory_id}/contacts/{contact_id}")
def delete_contact(call: Call, directory_id: str, contact_id: str) -> HttpResponse:
    with call.world.lock:
        directory = find_directory(call, directory_id)
        directory.forget(_contact(directory, contact_id).id)
        return success(notice=call.notice)


# -- mailing lists


@address("GET", "/directories/{directory_id}/mailinglists")
def list_lists(call: Call, directory_id: str) -> HttpResponse:
    with call.world.lock:
        return token_page(call, list(find_directory(call, directory_id).lists.values()), MailingList.shown)


@address("POST", "/directories/{directory_id}/mailinglists")
def create_list(call: Call, directory_id: str) -> HttpResponse:
    with call.world.lock:
        directory, name, now = find_directory(call, directory_id), call.json().get("name"), call.world.clock.now()
        if not isinstance(name, str) or not 1 <= len(name) <= 100:
            raise Refusal(400, "SBX_400", "A mailing list needs a name of at most 100 characters.")
        made = MailingList(make_id("CG", call.world.source), name, call.user.id, now, now)
        directory.lists[made.id] = made
        return success({"id": made.id}, notice=call.notice)


@address("GET", "/directories/{directory_id}/mailinglists/{list_id}")
def show_list(call: Call, directory_id: str, list_id: str) -> HttpResponse:
    with call.world.lock:
        return success(_list(find_directory(call, directory_id), list_id).shown(), notice=call.notice)


@address("DELETE", "/directories/{directory_id}/mailinglists/{list_id}")
def delete_list(call: Call, directory_id: str, list_id: str) -> HttpResponse:
    with call.world.lock:
        directory = find_directory(call, directory_id)
        del directory.lists[_list(directory, list_id).id]
        return success(notice=call.notice)


@address("GET", "/directories/{directory_id}/mailinglists/{list_id}/contacts")
def list_members(call: Call, directory_id: str, list_id: str) -> HttpResponse:
    with call.world.lock:
        directory = find_directory(call, directory_id)

        def shape(member: tuple[str, str]) -> dict[str, Any]:
            contact = directory.contacts[member[1]].shown(embedded=_wants_embedded(call))
            return contact | {"contactLookupId": member[0], "mailingListUnsubscribed": False, "transactionData": None}

        return token_page(call, list(_list(directory, list_id).members.items()), shape, most=50)


@address("POST", "/directories/{directory_id}/mailinglists/{list_id}/contacts")
def create_member(call: Call, directory_id: str, list_id: str) -> HttpResponse:
    with call.world.lock:
        directory = find_directory(call, directory_id)
        members = _list(directory, list_id).members
        contact, lookup = _new_contact(call, directory), make_id("CGC", call.world.source)
        members[lookup] = contact.id
        return success({"id": contact.id, "contactLookupId": lookup}, notice=call.notice)


# -- samples and transaction batches


@address("GET", "/directories/{directory_id}/samples")
def list_samples(call: Call, directory_id: str) -> HttpResponse:
    with call.world.lock:
        return token_page(call, list(find_directory(call, directory_id).samples.values()), Sample.shown)


@address("GET", "/directories/{directory_id}/transactionbatches")
def list_batches(call: Call, directory_id: str) -> HttpResponse:
    with call.world.lock:
        return token_page(call, list(find_directory(call, directory_id).batches.values()), Batch.shown)


@address("GET", "/directories/{directory_id}/transactionbatches/{batch_id}/transactions")
def list_transactions(call: Call, directory_id: str, batch_id: str) -> HttpResponse:
    with call.world.lock:
        batch = find_directory(call, directory_id).batches.get(batch_id)
        if batch is None:
            raise Refusal(404, "SBX_404", "Transaction batch not found.")
        pairs = list(batch.transactions.items())
        return token_page(call, pairs, lambda pair: {"transactionId": pair[0], "contactId": pair[1], "data": {}})
