"""`manage.py create_admin --email …`: the first admin of a new deployment, or one who lets everybody in again."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from accounts.audit import Event, note
from accounts.models import User
from accounts.people import add_person, change_role
from accounts.roles import Role, make_groups, role_of
from accounts.sessions import end_sessions


class Command(BaseCommand):
    help = (
        "Make an active admin with this e-mail address. The password comes from the variable ADMIN_PASSWORD, or is "
        "asked for. Somebody who has an account already gets the role, the password, and an open account."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        password = os.environ.get("ADMIN_PASSWORD") or self._ask()
        try:
            validate_email(email)
            validate_password(password, User(email=email))
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        with transaction.atomic():
            make_groups()
            person = User.objects.filter(email=email).first()
            if person is None:
                person = add_person(
                    email,
                    Role.ADMIN,
                    password=password,
                    first_name=options["first_name"],
                    last_name=options["last_name"],
                )
            else:
                person.is_active = True
                person.set_password(password)
                person.save()
                note(Event.PASSWORD_SET, person)
                end_sessions(person)
                if role_of(person) != Role.ADMIN:
                    change_role(person, Role.ADMIN)
        self.stdout.write(f"{person.email} is an admin.")

    def _ask(self) -> str:
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask for the password: put it into the variable ADMIN_PASSWORD.")
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Password (again): "):
            raise CommandError("The two passwords differ.")
        return password
