"""What a row of the access table is made of, and the rows of this app's own routes.

Every route of the site, page or API, has a row: method → permission. `config/access.py` gathers the rows of all apps,
refuses whatever has none, and the tests walk the resolver against them.
"""

from __future__ import annotations

ANYONE = "anyone"
SIGNED_IN = "signed in"

Row = dict[str, str]


def row(**by_method: str) -> Row:
    """`row(GET="journeys.view_journey", POST="journeys.change_journey")`: the methods that the route has, and no other.

    HEAD and OPTIONS follow GET.
    """
    return by_method


_PEOPLE = "accounts.manage_users"
_ORGANISATION = "accounts.manage_organisation"

ROUTES: dict[str, Row] = {
    "accounts:login": row(GET=ANYONE, POST=ANYONE),
    "accounts:logout": row(POST=ANYONE),
    "accounts:request_password": row(GET=ANYONE, POST=ANYONE),
    "accounts:set_password": row(GET=ANYONE, POST=ANYONE),
    "accounts:profile": row(GET=SIGNED_IN, POST=SIGNED_IN),
    "accounts:password": row(GET=SIGNED_IN, POST=SIGNED_IN),
    "accounts:sessions": row(GET=SIGNED_IN, POST=SIGNED_IN),
    "accounts:session_end": row(POST=SIGNED_IN),
    "accounts:api_tokens": row(GET=SIGNED_IN, POST=SIGNED_IN),
    "accounts:api_token_revoke": row(POST=SIGNED_IN),
    "accounts:people": row(GET=_PEOPLE),
    "accounts:person_add": row(GET=_PEOPLE, POST=_PEOPLE),
    "accounts:person": row(GET=_PEOPLE, POST=_PEOPLE),
    "accounts:person_link": row(POST=_PEOPLE),
    "accounts:person_end_sessions": row(POST=_PEOPLE),
    "accounts:person_deactivate": row(POST=_PEOPLE),
    "accounts:person_reactivate": row(POST=_PEOPLE),
    "accounts:organisation": row(GET=_ORGANISATION, POST=_ORGANISATION),
    "api:me": row(GET=SIGNED_IN, PATCH=SIGNED_IN),
    "api:session-list": row(GET=SIGNED_IN),
    "api:session-detail": row(DELETE=SIGNED_IN),
    "api:apitoken-list": row(GET=SIGNED_IN, POST=SIGNED_IN),
    "api:apitoken-detail": row(GET=SIGNED_IN, DELETE=SIGNED_IN),
    "api:user-list": row(GET=_PEOPLE, POST=_PEOPLE),
    "api:user-detail": row(GET=_PEOPLE, PATCH=_PEOPLE),
    "api:user-password-link": row(POST=_PEOPLE),
    "api:user-end-sessions": row(POST=_PEOPLE),
    # Everybody who reads KPIs needs to know whose days they are and which values are hidden.
    "api:organisation": row(GET=SIGNED_IN, PATCH=_ORGANISATION),
}
