"""Scenarios: surveys that are launched, closed, edited, or gone."""

from sandbox.scenarios.edits import reworded, seven_points, turned_round, without_staff
from sandbox.scenarios.effects import Event, SurveyAbsent, SurveyActive, SurveyEdited
from sandbox.scenarios.events import open_station_survey, share_twins
from sandbox.scenarios.scenario import Scenario

SURVEYS = (
    Scenario(
        "launch_survey",
        ("A26",),
        what=("The survey on delay compensation is published.", "L’enquête sur les indemnités de retard est publiée."),
        expect=(
            "An item that waits fills by itself, without a manual step.",
            "Un élément en attente se remplit de lui-même, sans intervention.",
        ),
        effect=SurveyActive("delay-compensation", active=True),
        lasts=True,
    ),
    Scenario(
        "survey_closed",
        ("A24",),
        what=("The survey of the bank's branches is closed.", "L’enquête des agences de la banque est fermée."),
        expect=("Its items say so; the last values stay.", "Ses éléments le disent ; les dernières valeurs restent."),
        effect=SurveyActive("branch-visit", active=False),
    ),
    Scenario(
        "survey_edited",
        ("A24",),
        what=(
            "The staff question of the post-journey survey is removed.",
            "La question sur le personnel de l’enquête post-voyage est supprimée.",
        ),
        expect=(
            "Its item needs attention; values before stay.",
            "Son élément est « À vérifier » ; les anciennes valeurs restent.",
        ),
        effect=SurveyEdited("post-journey", without_staff),
    ),
    Scenario(
        "recodes_swapped",
        ("A24",),
        what=(
            "The recodes of the punctuality question are turned round.",
            "Les recodages de la question de ponctualité sont inversés.",
        ),
        expect=(
            "Noticed before counting; the item needs attention, the difference is shown.",
            "Remarqué avant le calcul ; l’élément est « À vérifier », la différence est montrée.",
        ),
        effect=SurveyEdited("post-journey", turned_round),
    ),
    Scenario(
        "scale_changed",
        ("A24",),
        what=(
            "The CSAT on ticket purchase gets seven points in place of five.",
            "Le CSAT de l’achat de billets passe de cinq à sept points.",
        ),
        expect=(
            "Noticed before counting; old numbers stay.",
            "Remarqué avant le calcul ; les anciens chiffres restent.",
        ),
        effect=SurveyEdited("ticket-purchase", seven_points),
    ),
    Scenario(
        "question_reworded",
        ("A24",),
        what=(
            "The NPS question of the on-board survey is worded anew.",
            "La question NPS de l’enquête à bord est reformulée.",
        ),
        expect=(
            "The new wording is shown; numbers go on.",
            "La nouvelle formulation est affichée ; les chiffres continuent.",
        ),
        effect=SurveyEdited("on-board", reworded),
    ),
    Scenario(
        "survey_gone",
        ("A25",),
        what=("The survey on complaints is deleted.", "L’enquête sur les réclamations est supprimée."),
        expect=(
            "Named; looked at again every few hours; the last values stay.",
            "Signalé ; revérifié à quelques heures d’intervalle ; les dernières valeurs restent.",
        ),
        effect=SurveyAbsent("complaint"),
    ),
    Scenario(
        "survey_unshared",
        ("A25",),
        what=(
            "The bank's survey on opening an account is shared no more: 404.",
            "L’enquête de la banque sur l’ouverture de compte n’est plus partagée : 404.",
        ),
        expect=(
            "Its items need attention; shared again, all heals by itself.",
            "Ses éléments sont « À vérifier » ; partagée de nouveau, tout se rétablit seul.",
        ),
        effect=SurveyAbsent("onboarding"),
    ),
    Scenario(
        "more_sources",
        ("A32",),
        what=(
            "A survey of the stations is shared: loops, a side by side table, several answers a row, embedded data, a score.",
            "Une enquête sur les gares est partagée : boucles, tableau côte à côte, plusieurs réponses par ligne,"
            " données intégrées, score.",
        ),
        expect=(
            "All are offered in groups and can be counted; what cannot says why.",
            "Tout est proposé par groupes et peut être compté ; le reste dit pourquoi il ne le peut pas.",
        ),
        effect=Event(open_station_survey),
    ),
    Scenario(
        "twin_surveys",
        ("A33",),
        what=(
            "Two surveys of one name, one without a name and one whose name turns the text round are shared.",
            "Deux enquêtes du même nom, une sans nom et une dont le nom inverse le texte sont partagées.",
        ),
        expect=(
            "ID, date, owner and count tell the twins apart; nothing else on the page is turned round.",
            "ID, date, propriétaire et nombre distinguent les jumelles ; rien d’autre n’est inversé sur la page.",
        ),
        effect=Event(share_twins),
    ),
)
