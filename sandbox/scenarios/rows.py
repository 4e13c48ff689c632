"""The scenarios, row by row: name, group, lines of docs/faults.md, what happens, what to expect of Parcours, actions."""

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.demo import RAILWAY_TOKEN
from sandbox.demo.life import responses_of_day
from sandbox.demo.railway import AGREE, scale
from sandbox.exports.rendering import BAD_RECORDS
from sandbox.scenarios.effects import (
    SCENARIOS,
    Scenario,
    add,
    add_absence,
    add_edit,
    add_faults,
    add_settings,
    newest,
)
from sandbox.state.clock import DAY, HOUR
from sandbox.state.surveys import Question

if TYPE_CHECKING:
    from sandbox.control.surface import Control

FILE = "*/export-responses/*/file"
ODD_TEXT = "🚆\u202eevil\u202c e\u0301\u0000 end"

# -- time passes, people answer


def _days_pass(control: "Control", days: int, brisk: float) -> dict[str, int]:
    """Move the clock day by day; on each, people answer as they would (times `brisk`)."""
    world, added = control.world, 0
    for _ in range(days):
        start = world.clock.now()
        day = datetime.fromtimestamp(start / 1000, tz=UTC).date()
        world.clock.advance(DAY)
        with world.lock:
            for survey in [each for each in world.surveys.values() if each.is_active]:
                source = random.Random(f"{world.seed}:{survey.key}:{day}:later")
                for response in responses_of_day(source, survey, day, 0.0, brisk):
                    if not start < response.ended <= world.clock.now():
                        response.ended += DAY  # the part of the day that had passed already is played tomorrow
                        response.started, response.recorded = response.started + DAY, response.recorded + DAY
                        response.modified += DAY
                    if response.ended <= world.clock.now():
                        world.add_response(survey, response)
                        added += 1
        world.settle()
    control.site.services.webhooks.wake()
    return {"added": added}


add(
    Scenario(
        "quiet_week", "people", (),
        ("A week passes and hardly anybody answers.", "Une semaine passe, presque personne ne répond."),
        ("Few new answers; intervals widen.", "Peu de réponses nouvelles ; les intervalles s’élargissent."),
        lambda control: _days_pass(control, 7, 0.1),
    )
)  # fmt: skip
add(
    Scenario(
        "busy_week", "people", (),
        ("A week passes with the usual number of answers.", "Une semaine passe avec le nombre habituel de réponses."),
        ("The next fetch brings them all, each once.", "La prochaine récupération les apporte toutes, une seule fois."),
        lambda control: _days_pass(control, 7, 1.0),
    )
)  # fmt: skip
add(
    Scenario(
        "silent_week", "people", ("A14",),
        ("A week passes and nobody answers; continuation tokens and files expire.",
         "Une semaine passe sans réponse ; tokens de continuation et fichiers expirent."),
        ("The next fetch goes by date, with an hour's overlap; nothing is lost.",
         "La récupération suivante se fait par date, avec une heure de recouvrement ; rien n’est perdu."),
        lambda control: control.advance_clock(days=7),
    )
)  # fmt: skip


def _edit_answers(control: "Control") -> dict[str, int]:
    survey = control.world.survey("post-journey")
    ids = newest(control, survey, 20)
    for response_id in ids:
        control.edit_response("post-journey", response_id, answers={"QID2": 0})
    return {"edited": len(ids)}


add(
    Scenario(
        "responses_edited", "people", ("A15",),
        ("The 20 newest answers to the post-journey NPS become 0.",
         "Les 20 dernières réponses au NPS post-voyage passent à 0."),
        ("The ledger counts 20 changed; the NPS falls and n stays.",
         "Le journal compte 20 réponses modifiées ; le NPS baisse et n ne change pas."),
        _edit_answers,
    )
)  # fmt: skip


def _late_text_iq(control: "Control") -> dict[str, int]:
    survey = control.world.survey("post-journey")
    rows = control.world.responses[survey.id]
    ids = [each for each in newest(control, survey, 200) if "QID8_TEXT" in rows[each].sheet.answers][-10:]
    for response_id in ids:
        control.add_text_iq("post-journey", response_id, "Very Negative")
    return {"analysed": len(ids)}


add(
    Scenario(
        "late_text_iq", "people", ("A15",),
        ("Text iQ is run again: ten comments become very negative.",
         "Text iQ est relancé : dix verbatims deviennent très négatifs."),
        ("The sentiment follows with the next fetch.", "Le sentiment suit à la récupération suivante."),
        _late_text_iq,
    )
)  # fmt: skip


def _delete_some(control: "Control") -> dict[str, int]:
    ids = newest(control, control.world.survey("post-journey"), 5)
    for response_id in ids:
        control.delete_response("post-journey", response_id)
    return {"deleted": len(ids)}


add(
    Scenario(
        "responses_deleted", "people", ("A16",),
        ("The five newest post-journey answers are deleted.",
         "Les cinq dernières réponses post-voyage sont supprimées."),
        ("They stay until a reconciliation: then they leave the numbers, all at once.",
         "Elles restent jusqu’à un rapprochement : elles quittent alors les chiffres, toutes ensemble."),
        _delete_some,
    )
)  # fmt: skip


def _delete_most(control: "Control") -> dict[str, int]:
    survey = control.world.survey("ticket-purchase")
    ids = list(control.world.responses[survey.id])
    gone = ids[: len(ids) * 3 // 5]
    for response_id in gone:
        control.world.delete_response(survey, response_id)
    return {"deleted": len(gone)}


add(
    Scenario(
        "mass_deletion", "people", ("A17",),
        ("Three fifths of the answers on ticket purchase are deleted.",
         "Trois cinquièmes des réponses sur l’achat de billets sont supprimés."),
        ("A reconciliation holds them and asks a person; until then the numbers stay.",
         "Un rapprochement les retient et demande à une personne ; d’ici là, les chiffres restent."),
        _delete_most,
    )
)  # fmt: skip


def _odd_words(control: "Control") -> Any:
    return control.add_response("post-journey", answers={"QID2": 9, "QID8_TEXT": ODD_TEXT + "long " * 1_000_000})


add(
    Scenario(
        "odd_words", "people", ("A21", "A22"),
        ("Somebody writes five megabytes with emoji, right-to-left override and NUL.",
         "Quelqu’un écrit cinq mégaoctets, avec emoji, inversion de sens et NUL."),
        ("The score counts; the comment is cut at 64 KB, what cannot be stored is shown as �.",
         "La note compte ; le verbatim est coupé à 64 Ko, l’instockable apparaît comme �."),
        _odd_words,
    )
)  # fmt: skip


def _previews_only(control: "Control") -> None:
    for status in (1, 2, 8):
        control.add_response("complaint", status=status)


add(
    Scenario(
        "previews_and_spam", "people", ("A26",),
        ("A preview, a test and a spam answer arrive on complaints.",
         "Un aperçu, un test et un spam arrivent sur les réclamations."),
        ("They are stored and named in the preview, but in no number.",
         "Ils sont stockés et signalés dans l’aperçu, mais dans aucun chiffre."),
        _previews_only,
    )
)  # fmt: skip

# -- calls

add_faults(
    "too_many_requests", "calls", "A1",
    ("The next ten calls are answered 429 with Retry-After 7.",
     "Les dix prochains appels reçoivent 429 avec Retry-After 7."),
    ("Fetches wait at least as long as asked, then go on.",
     "Les récupérations attendent au moins le temps demandé, puis continuent."),
    {"kind": "429", "count": 10, "retry_after": "7"},
)  # fmt: skip
add_faults(
    "rate_limit_in_html", "calls", "A2",
    ("Every call is answered 429 in HTML, without a time.", "Chaque appel reçoit 429 en HTML, sans délai."),
    ("Waits double; in the end the fetch is put off, no error about JSON.",
     "Les attentes doublent ; enfin la récupération est reportée, sans erreur de JSON."),
    {"kind": "429", "html": True},
)  # fmt: skip
add_faults(
    "retry_after_ten_years", "calls", "A3",
    ("The next three calls ask to come back in ten years, minus one second, soon.",
     "Les trois prochains appels demandent de revenir dans dix ans, moins une seconde, bientôt."),
    ("Waits stay between 0 and 15 minutes.", "Les attentes restent entre 0 et 15 minutes."),
    {"kind": "429", "count": 1, "retry_after": "315360000"},
    {"kind": "429", "count": 1, "retry_after": "-1"},
    {"kind": "503", "count": 1, "retry_after": "soon"},
)  # fmt: skip
add_settings(
    "tight_limits", "calls", "A1",
    ("Each brand may make 20 calls a minute.", "Chaque marque n’a droit qu’à 20 appels par minute."),
    ("Everything arrives, only later.", "Tout arrive, mais plus tard."),
    limits=True, limit_per_minute={"brand": 20},
)  # fmt: skip
add_faults(
    "server_errors", "calls", "A4",
    ("Every call of the railway fails with 500, 503 or 504.",
     "Chaque appel du chemin de fer échoue : 500, 503 ou 504."),
    ("After five failures its calls rest; the bank goes on, last values stay with their date.",
     "Après cinq échecs, ses appels sont suspendus ; la banque continue, les dernières valeurs restent datées."),
    {"kind": "soup", "soup": ["500", "503", "504"], "brand": "coastline"},
)  # fmt: skip
add_faults(
    "shaky_network", "calls", "A4 A7",
    ("A third of the calls go wrong in one way or another.",
     "Un tiers des appels tourne mal, d’une façon ou d’une autre."),
    ("Fetches take longer and end well.", "Les récupérations durent plus longtemps et finissent bien."),
    {"kind": "soup", "probability": 0.33},
)  # fmt: skip
add_faults(
    "slow_answers", "calls", "A6",
    ("Every answer takes four seconds.", "Chaque réponse de l’API prend quatre secondes."),
    ("Pages and fetches wait; nothing fails.", "Pages et récupérations attendent ; rien n’échoue."),
    {"kind": "delay", "seconds": 4},
)  # fmt: skip
add_faults(
    "throttled", "calls", "A6",
    ("The API sends a byte every five seconds.", "Les réponses arrivent au goutte-à-goutte : un octet toutes les 5 s."),
    ("Each call ends at its total deadline and is tried again later.",
     "Chaque appel s’arrête à son délai total et sera retenté plus tard."),
    {"kind": "throttle", "size": 1, "seconds": 5},
)  # fmt: skip
add_faults(
    "hung_up", "calls", "A7",
    ("The connection is cut before any answer.", "La connexion est coupée avant toute réponse."),
    ("Tried again; the sentence says that the connection broke off.",
     "Nouvel essai ; la phrase dit que la connexion a été coupée."),
    {"kind": "cut_before_answer"},
)  # fmt: skip
add_faults(
    "lost_distribution", "calls", "A31",
    ("The next distribution is taken, but its answer is lost.",
     "La prochaine distribution est acceptée, mais la réponse se perd."),
    ("It is not sent again: “Not known whether it was sent”.",
     "Elle n’est pas renvoyée : « on ne sait pas si elle est partie »."),
    {"kind": "lost_answer", "path": "*/distributions*", "method": "POST", "count": 1},
)  # fmt: skip
add_faults(
    "html_answers", "calls", "A10",
    ("Every call is answered 200 with a page in HTML.", "Chaque appel reçoit 200 avec une page HTML."),
    ("Not taken for data; the fetch says what came instead.",
     "Pas pris pour des données ; la récupération dit ce qui est venu."),
    {"kind": "html_200"},
)  # fmt: skip
add_faults(
    "empty_answers", "calls", "A10",
    ("Every call is answered 200 with nothing.", "Chaque appel reçoit 200 et rien d’autre."),
    ("Not taken for data.", "Pas pris pour des données."),
    {"kind": "empty_body"},
)  # fmt: skip
add_faults(
    "errors_as_200", "calls", "A10",
    ("Every call is answered 200 with an error in JSON.", "Chaque appel reçoit 200 avec une erreur en JSON."),
    ("Not taken for data.", "Pas pris pour des données."),
    {"kind": "json_error_200"},
)  # fmt: skip
add_faults(
    "token_echoed", "calls", "D7 F1",
    ("Every call fails with a message that repeats the token.",
     "Chaque appel échoue avec un message qui répète le token."),
    ("The token is blotted out wherever the message is shown or kept.",
     "Le token est masqué partout où le message est montré ou gardé."),
    {"kind": "echo"},
)  # fmt: skip
add_faults(
    "huge_answers", "calls", "A9",
    ("Every answer in JSON is 60 MB long.", "Chaque réponse JSON pèse 60 Mo."),
    ("Cut off at the size cap; memory stays flat.", "Interrompu à la taille maximale ; la mémoire reste stable."),
    {"kind": "huge_body", "size": 60},
)  # fmt: skip


def _revoked(control: "Control") -> bool:
    return RAILWAY_TOKEN in control.world.revoked


add(
    Scenario(
        "expired_token", "calls", ("A27",),
        ("Somebody generated a new token: the railway's one is refused.",
         "Quelqu’un a généré un nouveau token : celui du chemin de fer est refusé."),
        ("One call, then the connection stops and says what to do; after “Test the connector” it goes on.",
         "Un seul appel, puis la connexion s’arrête et dit que faire ; après « Tester le connecteur », elle reprend."),
        lambda control: control.revoke_token(RAILWAY_TOKEN),
        lambda control: control.restore_token(RAILWAY_TOKEN),
        _revoked,
    )
)  # fmt: skip
add_faults(
    "rights_taken", "calls", "A25",
    ("The railway's user may read nothing any more: 403.",
     "L’utilisateur du chemin de fer n’a plus aucun droit : 403."),
    ("Named on the connection; values stay with their date.",
     "Dit sur la connexion ; les valeurs restent avec leur date."),
    {"kind": "403", "brand": "coastline"},
)  # fmt: skip


def _home(control: "Control") -> str:
    return next(iter(control.world.hosts))


def _moved(control: "Control") -> bool:
    return control.world.brands["coastline"].data_centre != _home(control)


add(
    Scenario(
        "wrong_data_centre", "calls", ("A28",),
        ("The railway moves to the other data centre.", "Le chemin de fer déménage dans l’autre centre de données."),
        ("The connection names the right host; only a person who types the token again moves there.",
         "La connexion indique le bon hôte ; on n’y va qu’en saisissant de nouveau le token."),
        lambda control: control.move_brand(
            "coastline", next(name for name in control.world.hosts if name != _home(control))
        ),
        lambda control: control.move_brand("coastline", _home(control)),
        _moved,
    )
)  # fmt: skip
add_faults(
    "pages_elsewhere", "calls", "A28",
    ("Lists say that their next page is at another host.", "Les listes donnent une page suivante sur un autre hôte."),
    ("Refused; the token goes nowhere else.", "Refusé ; le token ne va nulle part ailleurs."),
    {"kind": "next_page_elsewhere"},
)  # fmt: skip
add_faults(
    "pages_in_a_circle", "calls", "A28",
    ("Lists lead back to their first page.", "Les listes ramènent à leur première page."),
    ("Noticed at the second time.", "Remarqué au deuxième passage."),
    {"kind": "next_page_loop"},
)  # fmt: skip
add_faults(
    "pages_without_end", "calls", "A28",
    ("Lists never end.", "Les listes ne finissent jamais."),
    ("Stopped after many pages.", "Arrêté après un grand nombre de pages."),
    {"kind": "next_page_endless"},
)  # fmt: skip
add_faults(
    "redirects", "calls", "A28",
    ("Every call is redirected to another host.", "Chaque appel est redirigé vers un autre hôte."),
    ("Never followed.", "Jamais suivi."),
    {"kind": "redirect"},
)  # fmt: skip


def _clock_ahead(control: "Control") -> None:
    if "clock_ahead" not in control.kept:
        control.kept["clock_ahead"] = True
        control.advance_clock(hours=2)


def _clock_back(control: "Control") -> None:
    if control.kept.pop("clock_ahead", False):
        control.world.clock.advance(-2 * HOUR)


add(
    Scenario(
        "clock_ahead", "calls", ("A29",),
        ("The clock of Qualtrics is two hours ahead of ours.", "L’horloge de Qualtrics avance de deux heures."),
        ("Its dates decide; nothing is lost.", "Ses dates décident ; rien n’est perdu."),
        _clock_ahead, _clock_back, lambda control: "clock_ahead" in control.kept,
    )
)  # fmt: skip

# -- exports

add_faults(
    "failed_export", "exports", "A11",
    ("The next export fails.", "Le prochain export échoue."),
    ("Asked for again; the fetch ends well.", "Redemandé ; la récupération finit bien."),
    {"kind": "export_failed", "count": 1},
)  # fmt: skip
add_faults(
    "exports_keep_failing", "exports", "A11",
    ("Every export fails.", "Chaque export échoue."),
    ("Asked for three times, then the fetch fails and says so.",
     "Demandé trois fois, puis la récupération échoue et le dit."),
    {"kind": "export_failed"},
)  # fmt: skip
add_settings(
    "slow_exports", "exports", "A12",
    ("Exports take four times as long.", "Les exports durent quatre fois plus longtemps."),
    ("The fetch waits without holding a worker.", "La récupération attend sans occuper de processus."),
    export_mode="slow",
)  # fmt: skip
add_faults(
    "stuck_exports", "exports", "A12",
    ("Exports never get ready.", "Les exports ne sont jamais prêts."),
    ("Looked at less and less often, given up after an hour.",
     "Consultés de plus en plus rarement, abandonnés après une heure."),
    {"kind": "export_stuck"},
)  # fmt: skip
add_faults(
    "export_ready_at_once", "exports", "A13",
    ("Exports are complete at the first look.", "Les exports sont prêts dès la première consultation."),
    ("Loaded at once.", "Chargés aussitôt."),
    {"kind": "export_instant"},
)  # fmt: skip
add_faults(
    "export_without_percent", "exports", "A13",
    ("Exports are complete while their percentage stays at 0.",
     "Les exports sont terminés alors que le pourcentage reste à 0."),
    ("The status decides.", "Le statut décide."),
    {"kind": "export_percent_zero"},
)  # fmt: skip
add_faults(
    "export_without_file", "exports", "A13",
    ("The next two exports are complete, but name no file.",
     "Les deux prochains exports sont terminés, mais sans fichier."),
    ("Asked for again.", "Redemandés."),
    {"kind": "export_no_file_id", "count": 2},
)  # fmt: skip
add_faults(
    "progress_forgotten", "exports", "A13",
    ("The next look at an export finds nothing: 404.", "La prochaine consultation d’un export ne trouve rien : 404."),
    ("Asked for again for the same window.", "Redemandé pour la même période."),
    {"kind": "progress_404", "count": 1},
)  # fmt: skip
add_faults(
    "file_forgotten", "exports", "A13",
    ("The file of the next export is gone: 404.", "Le fichier du prochain export a disparu : 404."),
    ("Asked for again for the same window.", "Redemandé pour la même période."),
    {"kind": "file_404", "count": 1},
)  # fmt: skip
add_faults(
    "continuation_refused", "exports", "A14",
    ("Continuation tokens are refused.", "Les tokens de continuation sont refusés."),
    ("The fetch goes by date; nothing is lost.", "La récupération se fait par date ; rien n’est perdu."),
    {"kind": "continuation_refused"},
)  # fmt: skip
add_faults(
    "exports_without_rows", "exports", "A17",
    ("Exports hold no answer at all, as after a loss of rights.",
     "Les exports ne contiennent plus aucune réponse, comme après une perte de droits."),
    ("Nothing is deleted; a reconciliation holds and asks a person.",
     "Rien n’est supprimé ; un rapprochement s’arrête et demande à une personne."),
    {"kind": "export_without_rows"},
)  # fmt: skip

# -- files and what is in them

add_faults(
    "cut_connection", "files", "A7",
    ("The next export file breaks off after 2,000 bytes.",
     "Le prochain fichier d’export s’interrompt après 2 000 octets."),
    ("Fetched again; nothing of the incomplete file is seen.",
     "Repris ; rien du fichier incomplet n’est visible."),
    {"kind": "cut", "path": FILE, "size": 2000, "count": 1},
)  # fmt: skip

for _kind, _english, _french in (
    ("corrupt_zip", "The next export file is damaged.", "Le prochain fichier d’export est endommagé."),
    ("bad_checksum_zip", "The next file has a wrong checksum.", "Le prochain fichier a une somme de contrôle fausse."),
    ("truncated_zip", "The next file ends too early.", "Le prochain fichier s’arrête trop tôt."),
    ("empty_zip", "The next file is a zip without entry.", "Le prochain fichier est un zip sans entrée."),
    ("encrypted_zip", "The next file wants a password.", "Le prochain fichier demande un mot de passe."),
    ("not_a_zip", "The next file is a page in HTML.", "Le prochain fichier est une page HTML."),
):
    add_faults(
        _kind, "files", "A10" if _kind == "not_a_zip" else "A8",
        (_english, _french),
        ("Fetched again; if it stayed so, the fetch would fail and nothing would move.",
         "Repris ; si cela durait, la récupération échouerait et rien ne bougerait."),
        {"kind": _kind, "count": 1},
    )  # fmt: skip
for _kind, _english, _french in (
    ("two_entry_zip", "The next file has two entries.", "Le prochain fichier a deux entrées."),
    (
        "odd_name_zip",
        "The entry of the next file is called ../../….",
        "L’entrée du prochain fichier s’appelle ../../….",
    ),
    ("long_name_zip", "The entry's name is 300 characters long.", "Le nom de l’entrée fait 300 caractères."),
):
    add_faults(
        _kind, "files", "A8",
        (_english, _french),
        ("The first entry is read by its position; names play no part.",
         "La première entrée est lue par sa position ; les noms ne jouent aucun rôle."),
        {"kind": _kind, "count": 1},
    )  # fmt: skip
add_faults(
    "lying_size_zip", "files", "A9",
    ("The next file lies about its size.", "Le prochain fichier ment sur sa taille."),
    ("Refused; fetched again.", "Refusé ; repris."),
    {"kind": "lying_size_zip", "count": 1},
)  # fmt: skip
add_faults(
    "zip_bomb", "files", "A9",
    ("The next file is a zip bomb of 300 MB.", "Le prochain fichier est une bombe zip de 300 Mo."),
    ("Refused before it is unpacked.", "Refusé avant décompression."),
    {"kind": "zip_bomb", "count": 1, "size": 300},
)  # fmt: skip
add_settings(
    "odd_lines", "files", "A19",
    ("Files hold empty objects, blank lines, a BOM, CRLF and no last line break.",
     "Les fichiers contiennent objets vides, lignes vides, BOM, CRLF et pas de fin de ligne finale."),
    ("Skipped and counted; the rest is stored.", "Ignorés et comptés ; le reste est stocké."),
    data={"empty_objects": 3, "blank_lines": 2, "bom": True, "crlf": True, "no_final_newline": True},
)  # fmt: skip
add_settings(
    "duplicates", "files", "A18",
    ("A third of the rows come twice, and all are shuffled.",
     "Un tiers des lignes vient en double, toutes sont mélangées."),
    ("One row each; the ledger counts the others as unchanged.",
     "Une ligne chacune ; le journal compte les autres comme inchangées."),
    data={"duplicates": 0.3, "shuffled": True},
)  # fmt: skip
add_settings(
    "bad_records", "files", "A20 A21 A22 A23",
    ("Files hold records that are broken in every known way.",
     "Les fichiers contiennent des enregistrements cassés de toutes les façons connues."),
    ("Set aside with the reason; the fetch is “done, some records rejected”.",
     "Mis de côté avec la raison ; la récupération est « terminée, certains rejetés »."),
    data={"bad_records": list(BAD_RECORDS)},
)  # fmt: skip

# -- surveys

add(
    Scenario(
        "launch_survey", "surveys", ("A26",),
        ("The survey on delay compensation is published.", "L’enquête sur les indemnités de retard est publiée."),
        ("An item that waits fills by itself, without a manual step.",
         "Un élément en attente se remplit de lui-même, sans intervention."),
        lambda control: control.launch_survey("delay-compensation"),
        lambda control: control.close_survey("delay-compensation"),
        lambda control: control.world.survey("delay-compensation").is_active,
    )
)  # fmt: skip
add(
    Scenario(
        "survey_closed", "surveys", ("A24",),
        ("The survey of the bank's branches is closed.", "L’enquête des agences de la banque est fermée."),
        ("Its items say so; the last values stay.", "Ses éléments le disent ; les dernières valeurs restent."),
        lambda control: control.close_survey("branch-visit"),
        lambda control: control.launch_survey("branch-visit"),
        lambda control: not control.world.survey("branch-visit").is_active,
    )
)  # fmt: skip


def _without_staff(questions: list[Question]) -> None:
    questions[:] = [each for each in questions if each.id != "QID3"]


add_edit(
    "survey_edited", "A24",
    ("The staff question of the post-journey survey is removed.",
     "La question sur le personnel de l’enquête post-voyage est supprimée."),
    ("Its item needs attention; values before stay.", "Son élément est « À vérifier » ; les anciennes valeurs restent."),
    "post-journey", _without_staff,
)  # fmt: skip


def _question(questions: list[Question], qid: str) -> Question:
    return next(each for each in questions if each.id == qid)


def _turned_round(questions: list[Question]) -> None:
    choices = _question(questions, "QID4").choices
    recodes = [choice.recode for choice in choices]
    for choice, recode in zip(choices, reversed(recodes), strict=True):
        choice.recode = recode


add_edit(
    "recodes_swapped", "A24",
    ("The recodes of the punctuality question are turned round.",
     "Les recodages de la question de ponctualité sont inversés."),
    ("Noticed before counting; the item needs attention, the difference is shown.",
     "Remarqué avant le calcul ; l’élément est « À vérifier », la différence est montrée."),
    "post-journey", _turned_round,
)  # fmt: skip


def _seven_points(questions: list[Question]) -> None:
    _question(questions, "QID2").choices[:] = scale(AGREE)


add_edit(
    "scale_changed", "A24",
    ("The CSAT on ticket purchase gets seven points in place of five.",
     "Le CSAT de l’achat de billets passe de cinq à sept points."),
    ("Noticed before counting; old numbers stay.", "Remarqué avant le calcul ; les anciens chiffres restent."),
    "ticket-purchase", _seven_points,
)  # fmt: skip


def _reworded(questions: list[Question]) -> None:
    _question(questions, "QID12").text = "Would you recommend travelling with us?"


add_edit(
    "question_reworded", "A24",
    ("The NPS question of the on-board survey is worded anew.", "La question NPS de l’enquête à bord est reformulée."),
    ("The new wording is shown; numbers go on.", "La nouvelle formulation est affichée ; les chiffres continuent."),
    "on-board", _reworded,
)  # fmt: skip
add_absence(
    "survey_gone", "A25",
    ("The survey on complaints is deleted.", "L’enquête sur les réclamations est supprimée."),
    ("Named; looked at again every few hours; the last values stay.",
     "Signalé ; revérifié à quelques heures d’intervalle ; les dernières valeurs restent."),
    "complaint",
)  # fmt: skip
add_absence(
    "survey_unshared", "A25",
    ("The bank's survey on opening an account is shared no more: 404.",
     "L’enquête de la banque sur l’ouverture de compte n’est plus partagée : 404."),
    ("Its items need attention; shared again, all heals by itself.",
     "Ses éléments sont « À vérifier » ; partagée de nouveau, tout se rétablit seul."),
    "onboarding",
)  # fmt: skip

# -- messages of new responses

add_settings(
    "webhooks_lost", "webhooks", "C8",
    ("Every message is lost on its way.", "Tous les messages se perdent en route."),
    ("The next fetch brings what they told.", "La récupération suivante apporte ce qu’ils annonçaient."),
    webhook_lost=1.0,
)  # fmt: skip
add_settings(
    "webhooks_repeated", "webhooks", "C3 C6",
    ("Every message comes six times.", "Chaque message arrive six fois."),
    ("Kept once, looked up once.", "Gardé une fois, consulté une fois."),
    webhook_duplicates=5,
)  # fmt: skip
add_settings(
    "webhooks_forged", "webhooks", "C1",
    ("Messages carry a wrong signature.", "Les messages portent une signature fausse."),
    ("Refused; the watch says when; fetches go on.", "Refusés ; la veille dit quand ; les récupérations continuent."),
    webhook_bad_signature=True,
)  # fmt: skip
add_settings(
    "responses_not_ready", "webhooks", "C7",
    ("A response can be read only an hour after it was announced.",
     "Une réponse n’est lisible qu’une heure après son annonce."),
    ("Tried again after 5 s, 30 s, 2 min, 10 min; then left to the next fetch.",
     "Retenté après 5 s, 30 s, 2 min, 10 min ; puis laissé à la récupération suivante."),
    single_response_delay=3600.0,
)  # fmt: skip


def _flood(control: "Control") -> dict[str, int]:
    return {"added": len(control.add_responses("post-journey", 300)["ids"])}


add(
    Scenario(
        "webhook_flood", "webhooks", ("C9",),
        ("300 people answer the post-journey survey within a second.",
         "300 personnes répondent à l’enquête post-voyage en une seconde."),
        ("All messages are kept; one export brings the answers.",
         "Tous les messages sont gardés ; un seul export apporte les réponses."),
        _flood,
    )
)  # fmt: skip

# -- the end


def _back_to_normal(control: "Control") -> None:
    control.switch_faults_off()
    control.world.revoked.clear()
    for each in SCENARIOS.values():
        if each.stop and each.name != "launch_survey" and each.is_on(control):
            each.stop(control)
    control.move_brand("coastline", _home(control))


add(
    Scenario(
        "back_to_normal", "end", (),
        ("Faults off; settings, tokens, surveys and clock as they were. Answers stay.",
         "Pannes levées ; réglages, tokens, enquêtes et horloge comme avant. Les réponses restent."),
        ("Whatever was in trouble heals by itself; a refused token needs “Test the connector”.",
         "Tout se rétablit seul ; un token refusé demande « Tester le connecteur »."),
        _back_to_normal,
    )
)  # fmt: skip
