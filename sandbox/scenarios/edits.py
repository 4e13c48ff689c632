"""Edits of questionnaires: each changes the questions of a survey in place."""

from sandbox.demo.railway import AGREE, scale
from sandbox.state.surveys import Question


def without_staff(questions: list[Question]) -> None:
    """Take the staff question of the post-journey survey away."""
    questions[:] = [each for each in questions if each.id != "QID3"]


def turned_round(questions: list[Question]) -> None:
    """Give the choices of the punctuality question their recodes in the opposite order."""
    choices = _question(questions, "QID4").choices
    recodes = [choice.recode for choice in choices]
    for choice, recode in zip(choices, reversed(recodes), strict=True):
        choice.recode = recode


def seven_points(questions: list[Question]) -> None:
    """Give the CSAT on ticket purchase seven points."""
    _question(questions, "QID2").choices[:] = scale(AGREE)


def reworded(questions: list[Question]) -> None:
    """Word the NPS question of the on-board survey anew."""
    _question(questions, "QID12").text = "Would you recommend travelling with us?"


def _question(questions: list[Question], qid: str) -> Question:
    return next(each for each in questions if each.id == qid)
