"""Receives messages of survey vendors: checked, kept and answered at once, processed later.

It knows no session and no form of ours; the signature alone opens it. Strangers learn nothing here, not even which
addresses exist: at one that does not, every message is one that is not signed.
"""

from __future__ import annotations

import logging
import secrets
from functools import partial
from uuid import UUID

from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from integrations.models import ResponseWatch
from integrations.qualtrics.events import FORM, LONGEST_MESSAGE, NotAMessage, NotSigned, open_message, read_form
from integrations.vault.encryption import EncryptionError
from integrations.vault.secret import Secret
from integrations.webhooks import inbox, subscriptions
from integrations.webhooks.tasks import INBOX

logger = logging.getLogger(__name__)

_NOBODYS_KEY = Secret(secrets.token_hex(32))


@csrf_exempt
def qualtrics(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """GET: yes, this is an address. POST: a message."""
    if request.method != "POST":
        return HttpResponse(status=200)
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    try:
        return _receive(uuid, body)
    except DatabaseError:
        logger.exception("A message could not be kept")
        # So that the sender tries again.
        return HttpResponse(status=503, headers={"Retry-After": "30"})


def _body(request: HttpRequest) -> bytes | HttpResponse:
    """The form as it came, or the refusal."""
    if request.content_type != FORM:
        return HttpResponse(status=415)
    stated = request.headers.get("Content-Length") or ""
    if stated.isascii() and stated.isdecimal() and int(stated[:12]) > LONGEST_MESSAGE:
        return HttpResponse(status=413)
    try:
        body = request.read(LONGEST_MESSAGE + 1)
    except (UnreadablePostError, RawPostDataException, OSError, ValueError):
        return HttpResponse(status=400)
    return HttpResponse(status=413) if len(body) > LONGEST_MESSAGE else body


def _receive(uuid: UUID, body: bytes) -> HttpResponse:
    watch = ResponseWatch.objects.select_related("survey").filter(uuid=uuid, is_ending=False).first()
    try:
        told = open_message(read_form(body), subscriptions.keys_of(watch) if watch else [_NOBODYS_KEY])
        if watch is None:
            raise NotSigned
    except NotAMessage:
        return HttpResponse(status=400)
    except NotSigned:
        if watch:
            inbox.note_refused(watch)
        return HttpResponse(status=403)
    except EncryptionError:
        logger.error("The key of watch %s cannot be read", uuid)
        return HttpResponse(status=503)
    with transaction.atomic():
        delivery, wakes = inbox.keep(watch, told)
        if wakes:
            transaction.on_commit(partial(INBOX.notify_from_web, watch.pk, inbox.WINDOW.total_seconds()))
    return HttpResponse(status=202 if delivery.verdict == delivery.Verdict.PENDING else 200)
