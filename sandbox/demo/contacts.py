"""The demo's people to ask: a directory per brand with lists, a sample, a batch, and a library with messages."""

import random

from sandbox.state.clock import DAY
from sandbox.state.directory import Batch, Contact, Directory, Library, MailingList, Message, Sample
from sandbox.state.ids import make_id
from sandbox.state.world import World

_FIRST = ["Eva", "Noor", "Luc", "Maya", "Jonas", "Inès", "Pavel", "Sofia", "Théo", "Ada", "Hugo", "Zoé"]
_LAST = ["Lund", "Haddad", "Moreau", "Silva", "Berg", "Lambert", "Novak", "Rossi", "Ndiaye", "Byron"]
_MESSAGES = [
    ("invite", "Visit invite", "<p>How was it? ${l://SurveyLink?d=Tell us}</p>"),
    ("reminder", "Friendly reminder", "<p>We would still like to hear from you: ${l://SurveyLink}</p>"),
    ("thankYou", "Thank you", "<p>Thank you for your time.</p>"),
    ("smsInvite", "Short invite", "Tell us: ${l://SurveyURL}"),
    ("emailSubject", "How was it?", "How was it?"),
]
PEOPLE = 130  # two pages of contacts, three of a list


def add_contacts(world: World) -> None:
    """Fill the directories of every brand. Draws from a source of its own: surveys stay as they were."""
    for brand in world.brands.values():
        source = random.Random(f"{world.seed}:directory:{brand.id}")
        owner = next(user.id for user in world.users if user.brand == brand.id)
        now = world.clock.now() - 30 * DAY
        directory = Directory(make_id("POOL", source), f"{brand.name} customers", brand.id)
        world.directories[directory.id] = directory
        for number in range(PEOPLE):
            contact = _contact(number, brand.id, now, source)
            directory.contacts[contact.id] = contact
        members = list(directory.contacts)
        everybody = _list("Regular customers", members, owner, now, source)
        pilot = _list("Pilot group", members[:3], owner, now, source)
        directory.lists = {each.id: each for each in (everybody, pilot)}
        sample = Sample(make_id("CG", source), everybody.id, "One in ten", members[::10], owner)
        directory.samples = {sample.id: sample}
        batch = Batch(make_id("BT", source), now, {make_id("CTR", source): each for each in members[:8]})
        directory.batches = {batch.id: batch}
        _add_library(world, brand.id, brand.name, source)


def _contact(number: int, brand: str, now: int, source: random.Random) -> Contact:
    first, last = source.choice(_FIRST), source.choice(_LAST)
    return Contact(
        make_id("CID", source), now, now, first, last, f"customer{number:03d}@{brand}.example",
        f"+4720000{number:03d}" if number % 3 else None, f"C-{1000 + number}", source.choice(["EN", "FR", None]),
        unsubscribed=number % 40 == 39, embedded={"segment": source.choice(["Leisure", "Commuter"])},
    )  # fmt: skip


def _list(name: str, members: list[str], owner: str, now: int, source: random.Random) -> MailingList:
    lookups = {make_id("CGC", source): member for member in members}
    return MailingList(make_id("CG", source), name, owner, now, now, lookups)


def _add_library(world: World, brand: str, name: str, source: random.Random) -> None:
    library = Library(make_id("GR", source), f"{name} messages", brand)
    for category, description, text in _MESSAGES:
        message = Message(make_id("MS", source), category, description, {"en": text})
        library.messages[message.id] = message
    world.libraries[library.id] = library
