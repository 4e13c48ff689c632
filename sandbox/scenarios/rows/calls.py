"""Scenarios: calls, and the way there."""

from sandbox.demo import RAILWAY_TOKEN
from sandbox.scenarios.effects import BrandMoved, ClockAhead, FaultsOn, SettingsChanged, TokenRevoked
from sandbox.scenarios.scenario import Scenario

CALLS = (
    Scenario(
        "too_many_requests",
        ("A1",),
        what=(
            "The next ten calls are answered 429 with Retry-After 7.",
            "Les dix prochains appels reçoivent 429 avec Retry-After 7.",
        ),
        expect=(
            "Fetches wait at least as long as asked, then go on.",
            "Les récupérations attendent au moins le temps demandé, puis continuent.",
        ),
        effect=FaultsOn({"kind": "429", "count": 10, "retry_after": "7"}),
    ),
    Scenario(
        "rate_limit_in_html",
        ("A2",),
        what=("Every call is answered 429 in HTML, without a time.", "Chaque appel reçoit 429 en HTML, sans délai."),
        expect=(
            "Waits double; in the end the fetch is put off, no error about JSON.",
            "Les attentes doublent ; enfin la récupération est reportée, sans erreur de JSON.",
        ),
        effect=FaultsOn({"kind": "429", "html": True}),
    ),
    Scenario(
        "retry_after_ten_years",
        ("A3",),
        what=(
            "The next three calls ask to come back in ten years, minus one second, soon.",
            "Les trois prochains appels demandent de revenir dans dix ans, moins une seconde, bientôt.",
        ),
        expect=("Waits stay between 0 and 15 minutes.", "Les attentes restent entre 0 et 15 minutes."),
        effect=FaultsOn(
            {"kind": "429", "count": 1, "retry_after": "315360000"},
            {"kind": "429", "count": 1, "retry_after": "-1"},
            {"kind": "503", "count": 1, "retry_after": "soon"},
        ),
    ),
    Scenario(
        "tight_limits",
        ("A1",),
        what=("Each brand may make 20 calls a minute.", "Chaque marque n’a droit qu’à 20 appels par minute."),
        expect=("Everything arrives, only later.", "Tout arrive, mais plus tard."),
        effect=SettingsChanged(limits=True, limit_per_minute={"brand": 20}),
    ),
    Scenario(
        "server_errors",
        ("A4",),
        what=(
            "Every call of the railway fails with 500, 503 or 504.",
            "Chaque appel du chemin de fer échoue : 500, 503 ou 504.",
        ),
        expect=(
            "After five failures its calls rest; the bank goes on, last values stay with their date.",
            "Après cinq échecs, ses appels sont suspendus ; la banque continue, les dernières valeurs restent datées.",
        ),
        effect=FaultsOn({"kind": "soup", "soup": ["500", "503", "504"], "brand": "coastline"}),
    ),
    Scenario(
        "shaky_network",
        ("A4", "A7"),
        what=(
            "A third of the calls go wrong in one way or another.",
            "Un tiers des appels tourne mal, d’une façon ou d’une autre.",
        ),
        expect=("Fetches take longer and end well.", "Les récupérations durent plus longtemps et finissent bien."),
        effect=FaultsOn({"kind": "soup", "probability": 0.33}),
    ),
    Scenario(
        "slow_answers",
        ("A6",),
        what=("Every answer takes four seconds.", "Chaque réponse de l’API prend quatre secondes."),
        expect=("Pages and fetches wait; nothing fails.", "Pages et récupérations attendent ; rien n’échoue."),
        effect=FaultsOn({"kind": "delay", "seconds": 4}),
    ),
    Scenario(
        "throttled",
        ("A6",),
        what=(
            "The API sends a byte every five seconds.",
            "Les réponses arrivent au goutte-à-goutte : un octet toutes les 5 s.",
        ),
        expect=(
            "Each call ends at its total deadline and is tried again later.",
            "Chaque appel s’arrête à son délai total et sera retenté plus tard.",
        ),
        effect=FaultsOn({"kind": "throttle", "size": 1, "seconds": 5}),
    ),
    Scenario(
        "hung_up",
        ("A7",),
        what=("The connection is cut before any answer.", "La connexion est coupée avant toute réponse."),
        expect=(
            "Tried again; the sentence says that the connection broke off.",
            "Nouvel essai ; la phrase dit que la connexion a été coupée.",
        ),
        effect=FaultsOn({"kind": "cut_before_answer"}),
    ),
    Scenario(
        "lost_distribution",
        ("A31",),
        what=(
            "The next distribution is taken, but its answer is lost.",
            "La prochaine distribution est acceptée, mais la réponse se perd.",
        ),
        expect=(
            "It is not sent again: “Not known whether it was sent”.",
            "Elle n’est pas renvoyée : « on ne sait pas si elle est partie ».",
        ),
        effect=FaultsOn({"kind": "lost_answer", "path": "*/distributions*", "method": "POST", "count": 1}),
    ),
    Scenario(
        "html_answers",
        ("A10",),
        what=("Every call is answered 200 with a page in HTML.", "Chaque appel reçoit 200 avec une page HTML."),
        expect=(
            "Not taken for data; the fetch says what came instead.",
            "Pas pris pour des données ; la récupération dit ce qui est venu.",
        ),
        effect=FaultsOn({"kind": "html_200"}),
    ),
    Scenario(
        "empty_answers",
        ("A10",),
        what=("Every call is answered 200 with nothing.", "Chaque appel reçoit 200 et rien d’autre."),
        expect=("Not taken for data.", "Pas pris pour des données."),
        effect=FaultsOn({"kind": "empty_body"}),
    ),
    Scenario(
        "errors_as_200",
        ("A10",),
        what=("Every call is answered 200 with an error in JSON.", "Chaque appel reçoit 200 avec une erreur en JSON."),
        expect=("Not taken for data.", "Pas pris pour des données."),
        effect=FaultsOn({"kind": "json_error_200"}),
    ),
    Scenario(
        "token_echoed",
        ("D7", "F1"),
        what=(
            "Every call fails with a message that repeats the token.",
            "Chaque appel échoue avec un message qui répète le token.",
        ),
        expect=(
            "The token is blotted out wherever the message is shown or kept.",
            "Le token est masqué partout où le message est montré ou gardé.",
        ),
        effect=FaultsOn({"kind": "echo"}),
    ),
    Scenario(
        "huge_answers",
        ("A9",),
        what=("Every answer in JSON is 60 MB long.", "Chaque réponse JSON pèse 60 Mo."),
        expect=(
            "Cut off at the size cap; memory stays flat.",
            "Interrompu à la taille maximale ; la mémoire reste stable.",
        ),
        effect=FaultsOn({"kind": "huge_body", "size": 60}),
    ),
    Scenario(
        "expired_token",
        ("A27",),
        what=(
            "Somebody generated a new token: the railway's one is refused.",
            "Quelqu’un a généré un nouveau token : celui du chemin de fer est refusé.",
        ),
        expect=(
            "One call, then the connection stops and says what to do; after “Test the connector” it goes on.",
            "Un seul appel, puis la connexion s’arrête et dit que faire ; après « Tester le connecteur », elle reprend.",
        ),
        effect=TokenRevoked(RAILWAY_TOKEN),
    ),
    Scenario(
        "rights_taken",
        ("A25",),
        what=(
            "The railway's user may read nothing any more: 403.",
            "L’utilisateur du chemin de fer n’a plus aucun droit : 403.",
        ),
        expect=(
            "Named on the connection; values stay with their date.",
            "Dit sur la connexion ; les valeurs restent avec leur date.",
        ),
        effect=FaultsOn({"kind": "403", "brand": "coastline"}),
    ),
    Scenario(
        "wrong_data_centre",
        ("A28",),
        what=(
            "The railway moves to the other data centre.",
            "Le chemin de fer déménage dans l’autre centre de données.",
        ),
        expect=(
            "The connection names the right host; only a person who types the token again moves there.",
            "La connexion indique le bon hôte ; on n’y va qu’en saisissant de nouveau le token.",
        ),
        effect=BrandMoved("coastline"),
    ),
    Scenario(
        "pages_elsewhere",
        ("A28",),
        what=(
            "Lists say that their next page is at another host.",
            "Les listes donnent une page suivante sur un autre hôte.",
        ),
        expect=(
            "The token goes nowhere else; the list is marked as incomplete.",
            "Le token ne va nulle part ailleurs ; la liste est signalée comme incomplète.",
        ),
        effect=FaultsOn({"kind": "next_page_elsewhere"}),
    ),
    Scenario(
        "pages_in_a_circle",
        ("A28",),
        what=("Lists lead back to their first page.", "Les listes ramènent à leur première page."),
        expect=(
            "Each ends there, and is marked as incomplete.",
            "Chacune s’arrête là et est signalée comme incomplète.",
        ),
        effect=FaultsOn({"kind": "next_page_loop"}),
    ),
    Scenario(
        "pages_without_end",
        ("A28",),
        what=("Lists never end.", "Les listes ne finissent jamais."),
        expect=(
            "Ended after many pages, and marked as incomplete.",
            "Arrêtées après de nombreuses pages et signalées comme incomplètes.",
        ),
        effect=FaultsOn({"kind": "next_page_endless"}),
    ),
    Scenario(
        "redirects",
        ("A28",),
        what=("Every call is redirected to another host.", "Chaque appel est redirigé vers un autre hôte."),
        expect=("Never followed.", "Jamais suivi."),
        effect=FaultsOn({"kind": "redirect"}),
    ),
    Scenario(
        "clock_ahead",
        ("A29",),
        what=("The clock of Qualtrics is two hours ahead of ours.", "L’horloge de Qualtrics avance de deux heures."),
        expect=("Its dates decide; nothing is lost.", "Ses dates décident ; rien n’est perdu."),
        effect=ClockAhead(hours=2),
    ),
)
