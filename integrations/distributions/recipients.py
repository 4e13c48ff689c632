"""Whom a distribution reaches: people are named as people name them, and counted before anybody confirms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from integrations.distributions.rules import RuleViolations
from integrations.qualtrics.directory import Contact, Directory, Named
from integrations.troubles.errors import NotFound

# So many of one e-mail address in a directory are looked at; a list of thousands is not read for one person.
_NAMESAKES = 20


def lookup_of(book: Directory, spec: Mapping[str, Any]) -> str:
    """The person's own id in the mailing list: their id in the directory would not do. Raises `RuleViolations`."""
    wanted = " ".join(spec["person"].casefold().split())
    found = _by_email(book, spec, wanted) if "@" in wanted else set()
    found = found or _among_members(book, spec, wanted)
    if not found:
        raise RuleViolations({"person": _("Nobody in this mailing list has this name or e-mail.")})
    if len(found) > 1:
        raise RuleViolations(
            {"person": _("Several people in this mailing list have this name: type the e-mail instead.")}
        )
    [lookup] = found
    if not lookup:
        raise RuleViolations({"person": _("Qualtrics gives no id for this person in the mailing list.")})
    return lookup


def person_of(book: Directory, directory_id: str, list_id: str, lookup_id: str) -> str:
    """What to call the person with this id in the list. Who is not there any more keeps the id, which finds nobody."""
    try:
        for member in book.members(directory_id, list_id):
            if member.lookup_id == lookup_id:
                return member.email or member.name
    except NotFound:  # the list is gone
        pass
    return lookup_id


def audience_of(book: Directory, spec: Mapping[str, Any]) -> Named:
    """The list, sample or batch with its present size. Raises `RuleViolations` if it is gone."""
    directory = spec["directory"]
    found: Iterator[Named]
    if spec.get("transaction_batch"):
        found, key = book.batches(directory), "transaction_batch"
    elif spec.get("sample"):
        found, key = book.samples(directory), "sample"
    else:
        found, key = book.mailing_lists(directory), "mailing_list"
    for each in found:
        if each.id == spec[key]:
            return replace(each, size=book.batch_size(directory, each.id)) if key == "transaction_batch" else each
    raise RuleViolations({key: _("This does not exist in Qualtrics any more.")})


def _by_email(book: Directory, spec: Mapping[str, Any], wanted: str) -> set[str]:
    lookups = set()
    for hit in book.search(spec["directory"], "email", wanted, limit=_NAMESAKES).rows:
        lists = book.contact(spec["directory"], hit.id).lists
        if spec["mailing_list"] in lists:
            lookups.add(lists[spec["mailing_list"]])
    return lookups


def _among_members(book: Directory, spec: Mapping[str, Any], wanted: str) -> set[str]:
    fitting: list[Contact] = []
    for member in book.members(spec["directory"], spec["mailing_list"]):
        if wanted == member.email.casefold():
            return {member.lookup_id}
        if wanted == member.name.casefold():
            fitting.append(member)
    return {each.lookup_id for each in fitting}
