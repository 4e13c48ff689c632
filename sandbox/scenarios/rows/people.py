"""Scenarios: time passes, people answer."""

from sandbox.actions import Actions
from sandbox.scenarios.effects import Event
from sandbox.scenarios.events import (
    add_previews_and_spam,
    analyse_anew,
    days_pass,
    delete_most,
    delete_newest,
    edit_newest,
    write_odd_words,
)
from sandbox.scenarios.scenario import Scenario

PEOPLE = (
    Scenario(
        "quiet_week",
        (),
        what=("A week passes and hardly anybody answers.", "Une semaine passe, presque personne ne répond."),
        expect=("Few new answers; intervals widen.", "Peu de réponses nouvelles ; les intervalles s’élargissent."),
        effect=Event(days_pass, days=7, brisk=0.1),
    ),
    Scenario(
        "busy_week",
        (),
        what=(
            "A week passes with the usual number of answers.",
            "Une semaine passe avec le nombre habituel de réponses.",
        ),
        expect=(
            "The next fetch brings them all, each once.",
            "La prochaine récupération les apporte toutes, une seule fois.",
        ),
        effect=Event(days_pass, days=7, brisk=1.0),
    ),
    Scenario(
        "silent_week",
        ("A14",),
        what=(
            "A week passes and nobody answers; continuation tokens and files expire.",
            "Une semaine passe sans réponse ; tokens de continuation et fichiers expirent.",
        ),
        expect=(
            "The next fetch goes by date, with an hour's overlap; nothing is lost.",
            "La récupération suivante se fait par date, avec une heure de recouvrement ; rien n’est perdu.",
        ),
        effect=Event(Actions.advance_clock, days=7),
    ),
    Scenario(
        "responses_edited",
        ("A15",),
        what=(
            "The 20 newest answers to the post-journey NPS become 0.",
            "Les 20 dernières réponses au NPS post-voyage passent à 0.",
        ),
        expect=(
            "The ledger counts 20 changed; the NPS falls and n stays.",
            "Le journal compte 20 réponses modifiées ; le NPS baisse et n ne change pas.",
        ),
        effect=Event(edit_newest),
    ),
    Scenario(
        "late_text_iq",
        ("A15",),
        what=(
            "Text iQ is run again: ten comments become very negative.",
            "Text iQ est relancé : dix verbatims deviennent très négatifs.",
        ),
        expect=("The sentiment follows with the next fetch.", "Le sentiment suit à la récupération suivante."),
        effect=Event(analyse_anew),
    ),
    Scenario(
        "responses_deleted",
        ("A16",),
        what=(
            "The five newest post-journey answers are deleted.",
            "Les cinq dernières réponses post-voyage sont supprimées.",
        ),
        expect=(
            "They stay until a reconciliation: then they leave the numbers, all at once.",
            "Elles restent jusqu’à un rapprochement : elles quittent alors les chiffres, toutes ensemble.",
        ),
        effect=Event(delete_newest),
    ),
    Scenario(
        "mass_deletion",
        ("A17",),
        what=(
            "Three fifths of the answers on ticket purchase are deleted.",
            "Trois cinquièmes des réponses sur l’achat de billets sont supprimés.",
        ),
        expect=(
            "A reconciliation holds them and asks a person; until then the numbers stay.",
            "Un rapprochement les retient et demande à une personne ; d’ici là, les chiffres restent.",
        ),
        effect=Event(delete_most),
    ),
    Scenario(
        "odd_words",
        ("A21", "A22"),
        what=(
            "Somebody writes five megabytes with emoji, right-to-left override and NUL.",
            "Quelqu’un écrit cinq mégaoctets, avec emoji, inversion de sens et NUL.",
        ),
        expect=(
            "The score counts; the comment is cut at 64 KB, what cannot be stored is shown as �.",
            "La note compte ; le verbatim est coupé à 64 Ko, l’instockable apparaît comme �.",
        ),
        effect=Event(write_odd_words),
    ),
    Scenario(
        "previews_and_spam",
        ("A26",),
        what=(
            "A preview, a test and a spam answer arrive on complaints.",
            "Un aperçu, un test et un spam arrivent sur les réclamations.",
        ),
        expect=(
            "They are stored and named in the preview, but in no number.",
            "Ils sont stockés et signalés dans l’aperçu, mais dans aucun chiffre.",
        ),
        effect=Event(add_previews_and_spam),
    ),
)
