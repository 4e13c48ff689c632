"""Who is calling the REST API: the owner of an API token."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import api_tokens
from accounts.models import ApiToken, User


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer pcs_…`; never in the address, where it would end up in logs."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, key = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = api_tokens.find(key.strip())
        if token is None:
            raise AuthenticationFailed
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Parcours"'
