"""More of the cast: a second admin."""

import pytest

from accounts.roles import Role
from tests.factories import make_user


@pytest.fixture
def make_admin(db):
    return lambda **fields: make_user(Role.ADMIN, **fields)
