"""What people do with the contacts of a directory, live at the vendor. Nothing of it is stored here.

Changes are sent once. Where the answer is lost nobody knows whether the change was made: `VendorCallFailed.unknown` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from integrations.models import Connection
from integrations.qualtrics.directory import Contact, Directory, Named, Page
from integrations.surveys.catalogue import Listing
from integrations.troubles.errors import QualtricsError
from integrations.troubles.refusals import Refusal
from integrations.troubles.table import Explanation, explain
from integrations.vendor.certainty import may_have_happened
from integrations.vendor.clients import client_for

T = TypeVar("T")
SEARCHED_BY = ("email", "name", "reference")


class VendorCallFailed(Refusal):
    """It could not be done, or nobody knows whether it was."""

    http_status = HTTPStatus.BAD_GATEWAY

    def __init__(self, error: QualtricsError, *, unknown: bool) -> None:
        super().__init__(error.code, unknown=unknown)
        self.error = error
        self.unknown = unknown
        self.status = error.status

    @property
    def explanation(self) -> Explanation:
        return explain(self.error.code, by_hand=True, lost=self.unknown, **self.error.params)


def directories_of(connection: Connection) -> Listing[Named]:
    """Every directory that the token sees."""
    try:
        with client_for(connection) as client:
            return Listing.of(Directory(client).directories())
    except QualtricsError as error:
        return Listing([], error)


def contacts_of(
    connection: Connection, directory_id: str, *, limit: int, begin: str = "", by: str = "", value: str = ""
) -> Page:
    """Contacts until the limit; with `value` those whose e-mail, name or reference it is. Raises `VendorCallFailed`."""

    def read(directory: Directory) -> Page:
        if value:
            return directory.search(directory_id, by, value, limit=limit, begin=begin)
        return directory.contacts(directory_id, limit=limit, begin=begin)

    return _at(connection, read)


def contact_of(connection: Connection, directory_id: str, contact_id: str) -> Contact:
    """One contact, as it is now. Raises `VendorCallFailed`."""
    return _at(connection, lambda directory: directory.contact(directory_id, contact_id))


def create_contact(connection: Connection, directory_id: str, values: Mapping[str, Any]) -> str:
    """A new contact; its id. Raises `VendorCallFailed`."""
    return _at(connection, lambda directory: directory.create(directory_id, values), changes=True)


def update_contact(connection: Connection, directory_id: str, contact_id: str, changes: Mapping[str, Any]) -> None:
    """Send what changed and nothing else; without a change nothing is sent. Raises `VendorCallFailed`."""
    if changes:
        _at(connection, lambda directory: directory.update(directory_id, contact_id, changes), changes=True)


def delete_contact(connection: Connection, directory_id: str, contact_id: str) -> None:
    """Take the contact out of the directory and of every list. Raises `VendorCallFailed`."""
    _at(connection, lambda directory: directory.delete(directory_id, contact_id), changes=True)


def _at(connection: Connection, action: Callable[[Directory], T], *, changes: bool = False) -> T:
    try:
        with client_for(connection) as client:
            return action(Directory(client))
    except QualtricsError as error:
        raise VendorCallFailed(error, unknown=changes and may_have_happened(error)) from error
