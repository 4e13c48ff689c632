"""XM Directory and libraries: contacts, mailing lists, samples, transaction batches, messages."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from sandbox.state.clock import iso


@dataclass(slots=True)
class Contact:
    """Somebody who may be asked."""

    id: str
    created: int
    modified: int
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    ext_ref: str | None = None
    language: str | None = None
    unsubscribed: bool = False
    embedded: dict[str, str] = field(default_factory=dict)

    def shown(self, *, embedded: bool) -> dict[str, Any]:
        """As lists show it."""
        fields: dict[str, Any] = {
            "contactId": self.id,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "email": self.email,
            "phone": self.phone,
            "extRef": self.ext_ref,
            "language": self.language,
            "unsubscribed": self.unsubscribed,
        }
        return fields | {"embeddedData": dict(self.embedded)} if embedded else fields


@dataclass(slots=True)
class MailingList:
    """A list; each contact has an id of its own in it: the lookup id."""

    id: str
    name: str
    owner: str
    created: int
    modified: int
    members: dict[str, str] = field(default_factory=dict)  # lookup id → contact id

    def shown(self) -> dict[str, Any]:
        """As lists show it: moments are milliseconds here."""
        return {
            "mailingListId": self.id,
            "name": self.name,
            "ownerId": self.owner,
            "creationDate": self.created,
            "lastModifiedDate": self.modified,
            "contactCount": len(self.members),
        }

    def lookup_of(self, contact_id: str) -> str | None:
        """The contact's id in this list."""
        return next((lookup for lookup, member in self.members.items() if member == contact_id), None)


@dataclass(slots=True)
class Sample:
    """Some contacts of a list, drawn once."""

    id: str
    list_id: str
    name: str
    contacts: list[str]
    owner: str

    def shown(self) -> dict[str, Any]:
        """As lists show it."""
        return {
            "sampleId": self.id,
            "parentGroupId": self.list_id,
            "name": self.name,
            "description": "",
            "category": None,
            "creatorId": self.owner,
            "ownerId": self.owner,
            "contactCount": len(self.contacts),
            "hidden": False,
            "frozen": False,
            "creationLogic": {},
        }


@dataclass(slots=True)
class Batch:
    """What some contacts bought or did, to be asked about together."""

    id: str
    created: int
    transactions: dict[str, str]  # transaction id → contact id

    def shown(self) -> dict[str, Any]:
        """As lists show it."""
        return {"batchId": self.id, "creationDate": iso(self.created)}


@dataclass(slots=True)
class Directory:
    """All contacts of a brand."""

    id: str
    name: str
    brand: str
    contacts: dict[str, Contact] = field(default_factory=dict)
    lists: dict[str, MailingList] = field(default_factory=dict)
    samples: dict[str, Sample] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """As the list of directories shows it."""
        return {
            "directoryId": self.id,
            "name": self.name,
            "contactCount": len(self.contacts),
            "isDefault": True,
            "deduplicationCriteria": {
                "email": False, "firstName": False, "lastName": False, "externalDataReference": False, "phone": False,
            },
        }  # fmt: skip

    def contact_of(self, contact: Contact) -> dict[str, Any]:
        """One contact in full."""
        memberships = {
            each.id: {
                "contactLookupId": lookup,
                "name": each.name,
                "unsubscribed": False,
                "unsubscribeDate": None,
                "ownerId": each.owner,
            }
            for each in self.lists.values()
            if (lookup := each.lookup_of(contact.id))
        }
        return contact.shown(embedded=True) | {
            "creationDate": iso(contact.created),
            "lastModified": iso(contact.modified),
            "emailDomain": contact.email.partition("@")[2] if contact.email else None,
            "skipped": False,
            "directoryUnsubscribed": contact.unsubscribed,
            "directoryUnsubscribeDate": None,
            "stats": {},
            "mailingListMembership": memberships,
            "segmentMembership": {},
            "transactionData": [],
        }

    def forget(self, contact_id: str) -> None:
        """The contact leaves the directory and every list."""
        del self.contacts[contact_id]
        for each in self.lists.values():
            each.members = {lookup: member for lookup, member in each.members.items() if member != contact_id}
        for sample in self.samples.values():
            sample.contacts = [member for member in sample.contacts if member != contact_id]


@dataclass(slots=True)
class Message:
    """A text that distributions use."""

    id: str
    category: str
    description: str
    texts: dict[str, str]

    def shown(self) -> dict[str, Any]:
        """As lists show it."""
        return {"id": self.id, "description": self.description, "category": self.category}


@dataclass(slots=True)
class Library:
    """A shelf of messages, of a user or a group."""

    id: str
    name: str
    brand: str
    messages: dict[str, Message] = field(default_factory=dict)


def skip_token(offset: int) -> str:
    """Where a next page begins, opaque to the client."""
    return base64.urlsafe_b64encode(str(offset).encode()).decode()


def offset_of(token: str) -> int | None:
    """The offset in a token; None if it is none."""
    try:
        return max(0, int(base64.urlsafe_b64decode(token.encode())))
    except (ValueError, binascii.Error):
        return None
