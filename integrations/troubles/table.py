"""What can go wrong: one row per error code says what it means, what it stops, and what to do.

Codes are stored with fetches and shown much later, so a code is never renamed; the sentences are looked up when they are
shown, in the reader's language.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Stops(Enum):
    """What waits for a person once this has happened."""

    NOTHING = "nothing"
    SURVEY = "survey"  # may also heal by itself
    CONNECTION = "connection"  # every further call would be refused as well, and may lock the account


class Retry(Enum):
    """Whether asking the same again may help."""

    SOON = "soon"  # in a moment, within the same call
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One row. `what_to_do` is said of what the timetable does, and does again by itself; `by_hand`, where it is another, of
    what a person asked for once. `arrived`: the vendor may have acted although no good response came. `is_slow`: finding out
    took a worker long. `is_ours`: it lies with this server, and says nothing about the vendor.

    `of_oauth`, `of_receiver`: the code of the same trouble with an OAuth client, or with the receiver of an alert, about
    which other things are to be done.
    """

    title: str | Promise
    what_to_do: str | Promise
    by_hand: str | Promise = ""
    stops: Stops = Stops.NOTHING
    retry: Retry = Retry.LATER
    arrived: bool = True
    is_slow: bool = False
    is_ours: bool = False
    of_oauth: str = ""
    of_receiver: str = ""


class Explanation(NamedTuple):
    """One error in two sentences."""

    title: str
    what_to_do: str

    def __str__(self) -> str:
        return f"{self.title} {self.what_to_do}"


_TRY_LATER = gettext_lazy(
    "Nothing is lost: the last good values stay, and retrieving goes on by itself. "
    "If this lasts longer than a day, ask Qualtrics support."
)
_TRY_AGAIN = gettext_lazy("Try again later. If this lasts longer than a day, ask Qualtrics support.")
_LESS_AT_ONCE = gettext_lazy("Choose a later start for the backfill, so that less is retrieved at once.")
_ASK_FOR_LESS = gettext_lazy("Ask for less at once, if you can.")
_ASK_NETWORK = gettext_lazy("Ask whoever runs the network of this server to allow https connections to this host.")
_REPLACE_TOKEN = gettext_lazy(
    "In Qualtrics, open Account Settings › Qualtrics IDs, copy the API token, and save it in the connection again."
)
_SAVE_AGAIN = gettext_lazy("Save the API token or client secret in the connection again.")
_TYPE_HOST = gettext_lazy(
    "Type the data-centre ID from Account Settings › Qualtrics IDs, for example fra1, "
    "or the host, for example https://fra1.qualtrics.com."
)
_AGAIN_BY_ITSELF = gettext_lazy("The export is asked for again by itself. Nothing of this one was counted.")
_REPORT = gettext_lazy("This should not happen. Please report it, with what was done and when.")
# Of a call that changes something, whose answer was lost.
_LOOK_FIRST = gettext_lazy(
    "The call was sent, but its answer was lost. It is not repeated: look in Qualtrics before you do it again."
)

TROUBLES: dict[str, Trouble] = {
    # The host of the connection.
    "host_empty": Trouble(
        gettext_lazy("No host was given."), _TYPE_HOST, stops=Stops.CONNECTION, retry=Retry.NEVER, arrived=False
    ),
    "host_malformed": Trouble(
        gettext_lazy("This is not the host of a Qualtrics instance."),
        _TYPE_HOST,
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
        arrived=False,
    ),
    "host_not_https": Trouble(
        gettext_lazy("Qualtrics is reached over https only."), _TYPE_HOST, stops=Stops.CONNECTION, retry=Retry.NEVER
    ),
    "host_not_qualtrics": Trouble(
        gettext_lazy("Only hosts that end in qualtrics.com can be connected."),
        _TYPE_HOST,
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
        arrived=False,
    ),
    "host_internal_address": Trouble(
        gettext_lazy("The name of this host leads to an address that is not on the public internet."),
        gettext_lazy("Check the host for typing errors. If it is right, ask whoever runs the DNS of this server."),
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
        arrived=False,
    ),
    # The token and its rights.
    "token_refused": Trouble(
        gettext_lazy("Qualtrics refused the API token."),
        _REPLACE_TOKEN,
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
        of_oauth="oauth_token_refused",
    ),
    "token_malformed": Trouble(
        gettext_lazy("The API token holds characters that no token has."),
        _REPLACE_TOKEN,
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
        arrived=False,
    ),
    "oauth_client_refused": Trouble(
        gettext_lazy("Qualtrics refused the OAuth client."),
        gettext_lazy(
            "Check the client ID, save the client secret in the connection again, and make sure that the host is the data "
            "centre in which the client was made."
        ),
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
    ),
    "oauth_scope_refused": Trouble(
        gettext_lazy("The OAuth client may not have one of the scopes that the connection asks for."),
        gettext_lazy("Add the scope to the client in Qualtrics, or remove it from the connection."),
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
    ),
    "oauth_token_refused": Trouble(
        gettext_lazy("Qualtrics refused the access token that it gave to the OAuth client."),
        gettext_lazy("Make sure that the host is the data centre in which the OAuth client was made."),
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
    ),
    "oauth_scope_missing": Trouble(
        gettext_lazy("The OAuth client may not do this in Qualtrics."),
        gettext_lazy(
            "Add the scope that this needs to the client in Qualtrics and to the connection. If it has it, the user for whom "
            "the client acts lacks the right."
        ),
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
    ),
    "right_missing": Trouble(
        gettext_lazy("The owner of the API token may not do this in Qualtrics."),
        gettext_lazy(
            "Ask your Qualtrics administrator for the right to use the API and to view the results of this survey, "
            "or use the token of somebody who has it."
        ),
        gettext_lazy(
            "Ask your Qualtrics administrator for this right, or use the token of somebody who has it. Directories, "
            "distributions and the API each have one of their own."
        ),
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
        of_oauth="oauth_scope_missing",
    ),
    "wrong_data_centre": Trouble(
        gettext_lazy("The account lives in another Qualtrics data centre: %(right_host)s."),
        gettext_lazy("Set the host of the connection to %(right_host)s. Exports and changes are possible only there."),
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
    ),
    # What was asked for.
    "survey_gone": Trouble(
        gettext_lazy("Qualtrics does not know this survey any more, or it is no longer shared with the token's owner."),
        gettext_lazy(
            "Ask the survey's owner to share it again, with the right to view results. "
            "If it was deleted, archive the feedback items that use it. The last good values stay."
        ),
        gettext_lazy("Ask the survey's owner to share it again with the owner of the API token."),
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
    ),
    "not_found": Trouble(
        gettext_lazy("What was asked for does not exist in Qualtrics any more."),
        gettext_lazy(
            "Look in Qualtrics whether it is still there, and shared with the owner of the API token. It is looked for again "
            "a few times a day."
        ),
        gettext_lazy("Look in Qualtrics whether it is still there, and shared with the owner of the API token."),
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
    ),
    "response_not_ready": Trouble(
        gettext_lazy("Qualtrics has this response but cannot give it yet."),
        gettext_lazy("It is asked for again in a moment, and comes with the next fetch at the latest."),
        _TRY_AGAIN,
    ),
    "bad_request": Trouble(
        gettext_lazy("Qualtrics did not accept the call."),
        gettext_lazy(
            "Often the token's owner may not view the results of a survey that was shared, or the survey lives in "
            "another data centre. Test the connector, then show the details of this fetch to your administrator."
        ),
        gettext_lazy(
            "Check what was entered. If it is right, test the connector: often the owner of the API token lacks a right, or "
            "the account lives in another data centre."
        ),
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
    ),
    "too_large": Trouble(
        gettext_lazy("Qualtrics says that the call is too large."),
        _LESS_AT_ONCE,
        _ASK_FOR_LESS,
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
    ),
    # Qualtrics has trouble, or too much to do.
    "too_many_requests": Trouble(
        gettext_lazy("Qualtrics received more calls than it allows your organisation per minute."),
        gettext_lazy(
            "Retrieving goes on by itself. If this happens often, choose a lower frequency: other tools of your "
            "organisation share the same limit."
        ),
        gettext_lazy("Try again in a few minutes: other tools of your organisation share the same limit."),
    ),
    "server_trouble": Trouble(
        gettext_lazy("Qualtrics has a fault or is too busy at the moment."), _TRY_LATER, _TRY_AGAIN
    ),
    "export_failed": Trouble(
        gettext_lazy("Qualtrics could not prepare the export."),
        gettext_lazy("It is asked for again at the next fetch. If this lasts, ask Qualtrics support."),
        _TRY_AGAIN,
    ),
    "export_stuck": Trouble(
        gettext_lazy("Qualtrics did not finish preparing the export in time."),
        gettext_lazy("It is asked for again at the next fetch. If this lasts, ask Qualtrics support."),
        _TRY_AGAIN,
    ),
    # The way to Qualtrics.
    "dns_failed": Trouble(
        gettext_lazy("The host has no address: its name cannot be looked up."),
        gettext_lazy("Check the host for typing errors. If it is right, check the DNS of this server."),
        retry=Retry.SOON,
        arrived=False,
    ),
    "connection_refused": Trouble(
        gettext_lazy("The host refused the connection."), _ASK_NETWORK, retry=Retry.SOON, arrived=False
    ),
    "connect_timeout": Trouble(
        gettext_lazy("The host did not accept a connection in time."),
        _ASK_NETWORK,
        retry=Retry.SOON,
        arrived=False,
        is_slow=True,
    ),
    "connection_failed": Trouble(gettext_lazy("The host cannot be reached."), _ASK_NETWORK, retry=Retry.SOON),
    "read_timeout": Trouble(
        gettext_lazy("Qualtrics did not answer in time."),
        _TRY_LATER,
        _TRY_AGAIN,
        retry=Retry.SOON,
        is_slow=True,
        of_receiver="receiver_slow",
    ),
    "deadline": Trouble(
        gettext_lazy("The answer of Qualtrics took too long to arrive."),
        _TRY_LATER,
        _TRY_AGAIN,
        is_slow=True,
        of_receiver="receiver_slow",
    ),
    "connection_cut": Trouble(
        gettext_lazy("The connection broke before the answer was complete."),
        _TRY_LATER,
        _TRY_AGAIN,
        retry=Retry.SOON,
        of_receiver="receiver_cut",
    ),
    "tls_expired": Trouble(
        gettext_lazy("The certificate of the host is not valid today."),
        gettext_lazy("Check the clock of this server. If it is right, tell whoever runs the host."),
        arrived=False,
    ),
    "tls_name": Trouble(
        gettext_lazy("The certificate belongs to another host."),
        gettext_lazy("Check the host for typing errors. Something between this server and Qualtrics may imitate it."),
        arrived=False,
    ),
    "tls_untrusted": Trouble(
        gettext_lazy("The certificate of the host was not issued by a trusted authority."),
        gettext_lazy("Something between this server and Qualtrics may read the traffic. Ask whoever runs the network."),
        arrived=False,
    ),
    "tls_failed": Trouble(gettext_lazy("No secure connection could be made."), _ASK_NETWORK, arrived=False),
    # Answers that Qualtrics does not give.
    "not_json": Trouble(
        gettext_lazy("The answer is not one of Qualtrics: its content type is %(content_type)s."),
        gettext_lazy("A proxy or a maintenance page may have answered. Retrieving is tried again by itself."),
        gettext_lazy("A proxy or a maintenance page may have answered. Try again later."),
    ),
    "not_a_file": Trouble(
        gettext_lazy("The export is not a zip file: its content type is %(content_type)s."),
        _AGAIN_BY_ITSELF,
        _TRY_AGAIN,
    ),
    "unexpected_shape": Trouble(
        gettext_lazy("The answer of Qualtrics lacks something that it always has."), _TRY_LATER, _TRY_AGAIN
    ),
    "answer_too_big": Trouble(
        gettext_lazy("The answer is larger than this application accepts."),
        _LESS_AT_ONCE,
        _ASK_FOR_LESS,
    ),
    "redirected": Trouble(
        gettext_lazy("The host sends callers to another address, which is never followed with a token."),
        _TYPE_HOST,
    ),
    "next_page_refused": Trouble(
        gettext_lazy(
            "Not all of the list was read: its next page has an address that Qualtrics does not give, and was not asked for."
        ),
        _TRY_AGAIN,
    ),
    "pages_endless": Trouble(gettext_lazy("Not all of the list was read: it has no end."), _TRY_AGAIN),
    "pages_repeat": Trouble(
        gettext_lazy("Not all of the list may have been read: one of its pages leads back to an earlier one."),
        _TRY_AGAIN,
    ),
    # The file.
    "zip_broken": Trouble(gettext_lazy("The downloaded export is damaged."), _AGAIN_BY_ITSELF, _TRY_AGAIN),
    "zip_empty": Trouble(gettext_lazy("The downloaded export holds no file."), _AGAIN_BY_ITSELF, _TRY_AGAIN),
    "zip_encrypted": Trouble(
        gettext_lazy("The downloaded export is protected by a password."), _AGAIN_BY_ITSELF, _TRY_AGAIN
    ),
    "zip_too_big": Trouble(
        gettext_lazy("The export unpacks to more than this application accepts."),
        _LESS_AT_ONCE,
        _ASK_FOR_LESS,
    ),
    "spool_failed": Trouble(
        gettext_lazy("The export cannot be written to the disk of this server."),
        gettext_lazy("Ask whoever runs this server to look at its free disk space. Retrieving goes on by itself."),
        gettext_lazy("Ask whoever runs this server to look at its free disk space."),
        is_ours=True,
    ),
    # What a reconciliation found.
    "mass_disappearance": Trouble(
        gettext_lazy("Unusually many responses are missing from the complete export."),
        gettext_lazy(
            "Nothing was removed here: perhaps the owner of the API token lost the right to see them. Give it back and look "
            "again, or confirm on the page of the reconciliation that they were deleted."
        ),
    ),
    # Our own database.
    "database_trouble": Trouble(
        gettext_lazy("The database of this server did not accept the data."),
        gettext_lazy("Nothing is lost: retrieving goes on by itself. If this lasts, ask whoever runs this server."),
        is_ours=True,
    ),
    # Our own keys.
    "key_missing": Trouble(
        gettext_lazy("The key that opens the stored token or client secret is missing."),
        gettext_lazy(
            "Put the key back into ENCRYPTION_KEYS, or save the API token or client secret in the connection again."
        ),
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
        arrived=False,
    ),
    "envelope_broken": Trouble(
        gettext_lazy(
            "The stored token or client secret does not belong to this connection and host, or it was changed."
        ),
        _SAVE_AGAIN,
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
        arrived=False,
    ),
    "encryption_failed": Trouble(
        gettext_lazy("The stored token or client secret cannot be read."),
        _SAVE_AGAIN,
        stops=Stops.CONNECTION,
        retry=Retry.NEVER,
        arrived=False,
    ),
    # Why nothing is fetched at all.
    "connection_disabled": Trouble(
        gettext_lazy("The connection is switched off."),
        gettext_lazy("An admin can enable it in the Integration Centre."),
    ),
    "nothing_to_retrieve": Trouble(
        gettext_lazy("No item retrieves data from this survey."),
        gettext_lazy("Switch “Retrieve data” on for an item that uses it. Drafts and paused items retrieve nothing."),
    ),
    "items_wait": Trouble(
        gettext_lazy(
            "Every item that retrieves data from this survey waits for a person: its question has changed or is gone."
        ),
        gettext_lazy("Open the items that need attention, and accept the change or choose another question."),
    ),
    "connection_gone": Trouble(
        gettext_lazy("The connection through which this survey was read was deleted."),
        gettext_lazy("An admin can add a connection to the same brand in the Integration Centre."),
    ),
    "being_joined": Trouble(
        gettext_lazy("Two connections see this survey: what was stored for each is being joined."),
        gettext_lazy("Nothing is retrieved meanwhile. Afterwards it goes on by itself, through one of them."),
    ),
    "fetch_under_way": Trouble(
        gettext_lazy("Another fetch of this survey is under way."), gettext_lazy("Try again when it has ended.")
    ),
    # Why a survey cannot be watched.
    "no_public_url": Trouble(
        gettext_lazy("Qualtrics cannot be told where to send its messages: this site's public address is not set."),
        gettext_lazy(
            "Ask whoever runs this server to set PUBLIC_URL. Until then, responses come with the regular fetches."
        ),
    ),
    "watch_right_missing": Trouble(
        gettext_lazy("Only a brand administrator may have Qualtrics announce new responses."),
        gettext_lazy(
            "Save the API token of a brand administrator in the connection. Until then, responses come with the regular fetches."
        ),
    ),
    "already_watched": Trouble(
        gettext_lazy("New responses of this survey are watched already."),
        gettext_lazy("One watch is enough: it serves all items that use the survey."),
    ),
    # What alerts tell of.
    "outage": Trouble(
        gettext_lazy("Qualtrics has failed to answer several times in a row."),
        gettext_lazy(
            "Nothing is lost: it is tried again by itself, at growing intervals. "
            "If this lasts longer than a day, ask Qualtrics support."
        ),
    ),
    "data_stale": Trouble(
        gettext_lazy("The last good fetch is longer ago than it should be."),
        gettext_lazy("Choose “Retrieve now”. If nothing happens, see under Health whether the workers are alive."),
    ),
    "question_gone": Trouble(
        gettext_lazy("A question that items use is no longer in the survey."),
        gettext_lazy("Open the items that need attention, and choose another question. The last good numbers stay."),
    ),
    "question_changed": Trouble(
        gettext_lazy("The choices of a question that items use have changed."),
        gettext_lazy(
            "Open the items that need attention, and check how answers are counted. The last good numbers stay."
        ),
    ),
    # Webhooks about alerts.
    "address_malformed": Trouble(
        gettext_lazy("This is not an address that messages can be sent to."),
        gettext_lazy("Type it as the receiver gives it, for example https://hooks.example.org/parcours."),
    ),
    "address_not_https": Trouble(
        gettext_lazy("Messages are sent over https only."),
        gettext_lazy("Type the address with https, as the receiver gives it."),
    ),
    "address_port": Trouble(
        gettext_lazy("Messages are not sent to this port."),
        gettext_lazy("Ask the receiver for an address without a port, or with one of 1024 or more."),
    ),
    "receiver_refused": Trouble(
        gettext_lazy("The receiver did not accept the message."),
        gettext_lazy("Look at the receiver's own log: the signature, the time or the form may be refused there."),
    ),
    "receiver_slow": Trouble(
        gettext_lazy("The receiver did not answer within ten seconds."),
        gettext_lazy("It should answer first and work afterwards. The message is sent again by itself."),
    ),
    "receiver_cut": Trouble(
        gettext_lazy("The receiver ended the connection without an answer."),
        gettext_lazy("It should answer with a status from 200 to 299. The message is sent again by itself."),
    ),
    "crashed_repeatedly": Trouble(
        gettext_lazy("This fetch was given up after it stopped without a result several times."),
        gettext_lazy(
            "Choose “Retrieve now” to try again. If it happens again, report it with the details of this fetch."
        ),
        is_ours=True,
    ),
    "sender_lost": Trouble(
        gettext_lazy("Parcours stopped while it was handing this to Qualtrics."),
        gettext_lazy("Look in Qualtrics whether it was sent before you prepare it again."),
    ),
    # Ours.
    "changes_paused": Trouble(
        gettext_lazy("Nothing was sent: this database may be a copy, and a copy must not act in Qualtrics."),
        gettext_lazy("An admin can say under Settings whether this is the original, or a copy that stands beside it."),
        retry=Retry.NEVER,
    ),
    "too_many_by_hand": Trouble(
        gettext_lazy("You have made too many calls within a minute."),
        gettext_lazy("Wait a minute, then go on: scheduled fetches share the limits of Qualtrics with you."),
        arrived=False,
    ),
    "method_for_admins": Trouble(
        gettext_lazy("You may read with GET."),
        gettext_lazy("Other methods are for admins."),
        retry=Retry.NEVER,
        arrived=False,
    ),
    "path_for_admins": Trouble(
        gettext_lazy("You may read how surveys are made."),
        gettext_lazy("Other paths are for admins."),
        retry=Retry.NEVER,
        arrived=False,
    ),
    "path_refused": Trouble(
        gettext_lazy("This call would leave the Qualtrics API and was not sent."),
        _REPORT,
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
        arrived=False,
    ),
    "header_refused": Trouble(
        gettext_lazy("This call has a header that may not be set and was not sent."),
        _REPORT,
        stops=Stops.SURVEY,
        retry=Retry.NEVER,
        arrived=False,
    ),
    "qualtrics_error": Trouble(gettext_lazy("Something went wrong while Qualtrics was asked."), _TRY_LATER, _TRY_AGAIN),
}

# The steps of a tick, by the names of `timetable/steps.py`.
STEP_LABELS: dict[str, Promise] = {
    "clock": gettext_lazy("keep the time"),
    "brands": gettext_lazy("recognise brands, and join surveys that are one"),
    "takeovers": gettext_lazy("let connections that stand by take over"),
    "fetches": gettext_lazy("open the fetches that are due"),
    "wakeups": gettext_lazy("wake workers for fetches"),
    "recounts": gettext_lazy("recount what was left over"),
    "people": gettext_lazy("count which answers came from the same people"),
    "flags": gettext_lazy("decide which changes are flagged"),
    "announcements": gettext_lazy("wake workers for announced responses"),
    "watches": gettext_lazy("have watches checked"),
    "lost_sends": gettext_lazy("find distributions that lost their process"),
    "statistics": gettext_lazy("ask for the statistics of distributions"),
    "heartbeats": gettext_lazy("ask workers for a sign of life"),
    "alerts": gettext_lazy("evaluate alerts"),
    "step_alerts": gettext_lazy("evaluate alerts about steps"),
    "alert_messages": gettext_lazy("wake workers for webhooks"),
    "alert_emails": gettext_lazy("have e-mails about alerts sent"),
    "maintenance": gettext_lazy("daily maintenance"),
}
TROUBLES |= {
    f"step_{name}": Trouble(
        format_lazy(gettext_lazy("A step of the timetable fails again and again: {step}."), step=label),
        gettext_lazy(
            "Ask whoever runs this server to look for the error in the log of the workers of the queue “default”. Health "
            "tells since when it has failed. All other steps are done."
        ),
    )
    for name, label in STEP_LABELS.items()
}


def trouble_of(code: str) -> Trouble:
    """The row of an error code; an unknown code gets the general one."""
    return TROUBLES.get(code, TROUBLES["qualtrics_error"])


def codes_that_stop(what: Stops) -> list[str]:
    """Every code that stops a survey, or a whole connection."""
    return [code for code, trouble in TROUBLES.items() if trouble.stops is what]


def explain(code: str, *, by_hand: bool = False, lost: bool = False, **params: object) -> Explanation:
    """Title and advice for an error code, in the active language. An unknown code gets the general sentences.

    `by_hand`: a person asked for it, and nothing does it again. `lost`: the answer to a change was lost, and the change
    may have been made.
    """
    trouble = trouble_of(code)
    what_to_do = _LOOK_FIRST if lost else (by_hand and trouble.by_hand) or trouble.what_to_do
    # Old rows may lack what a newer sentence names.
    named = defaultdict(lambda: "?", {name: value for name, value in params.items() if value})
    return Explanation(str(trouble.title) % named, str(what_to_do) % named)


def label_of(step: str) -> str:
    """What a step of the tick does, in the active language. One of another version keeps its name."""
    return str(STEP_LABELS.get(step, step))


def vendor_words(*, status: object = None, error_code: str = "", error_message: str = "", request_id: str = "") -> str:
    """What Qualtrics itself said, for its support: one line, or nothing if it said nothing."""
    if not (status or error_code or error_message or request_id):
        return ""
    said = {"status": status or "–", "code": error_code, "message": error_message or "–", "request": request_id}
    if error_code and request_id:
        return _("Qualtrics answered %(status)s %(code)s “%(message)s” (request %(request)s).") % said
    if error_code or error_message:
        said["code"] = error_code or "–"
        return _("Qualtrics answered %(status)s %(code)s “%(message)s”.") % said
    if request_id:
        return _("The answer had the status %(status)s (request %(request)s).") % said
    return _("The answer had the status %(status)s.") % said
