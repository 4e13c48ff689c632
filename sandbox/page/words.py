"""What the page says, in English and French."""

from sandbox.scenarios.scenario import Words

GROUP_TITLES: dict[str, Words] = {
    "people": ("Time and people", "Le temps et les gens"),
    "calls": ("Calls and the way there", "Les appels et le chemin"),
    "exports": ("Exports", "Les exports"),
    "files": ("Files", "Les fichiers"),
    "surveys": ("Surveys", "Les enquêtes"),
    "webhooks": ("Messages of new responses", "Les messages de nouvelles réponses"),
    "end": ("The end", "La fin"),
}
# `$now`, `$post` and `$get` are filled in.
WORDS: dict[str, Words] = {
    "title": ("Sandbox Qualtrics", "Qualtrics bac à sable"),
    "about": (
        "This imitates a part of the Qualtrics API. Brands, people and answers are made up. It is now $now here.",
        "Ceci imite une partie de l’API Qualtrics. Marques, personnes et réponses sont inventées. Il est ici $now.",
    ),
    "live_feed_on": ("New answers arrive by themselves.", "De nouvelles réponses arrivent d’elles-mêmes."),
    "live_feed_off": ("No new answers arrive by themselves.", "Aucune réponse n’arrive d’elle-même."),
    "how": (
        "Switch something on, then look at Parcours: retrieve data, test the connector, open an item or the ledger.",
        "Activez une situation, puis regardez Parcours\u00a0: récupérez les données, testez le connecteur, ouvrez un "
        "élément ou le journal.",
    ),
    "language": ("Language", "Langue"),
    "contents": ("On this page", "Sur cette page"),
    "on_now": ("Switched on", "En cours"),
    "nothing_on": ("Nothing: all is normal.", "Rien\u00a0: tout est normal."),
    "scenarios": ("Scenarios", "Scénarios"),
    "calls": ("Last received calls", "Derniers appels reçus"),
    "no_calls": ("None so far.", "Aucun pour l’instant."),
    "look_again": ("Look again", "Regarder de nouveau"),
    "tokens": ("Tokens", "Tokens"),
    "surveys": ("Surveys", "Enquêtes"),
    "in_parcours": ("In Parcours:", "Dans Parcours\u00a0:"),
    "is_on": ("On", "Actif"),
    "switch_on": ("Switch on", "Activer"),
    "switch_off": ("Switch off", "Désactiver"),
    "let_happen": ("Let it happen", "Déclencher"),
    "programs": (
        "Programs use $post; $get lists the actions. The numbers are lines of docs/faults.md. Not here: names and "
        "certificates (A5), summer time (A30); these have tests of their own.",
        "Les programmes utilisent $post\u00a0; $get en donne la liste. Les numéros sont les lignes de docs/faults.md. "
        "Absents ici\u00a0: noms et certificats (A5), heure d’été (A30), qui ont leurs propres tests.",
    ),
    "head_calls": ("When|Method|Path|Status|Fault", "Quand|Méthode|Chemin|Statut|Panne"),
    "faults": ("Faults switched on", "Pannes activées"),
    "head_faults": (
        "Kind|Path|Calls left|Probability|Met so far",
        "Genre|Chemin|Appels restants|Probabilité|Déjà touchés",
    ),
    "head_tokens": ("User|Brand|Host|API token|Rights", "Utilisateur|Marque|Hôte|Token d’API|Droits"),
    "head_surveys": (
        "Name|Brand|Id|State|Responses|Previews and tests",
        "Nom|Marque|Id|État|Réponses|Aperçus et tests",
    ),
    "revoked": ("revoked", "révoqué"),
    "no_rights": ("none", "aucun"),
    "active": ("active", "active"),
    "not_active": ("not active", "inactive"),
}
