"""What the label of a choice says, in seven languages."""

from fractions import Fraction

import pytest

from feedback.mapping.labels import degree_of, number_of, says_no_answer, shares_a_word, tone_of

NO_ANSWERS = """N/A|n.a.|NA|DK|Don't know|I don’t know|Not applicable|Prefer not to say|Refused|Refusal|Not stated|Unsure|Not sure
I did not use it|None of the above|Don't know / Not applicable|N/A (did not use)|99 - Don't know|No opinion
Sans objet|Ne sait pas|NSP|Pas concerné(e)|Ne se prononce pas|Sans opinion|Non applicable|Je ne suis pas concerné·e|Sans avis
Keine Angabe|k.A.|Weiß nicht|Weiss ich nicht|Kann ich nicht beurteilen|Nicht zutreffend|Keine Meinung
No sabe|No sabe / no contesta|NS/NC|No aplica|Prefiero no responder|Non so|Non applicabile|Preferisco non rispondere
Weet niet|N.v.t.|Niet van toepassing|Geen mening|Não sei|Não se aplica|Prefiro não responder"""
ANSWERS = """Does not apply at all|I don't know it at all|No opinion of it at all|Na und?|Nasty|Nobody|Not satisfied|Not good|
No|Never|Not at all|Pas du tout|Pas satisfait|Nicht zufrieden|Trifft überhaupt nicht zu|Nada satisfecho|Other|Neutral|None|0"""


@pytest.mark.parametrize("label", NO_ANSWERS.replace("\n", "|").split("|"))
def test_labels_that_say_no_answer(label):
    assert says_no_answer(label)


@pytest.mark.parametrize("label", ANSWERS.replace("\n", "").split("|"))
def test_labels_that_only_begin_like_them(label):
    assert not says_no_answer(label)


def test_beside_its_opposite_a_label_may_be_the_end_of_the_scale():
    assert shares_a_word("Does not apply", ["Applies partly", "Applies fully"])
    assert shares_a_word("Not relevant", ["Relevant", "Very relevant"])
    assert shares_a_word("Trifft nicht zu", ["Trifft voll zu"])
    assert not shares_a_word("I did not use it", ["Poor", "Fair", "Good", "Excellent"])


@pytest.mark.parametrize(
    ("label", "number"),
    [
        ("7", 7), ("-2", -2), ("\u22122", -2), ("7,5", Fraction("7.5")), ("0 - Not at all likely", 0),
        ("10 – Extremely likely", 10),
        ("Dislike 1", 1), ("5 = sehr gut", 5), ("(3)", 3), ("5 stars", 5), ("1 étoile", 1), ("★★★☆☆", 3), ("⭐⭐", 2),
        ("3 of 7", 3),
        ("3/5", 3), ("50 %", 50), ("18-24", None), ("65+", None), ("Under 18", None), ("more than 5", None), ("3 times", None),
        ("2 to 4", None), ("Team 2", None), ("Yes", None), ("", None), ("1.2.3", None),
    ],
)  # fmt: skip
def test_the_number_that_a_label_shows(label, number):
    assert number_of(label) == number


@pytest.mark.parametrize(
    "labels",
    [
        "Very dissatisfied|Dissatisfied|Somewhat dissatisfied|Neither satisfied nor dissatisfied|Somewhat satisfied|Satisfied",
        "Terrible|Poor|Fair|Good|Very good|Excellent",
        "Strongly disagree|Disagree|Neutral|Agree|Strongly agree",
        "Extremely unlikely|Unlikely|Neutral|Likely|Extremely likely",
        "Not at all satisfied|Not very satisfied|Fairly satisfied|Very satisfied",
        "Very difficult|Difficult|Neither|Easy|Very easy",
        "Fell far short|Did not meet expectations|Met expectations|Exceeded expectations|Far exceeded expectations",
        "A lot of effort|Some effort|Little effort|No effort at all",
        "Much worse|Worse|About the same|Better|Much better",
        "Pas du tout satisfait|Plutôt pas satisfait|Ni satisfait ni insatisfait|Plutôt satisfait|Très satisfait",
        "Pas du tout d'accord|Plutôt pas d'accord|Plutôt d'accord|Tout à fait d'accord",
        "Très mauvais|Mauvais|Moyen|Bon|Très bon|Excellent",
        "Sehr unzufrieden|Unzufrieden|Teils teils|Zufrieden|Sehr zufrieden",
        "Ungenügend|Mangelhaft|Ausreichend|Befriedigend|Gut|Sehr gut",
        "Trifft überhaupt nicht zu|Trifft eher nicht zu|Teils teils|Trifft eher zu|Trifft voll zu",
        "Muy insatisfecho|Insatisfecho|Ni satisfecho ni insatisfecho|Satisfecho|Muy satisfecho",
        "Totalmente en desacuerdo|En desacuerdo|Neutral|De acuerdo|Totalmente de acuerdo",
        "Molto insoddisfatto|Insoddisfatto|Né soddisfatto né insoddisfatto|Soddisfatto|Molto soddisfatto",
        "Zeer ontevreden|Ontevreden|Neutraal|Tevreden|Zeer tevreden",
        "Helemaal mee oneens|Oneens|Neutraal|Eens|Helemaal mee eens",
        "Muito insatisfeito|Insatisfeito|Neutro|Satisfeito|Muito satisfeito",
        "😡|🙁|😐|🙂|😀",
    ],
)
def test_degrees_rise_from_bad_to_good(labels):
    scores = [degree_of(label).score for label in labels.split("|")]
    assert scores == sorted(scores)
    assert scores[0] < 0 < scores[-1]


@pytest.mark.parametrize(
    "label", ["Train", "Woman", "Männer", "Bardzo zadowolony", "", "-", "Paris", "Team A", "Janvier"]
)
def test_names_and_words_of_other_languages_have_no_degree(label):
    assert degree_of(label) is None


@pytest.mark.parametrize(
    ("wording", "tone"),
    [
        ("How satisfied are you with the meal?", 1), ("How likely are you to recommend us?", 1), ("How easy was it?", 1),
        ("How difficult was it?", -1), ("How much effort did it take?", -1), ("It took me little effort", 1),
        ("Did you have any problems?", -1), ("How satisfied or dissatisfied are you?", None), ("How do you travel?", None),
        ("Wie zufrieden sind Sie?", 1), ("Êtes-vous satisfait de l'accueil ?", 1), ("¿Qué tan difícil fue?", -1),
        ("Rate us", None),
    ],
)  # fmt: skip
def test_what_a_question_asks_for(wording, tone):
    assert tone_of(wording) == tone
