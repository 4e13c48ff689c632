"""What the label of a choice says, as a person reads it: a number, no answer at all, or a degree of something good or bad.

Words of English, French, German, Spanish, Italian, Dutch and Portuguese, without accents. Only proposals are made from
them; what an item counts is stored with it, so a longer list changes no number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

# --- No answer: matched as a whole label only -----------------------------------------------------

_NO_ANSWER = frozenset(
    re.split(
        r"\s*\|\s*",
        # English
        "na|n/a|n.a|n a|not applicable|does not apply|doesn't apply|does not apply to me|not relevant|don't know|dont know"
        "|do not know|doesn't know|dk|dk/na|i don't know|i do not know|can't say|cannot say|can't judge|cannot judge"
        "|unable to judge|unable to rate|unable to say|unable to answer|no opinion|i have no opinion|no answer|no response"
        "|prefer not to say|i prefer not to say|prefer not to answer|i prefer not to answer|rather not say"
        "|i'd rather not say|i would rather not say|would rather not say|decline to answer|declined|refused|refusal"
        "|refuse to answer|not stated|not specified|unspecified|unknown|unsure|not sure|i'm not sure|i am not sure|did not use"
        "|didn't use|did not use it|didn't use it|i did not use it|i didn't use it|i did not use this|did not use this"
        "|did not use this service|have not used it|i have not used it|haven't used it|i haven't used it"
        "|did not experience|did not experience it|no experience|none of the above|none of these|skip|skipped"
        # French
        "|nc|ns|nsp|nspp|ns/nr|ne sait pas|ne sais pas|je ne sais pas|sais pas|ne se prononce pas|je ne me prononce pas"
        "|ne souhaite pas repondre|je ne souhaite pas repondre|prefere ne pas repondre|je prefere ne pas repondre"
        "|prefere ne pas le dire|je prefere ne pas le dire|refus|refus de repondre|sans objet|s.o|non applicable"
        "|pas applicable|ne s'applique pas|non concerne|pas concerne|je ne suis pas concerne|sans opinion|sans avis"
        "|pas d'avis|pas d'opinion|aucun avis|aucune opinion|sans reponse|pas de reponse|aucune reponse|non reponse"
        "|non renseigne|non precise|non communique|pas utilise|non utilise|je n'ai pas utilise|je ne l'ai pas utilise"
        "|n'a pas utilise|pas sur|pas sure|je ne suis pas sur|je ne suis pas sure|inconnu|aucun de ces choix"
        "|aucune de ces reponses|ne peut pas dire|je ne peux pas dire|je ne peux pas juger"
        # German
        "|keine angabe|keine angaben|k.a|ka|k. a|weiss nicht|weiss ich nicht|weiss es nicht|ich weiss nicht"
        "|ich weiss es nicht|nicht zutreffend|trifft nicht zu|trifft auf mich nicht zu|nicht anwendbar|nicht relevant"
        "|entfallt|keine meinung|keine antwort|kann ich nicht beurteilen|kann ich nicht sagen|nicht beurteilbar"
        "|mochte ich nicht sagen|mochte ich nicht beantworten|mochte nicht antworten|verweigert|nicht genutzt"
        "|habe ich nicht genutzt|habe ich nicht verwendet|unsicher|bin unsicher|unbekannt|keine erfahrung|keines davon"
        "|nichts davon"
        # Spanish
        "|no aplica|no corresponde|no procede|no sabe|no se|no lo se|ns/nc|no contesta|no sabe/no contesta|no responde"
        "|prefiero no decir|prefiero no decirlo|prefiero no responder|prefiero no contestar|sin opinion|sin respuesta"
        "|no lo he usado|no lo he utilizado|no lo use|no utilizado|no estoy seguro|no estoy segura|desconocido"
        "|ninguna de las anteriores|ninguno de los anteriores"
        # Italian
        "|non applicabile|non si applica|non so|non lo so|non sa|non saprei|preferisco non rispondere|preferisco non dirlo"
        "|nessuna opinione|nessuna risposta|senza opinione|non risponde|non pertinente|non utilizzato|non l'ho usato"
        "|non l'ho utilizzato|non sono sicuro|non sono sicura|nessuna delle precedenti|nessuno dei precedenti"
        # Dutch
        "|niet van toepassing|n.v.t|nvt|weet niet|weet ik niet|weet het niet|ik weet het niet|geen mening|geen antwoord"
        "|zeg ik liever niet|liever niet zeggen|wil ik niet zeggen|heb ik niet gebruikt|niet gebruikt"
        "|kan ik niet beoordelen|geen van bovenstaande|onbekend"
        # Portuguese
        "|nao aplicavel|nao se aplica|nao sei|nao sabe|prefiro nao dizer|prefiro nao responder|sem opiniao|sem resposta"
        "|nao responde|nao usei|nao utilizei|nao tenho certeza|nenhuma das anteriores|nenhum dos anteriores",
    )
)
_PARTS = re.compile(r"[|,;()]| / |(?<=\w\w\w)/(?=\w\w)| or | ou | oder | - ")

# --- Words of a scale -----------------------------------------------------------------------------
# A word that ends in * is the beginning of one.


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word).replace(r"\*", r"\w*") for word in words.split()))


_GOOD = _pattern(
    "satisf* happy happier pleased delight* good great excellent* outstanding superb fantastic wonderful perfect* exceptional*"
    " eas* simple* agree* likely probabl* helpful friendly useful valuable like liked love* enjoy* better best exceed*"
    " positive* yes true recommend* aware trust* confident comfortable content* clear recommend*"
    " heureu* bon bonne* bien facile* facilit* aise* accord oui vrai mieux meilleur* aime adore positi* agreable* recommand*"
    " ravi* utile* parfait* super"
    " zufried* gut gute guter ausgezeichnet* hervorragend* perfekt leicht einfach* stimme zustimm* wahrscheinlich* hilfreich*"
    " freundlich* nutzlich* ja wahr besser beste* positiv* trifft zutreff* glucklich gefallt gefallen ubertroffen empfehl*"
    " weiterempfehl* feliz bueno buena bien excelente* facil* sencill* acuerdo util si verdadero mejor* encant* gusta recomend*"
    " soddisf* felice buono buona bene ottim* eccellent* semplice* accordo vero meglio migliore* piace raccomand* consigli*"
    " tevred* blij goed* uitstekend* makkelijk* gemakkelijk* eenvoudig* eens waarschijnlijk* nuttig* waar beter aanbeve*"
    " bom boa bem otim* simples concord* acordo provavel* sim verdadeiro melhor* gosto"
)
_BAD = _pattern(
    "dissatisf* unsatisf* unhappy displeased disappoint* bad badly poor* terrible awful horrible worst worse difficult* hard"
    " harder complicat* disagree* unlikely improbabl* unhelpful unfriendly useless dislike* hate* negative* false wrong"
    " unclear unsafe uncomfortable effort* problem* trouble* pain* frustrat* annoy* unaware untrue unacceptable distrust*"
    " rude slow confus* wait* complain* complaint*"
    " insatisf* mecontent* malheureu* mauvais* mediocre* nul nulle difficile* difficult* complique* desaccord improbable*"
    " inutile* faux pire deteste negati* desagreable* decu decue decev* probleme* attente"
    " unzufried* schlecht* mangelhaft ungenugend schwer schwierig* kompliziert* lehne ablehn* unwahrscheinlich* unfreundlich*"
    " nutzlos falsch schlimm* negativ* unglucklich missf* aufwand* muhe enttausch* umstandlich"
    " descontent* infeliz malo mala mal pesimo dificil* complicad* desacuerdo inutil* falso peor* esfuerzo* problema*"
    " decepcion* insoddisf* scontent* cattiv* pessim* scars* difficil* complicat* disaccordo improbabil* peggio* sforzo delus*"
    " ontevred* slecht* moeilijk* lastig oneens onwaarschijnlijk* nutteloos onwaar negatief moeite teleurgesteld*"
    " mau ruim discord* desacordo improvavel* pior* esforco"
)
_NOT = _pattern(
    "not no never don't doesn't didn't isn't wasn't weren't aren't won't wouldn't can't cannot none nothing without hardly barely"
    " rarely seldom low lowest little least less few lower pas non jamais aucun* peu faible* sans rien moins rarement"
    " nicht kein* nie niemals nein kaum wenig* gering* niedrig* selten ohne nunca nada ningun* poco poca sin jamas bajo baja"
    " raramente mai nessun* niente nulla senza basso bassa niet geen nooit nee nauwelijks weinig laag zelden"
    " nao nenhum* pouco sem baixo baixa"
)
_MUCH = _pattern(
    "very extremely completely totally entirely fully absolutely always often frequently high higher highest highly strongly"
    " definitely lot lots much most all maximum deal tres extremement completement totalement entierement tout toujours souvent"
    " beaucoup eleve* fort forte fortement absolument certainement plus sehr vollig voll* absolut immer oft haufig hoch* stark"
    " bestimmt uberhaupt gar ausserst total* muy mucho totalmente completamente siempre menudo alto alta definitivamente"
    " molto moltissimo sempre spesso alto del zeer heel erg helemaal altijd vaak volledig hoog muito sempre frequentemente"
    " extremadamente estremamente extremamente far"
)
_MOST = _pattern(
    "excellent* outstanding superb fantastic wonderful perfect* exceptional* best worst terrible awful horrible"
    " ausgezeichnet* hervorragend* perfekt excelente* pesimo eccellent* ottim* pessim* uitstekend* otim* nul nulle parfait*"
)
_RATHER = _pattern(
    "somewhat rather slightly fairly quite moderately mostly partly partially bit mildly plutot assez moyennement legerement"
    " eher ziemlich etwas teilweise bastante algo piuttosto abbastanza leggermente tamelijk vrij enigszins beetje redelijk"
    " razoavelmente"
)
_MIDDLE = _pattern(
    "neutral* neither nor undecided average ok okay fair moderate medium sometimes occasionally same unchanged mixed met"
    " acceptable adequate neutre ni moyen* parfois quelquefois indecis pareil mitige correct"
    " weder teils mittel* mittelmassig manchmal gelegentlich gleich unentschieden befriedigend ausreichend genugend"
    " regular veces indiferente normal indifferente volte discreto sufficiente neutraal soms gemiddeld noch neutro neutra nem"
    " expected erwartet attendu attendue esperado"
)
_PAIRS = re.compile(r"\b(a little|un peu|un poco|un po'?|ein wenig|um pouco|een beetje|ein bisschen)\b")
# "Does not meet", "fell short": words that are bad together.
_PHRASES = (
    (re.compile(r"\b(fell|falls?|far) (far )?short\b|\b(did|does) not meet\b|\bbelow\b"), -2),
    (re.compile(r"\babove\b"), 2),
    (re.compile(r"\bneither\b.*\bnor\b|\bweder\b.*\bnoch\b|\b(ni|ne|noch|nem)\b.*\b(ni|ne|noch|nem)\b"), 0),
    (re.compile(r"\bso[- ]so\b|\bcomme ci\b|\bteils\b"), 0),
)  # fmt: skip
_AGREEING = _pattern(
    "agree* yes true oui accord vrai ja stimme zustimm* trifft zutreff* acuerdo si verdadero accordo vero eens waar"
    " concord* acordo sim apply applies"
)
_APPLIES = re.compile(r"\b(appl(y|ies)|s'applique|aplica|applica)\b")
_EMOJI = {
    **dict.fromkeys("😡😠🤬👿😞😟😣😖😢😭👎🤮😤", -2),
    **dict.fromkeys("☹🙁😕", -1),
    **dict.fromkeys("😐😑", 0),
    **dict.fromkeys("🙂☺😌", 1),
    **dict.fromkeys("😊😀😃😄😁😍🤩😆👍❤🥰", 2),
}
_STARS = re.compile(r"[★⭐]+[☆\s\ufe0f]*")
_COMPARED = re.compile(
    r"[<>≤≥+]\s*$|^\s*[+<>≤≥]"
    r"|\b(more|less|over|under|than|plus|moins|mehr|weniger|mas|menos|piu|meno|meer|minder|mais)\b"
)
_OF_SO_MANY = re.compile(r"^(\d{1,2}) ?(?:/|of|out of|sur|von|de|di|van|su) ?\d{1,3}$")
_WHOLLY = frozenset({"all", "tout", "uberhaupt", "gar", "absolutely", "nada", "niente", "helemaal"})
_STAR_WORDS = "stars?|etoiles?|sterne?|estrellas?|stell[ae]|sterren|ster|estrelas?"
_UNITS = re.compile(rf"{_STAR_WORDS}|points?|punkte?|puntos?")


@dataclass(frozen=True, slots=True)
class Degree:
    """Where a label stands: below zero is bad (or little), above is good (or much).

    `of_something` says that the label itself names what is good or bad; "Not at all" and "Always" leave that to the question.
    """

    score: int
    of_something: bool


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Small letters without accents, plain apostrophes and single spaces; forms for both genders as one."""
    text = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'").casefold())
    text = "".join(sign for sign in text if not unicodedata.combining(sign) and sign != "\ufe0f")
    text = re.sub(r"(?<=\w)(\(e\)|\(s\)|\(a\)|·e|\.e\b|/a\b(?<=\w{3}/a))", "", text)
    return " ".join(text.split())


def says_no_answer(label: str) -> bool:
    """Whether the whole label says that it is no answer: "Don't know / not applicable", never "Does not apply at all"."""
    text = _without_number(folded(label)).strip(' .!?…-–—*[]"')
    if text.strip("()") in _NO_ANSWER:
        return True
    parts = [part.strip(' .!?…-–—*[]"') for part in _PARTS.split(text)]
    parts = [part for part in parts if part]
    return len(parts) > 1 and all(part in _NO_ANSWER for part in parts)


def shares_a_word(label: str, others: Sequence[str]) -> bool:
    """Whether another label has a word of this one: beside "Applies fully", "Does not apply" is the end of the scale."""
    stems = {word[:4] for word in re.findall(r"[a-z]{4,}", folded(label))} - {
        "dont",
        "does",
        "this",
        "have",
        "nicht"[:4],
    }
    return any(word[:4] in stems for other in others for word in re.findall(r"[a-z]{4,}", folded(other)))


def number_of(label: str) -> Fraction | None:
    """The number that a label shows: "7", "0 - Not at all likely", "Dislike 1", "5 stars", "★★☆"; None for "18-24", "3 times"."""
    text = folded(label)
    if _STARS.fullmatch(text):
        return Fraction(sum(text.count(star) for star in "★⭐"))
    text = _OF_SO_MANY.sub(r"\1", text.replace("\u2212", "-"))
    found = re.findall(r"(?<![\w.,])[+-]?\d{1,6}(?:[.,]\d{1,3})?(?![\w.,]*\d)", text)
    if len(found) != 1 or len(re.findall(r"\d+", text)) > 1 + ("." in found[0] or "," in found[0]):
        return None
    before, _number, after = text.partition(found[0])
    if "%" in after[:2] or (before.strip() and after.strip(" .)%")):
        after = after.replace("%", "", 1)
    if before.strip(" (-–—:=") and after.strip(" )-–—:=."):
        return None  # in the midst of words
    rest = re.sub(r"[\s()\-–—:=.%,]+", " ", f"{before} {after}").strip()
    if rest and not _UNITS.fullmatch(rest) and degree_of(rest) is None:
        return None
    if _COMPARED.search(f"{before} {after}"):
        return None
    return Fraction(found[0].replace(",", "."))


def shows_stars(label: str) -> bool:
    """Whether a label counts stars, of which more are better everywhere."""
    text = folded(label)
    return bool(_STARS.fullmatch(text) or re.fullmatch(rf"\d+ ({_STAR_WORDS})", text))


def degree_of(label: str) -> Degree | None:
    """Where the words of a label stand; None where none of them is known."""
    text = _without_number(folded(label))
    for face, score in _EMOJI.items():
        if face in text:
            return Degree(score, of_something=True)
    if text in ("", "-"):
        return None
    softened = _PAIRS.sub("rather", text)
    for phrase, score in _PHRASES:
        if phrase.search(softened):
            return Degree(score, of_something=True)
    words = re.findall(r"[^\W\d_]+(?:'t)?", softened)
    good, bad = _some(_GOOD, words), _some(_BAD, words)
    negations = sum(bool(_NOT.fullmatch(word)) for word in words)
    much, most, rather = _some(_MUCH, words), _some(_MOST, words), _some(_RATHER, words)
    if _APPLIES.search(softened):
        good = True
    if good and bad:
        return Degree(0, of_something=True) if negations == 0 else None
    if good or bad:
        sign = (1 if good else -1) * (-1 if negations % 2 else 1)
        if negations % 2:
            strength = 3 if not _WHOLLY.isdisjoint(words) else 1 if much or rather else 2
        else:
            strength = 4 if most else 1 if rather else 3 if much else 2
        return Degree(sign * strength, of_something=True)
    if _some(_MIDDLE, words):
        return Degree(0, of_something=False)
    if negations:
        return Degree(-3, of_something=False)
    if rather:
        return Degree(0, of_something=False)
    return Degree(3, of_something=False) if much else None


def agrees_or_not(label: str) -> bool:
    """Whether a label agrees or disagrees with the question's words, so that these say whether agreeing is good."""
    text = folded(label)
    words = re.findall(r"[^\W\d_]+", text)
    return _some(_AGREEING, words) or bool(
        re.search(r"\bdisagree|desaccord|oneens|desacuerdo|disaccordo|discord", text)
    )


def tone_of(wording: str) -> int | None:
    """Whether a question asks for something good (1) or bad (-1); None if that is not clear."""
    words = re.findall(r"[^\W\d_]+(?:'t)?", folded(wording))
    signs = set()
    for place, word in enumerate(words):
        sign = 1 if _GOOD.fullmatch(word) else -1 if _BAD.fullmatch(word) else 0
        if sign and word not in _NO_TONE:
            signs.add(-sign if any(_NOT.fullmatch(each) for each in words[max(0, place - 2) : place]) else sign)
    return signs.pop() if len(signs) == 1 else None


# Too common in questions to say anything there.
_NO_TONE = frozenset({"si", "like", "waar", "bien", "simple", "best", "accord", "trifft", "gut", "super", "ja", "yes"})


def _some(pattern: re.Pattern[str], words: Sequence[str]) -> bool:
    return any(pattern.fullmatch(word) for word in words)


def _without_number(text: str) -> str:
    """The words of a label beside its number; a label without words as it is."""
    if not re.search(r"[^\W\d]", text):
        return text
    return re.sub(r"^[+-]?\d{1,6}\s*[-–—:=.)]*\s*|\s*[-–—:=(]*\s*[+-]?\d{1,6}\)?$", "", text).strip()
