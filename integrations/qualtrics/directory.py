"""XM Directory and libraries: contacts, mailing lists, samples, transaction batches, messages. Nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.paging import Pages, rows_of
from integrations.qualtrics.records import Json, mapping, moment, required, text
from integrations.troubles.errors import ListCutShort
from integrations.troubles.table import Explanation

PAGE = 100
LIST_PAGE = 50  # of the contacts of a mailing list
_PAGED: dict[str, str | int] = {"pageSize": PAGE, "useNewPaginationScheme": "true"}
# Name of a field here → the vendor's.
FIELDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "email": "email",
    "phone": "phone",
    "reference": "extRef",
    "language": "language",
    "unsubscribed": "unsubscribed",
    "embedded": "embeddedData",
}


@dataclass(frozen=True, slots=True)
class Named:
    """Something to choose from: a directory, list, sample, batch, library or message."""

    id: str
    name: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody in a directory."""

    id: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    reference: str = ""
    language: str = ""
    unsubscribed: bool = False
    embedded: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    lists: dict[str, str] = field(default_factory=dict)  # mailing list id → the contact's own id in that list
    lookup_id: str = ""  # when read from a mailing list

    @classmethod
    def from_json(cls, source: Json) -> Contact:
        # Fields may be null; the language is "null" as a text in old data, and so is "false".
        language = text(source.get("language"))
        memberships = mapping(source.get("mailingListMembership"))
        return cls(
            id=required(source, "contactId"),
            first_name=text(source.get("firstName")),
            last_name=text(source.get("lastName")),
            email=text(source.get("email")),
            phone=text(source.get("phone")),
            reference=text(source.get("extRef")),
            language="" if language == "null" else language,
            unsubscribed=source.get("unsubscribed", source.get("directoryUnsubscribed")) in (True, "true", "1"),
            embedded={
                key: str(value) for key, value in mapping(source.get("embeddedData")).items() if value is not None
            },
            created_at=moment(source.get("creationDate")),
            lists={key: text(mapping(item).get("contactLookupId")) for key, item in memberships.items()},
            lookup_id=text(source.get("contactLookupId")),
        )

    @property
    def name(self) -> str:
        """What to call them."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.email or self.reference or self.id


@dataclass(frozen=True, slots=True)
class Page:
    """Some contacts, and where the next ones begin; empty at the end."""

    rows: list[Contact]
    following: str = ""
    error: ListCutShort | None = None  # there are more, and no way to them

    @property
    def is_complete(self) -> bool:
        """Whether these and the following ones are all."""
        return self.error is None

    @property
    def trouble(self) -> Explanation | None:
        """Why they are not all, for people."""
        return self.error.explanation if self.error else None


class Directory:
    """What `client` sees of XM Directory. A list that breaks off raises `ListCutShort` after its last element."""

    def __init__(self, client: QualtricsClient) -> None:
        self.client = client

    def directories(self) -> Iterator[Named]:
        """Every directory."""
        found = self.client.elements("directories", query=_PAGED)
        return (_named(each, "directoryId", "name", "contactCount") for each in found)

    # --- contacts -----------------------------------------------------------------------------------------------------

    def contacts(self, directory_id: str, *, limit: int, begin: str = "") -> Page:
        """Contacts from `begin` on, page after page until the limit."""
        return self._until(limit, begin, "GET", ("directories", directory_id, "contacts"), None)

    def search(self, directory_id: str, by: str, value: str, *, limit: int, begin: str = "") -> Page:
        """Contacts whose e-mail, name or reference is this one."""
        body = {"filter": _filter(by, value)}
        return self._until(limit, begin, "POST", ("directories", directory_id, "contacts", "search"), body)

    def contact(self, directory_id: str, contact_id: str) -> Contact:
        """One contact in full."""
        return Contact.from_json(self.client.get("directories", directory_id, "contacts", contact_id))

    def create(self, directory_id: str, values: Mapping[str, Any]) -> str:
        """A new contact; its id. Not repeated if the answer is lost."""
        answer = self.client.gateway.call("POST", "directories", directory_id, "contacts", json=_sent(values))
        return required(answer.result, "id")

    def update(self, directory_id: str, contact_id: str, changes: Mapping[str, Any]) -> None:
        """Change what is named; the rest stays."""
        self.client.gateway.call("PUT", "directories", directory_id, "contacts", contact_id, json=_sent(changes))

    def delete(self, directory_id: str, contact_id: str) -> None:
        """Take the contact out of the directory and of every list."""
        self.client.gateway.call("DELETE", "directories", directory_id, "contacts", contact_id)

    # --- what distributions are addressed to ------------------------------------------------------------------------

    def mailing_lists(self, directory_id: str) -> Iterator[Named]:
        """Every mailing list."""
        found = self.client.elements("directories", directory_id, "mailinglists", query=_PAGED)
        return (_named(each, "mailingListId", "name", "contactCount") for each in found)

    def members(self, directory_id: str, list_id: str) -> Iterator[Contact]:
        """The contacts of a list, each with its id in that list."""
        query = {**_PAGED, "pageSize": LIST_PAGE}
        found = self.client.elements("directories", directory_id, "mailinglists", list_id, "contacts", query=query)
        return (Contact.from_json(each) for each in found)

    def samples(self, directory_id: str) -> Iterator[Named]:
        """Every sample."""
        found = self.client.elements("directories", directory_id, "samples", query=_PAGED)
        return (_named(each, "sampleId", "name", "contactCount") for each in found)

    def batches(self, directory_id: str) -> Iterator[Named]:
        """Every transaction batch; they have dates in place of names."""
        found = self.client.elements("directories", directory_id, "transactionbatches", query=_PAGED)
        return (_named(each, "batchId", "creationDate", "") for each in found)

    def batch_size(self, directory_id: str, batch_id: str) -> int:
        """How many transactions are in a batch."""
        path = ("directories", directory_id, "transactionbatches", batch_id, "transactions")
        return sum(1 for _each in self.client.elements(*path, query=_PAGED))

    def libraries(self) -> Iterator[Named]:
        """Every library."""
        return (_named(each, "libraryId", "libraryName", "") for each in self.client.elements("libraries"))

    def messages(self, library_id: str, categories: Sequence[str]) -> Iterator[Named]:
        """The messages of a library that are of one of these categories."""
        found = self.client.elements("libraries", library_id, "messages")
        return (_named(each, "id", "description", "") for each in found if each.get("category") in categories)

    # --- paging -------------------------------------------------------------------------------------------------------

    def _until(self, limit: int, begin: str, method: str, path: tuple[str, ...], body: Any) -> Page:
        rows: list[Contact] = []
        pages = Pages(begin, self.client.gateway.monotonic)
        while True:
            query = {**_PAGED, "pageSize": min(PAGE, limit - len(rows)), "includeEmbedded": "true"}
            if begin:
                query["skipToken"] = begin
            page = self.client.gateway.call(method, *path, query=query, json=body).result
            rows += map(Contact.from_json, rows_of(page))
            if not page.get("nextPage"):
                return Page(rows[:limit])
            try:
                begin = pages.turn(_token_in(text(page["nextPage"])))
            except ListCutShort as error:
                return Page(rows[:limit], error=error)
            if len(rows) >= limit:
                return Page(rows[:limit], begin)


def _named(source: Json, key: str, name: str, size: str) -> Named:
    count = source.get(size)
    found = required(source, key)
    return Named(found, text(source.get(name)) or found, count if isinstance(count, int) else None)


def _sent(values: Mapping[str, Any]) -> dict[str, Any]:
    return {FIELDS[name]: value for name, value in values.items()}


def _filter(by: str, value: str) -> dict[str, Any]:
    def equal(kind: str, wanted: str) -> dict[str, str]:
        return {"filterType": kind, "comparison": "eq", "value": wanted}

    if by == "name":
        first, _space, last = value.strip().partition(" ")
        pair = [equal("firstName", first), equal("lastName", last.strip() or first)]
        return {"conjunction": "and" if last else "or", "filters": pair}
    return equal({"email": "email", "reference": "extRef"}[by], value.strip())


def _token_in(next_page: str) -> str:
    """The token of a `nextPage`. Only it is taken: the address itself is built anew. Raises `ListCutShort`."""
    try:
        token = (parse_qs(urlsplit(next_page).query).get("skipToken") or [""])[0]
    except ValueError:  # no address at all
        token = ""
    if not token or len(token) > 500 or not token.isascii() or not token.isprintable():
        raise ListCutShort("The next page has no token.", code="next_page_refused")
    return token
