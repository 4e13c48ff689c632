"""The demo's world: two brands, four users, two of them alike, seven surveys, two years of answers."""

import copy
import random
from datetime import datetime

from sandbox.demo import bank, railway
from sandbox.demo.contacts import add_contacts
from sandbox.demo.life import fill_history, make_response
from sandbox.state.clock import DAY, Clock
from sandbox.state.ids import make_id
from sandbox.state.surveys import Survey
from sandbox.state.world import Brand, User, World, days_before

DATA_CENTRES = ("fra1", "iad1")
# Fixed, so that a demo can be set up without looking anything up. They open nothing but the sandbox.
RAILWAY_TOKEN = "SandboxRailwayAdminToken0000000000000001"
BANK_TOKEN = "SandboxBankAdminToken0000000000000000002"
VIEWER_TOKEN = "SandboxRailwayViewerToken000000000000003"
# Of the railway as well, with the same rights as its first: for a second connection to one brand.
COLLEAGUE_TOKEN = "SandboxRailwayColleagueToken000000000004"
SMALL = 0.1


def build_world(seed: int = 7, *, small: bool = False, now: datetime | None = None, history: bool = True) -> World:
    """The same world for the same seed and moment; `small` has a tenth of the answers."""
    world = World(seed=seed, clock=Clock(now))
    source = random.Random(f"{seed}:world")
    _add_people(world, source)
    for brand, mood, plans in (("coastline", "railway", railway.PLANS), ("meridian", "bank", bank.PLANS)):
        owner = next(user.id for user in world.users if user.brand == brand)
        for plan in plans:
            survey = survey_of(plan, brand, mood, owner, world, source)
            world.add_survey(survey)
            if history and plan.launched_days_ago is not None:
                fill_history(world, survey, plan.launched_days_ago, SMALL if small else 1.0)
            _add_trials(world, survey, source)
    add_contacts(world)
    return world


def _add_people(world: World, source: random.Random) -> None:
    world.brands["coastline"] = Brand("coastline", "Coastline Rail", DATA_CENTRES[0])
    world.brands["meridian"] = Brand("meridian", "Banque Méridian", DATA_CENTRES[1])
    world.users = [
        User(
            make_id("UR", source), RAILWAY_TOKEN, "coastline", "Ana", "Ruiz", "ana@coastline-rail.example",
            client=("sandbox-railway-client", "sandbox-railway-secret"),
        ),
        User(
            make_id("UR", source), BANK_TOKEN, "meridian", "Théo", "Lambert", "theo@banque-meridian.example",
            client=("sandbox-bank-client", "sandbox-bank-secret"),
        ),
        User(
            make_id("UR", source), VIEWER_TOKEN, "coastline", "Ida", "Berg", "ida@coastline-rail.example",
            account_type=make_id("UT", source), may=frozenset(),
            client=("sandbox-viewer-client", "sandbox-viewer-secret"), scopes=frozenset({"read:surveys"}),
        ),
        User(
            "UR_7mIaOkafor2Lm9Q", COLLEAGUE_TOKEN, "coastline", "Mia", "Okafor", "mia@coastline-rail.example",
            client=("sandbox-colleague-client", "sandbox-colleague-secret"),
        ),
    ]  # fmt: skip


def survey_of(plan: railway.Plan, brand: str, mood: str, owner: str, world: World, source: random.Random) -> Survey:
    """The survey of a plan, not yet in the world."""
    now = world.clock.now()
    launched = None if plan.launched_days_ago is None else days_before(now - now % DAY, plan.launched_days_ago)
    created = days_before(now, (plan.launched_days_ago or 9) + 12)
    return Survey(
        id=make_id("SV", source),
        key=plan.key,
        name=plan.name,
        brand=brand,
        owner=owner,
        created=created,
        modified=created if launched is None else launched,
        questions=copy.deepcopy(plan.questions),
        language=plan.language,
        embedded=dict(plan.embedded),
        numbers=dict(plan.numbers),
        dates=plan.dates,
        scores=dict(plan.scores),
        is_active=launched is not None,
        last_activated=launched,
        anonymised=plan.anonymised,
        project_type=plan.project_type,
        trash=copy.deepcopy(plan.trash),
        busyness=plan.busyness,
        mood=mood,
    )


def _add_trials(world: World, survey: Survey, source: random.Random) -> None:
    """Every survey was tried out before its launch: previews and a test that count for nothing."""
    launch = survey.last_activated or world.clock.now()
    for number, (status, channel) in enumerate(((1, "preview"), (1, "preview"), (2, "test"))):
        response = make_response(source, survey, launch - (number + 1) * 5_400_000)
        response.status, response.channel, response.finished, response.progress = status, channel, True, 100
        response.recorded = response.modified = response.ended + 300
        world.add_response(survey, response)
