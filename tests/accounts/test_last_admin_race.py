"""Two admins who act at the same moment cannot lock everybody out."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import people
from accounts.models import User
from accounts.roles import Role, make_groups
from tests.factories import make_user


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", [people.deactivate, lambda person: people.change_role(person, Role.VIEWER)])
def test_of_two_admins_who_remove_each_other_one_stays(action):
    make_groups()
    pair = [make_user(Role.ADMIN), make_user(Role.ADMIN)]
    together, refused = threading.Barrier(2), []

    def remove(person: User) -> None:
        try:
            together.wait(60)
            action(person)
        except ValidationError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=[person]) for person in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert refused == ["last_admin"]
    assert User.objects.filter(is_active=True, groups__name=Role.ADMIN.value).count() == 1
