"""Scenarios: files, and what is in them."""

from sandbox.exports.rendering import BAD_RECORDS
from sandbox.scenarios.effects import FaultsOn, SettingsChanged
from sandbox.scenarios.scenario import Scenario

FILE = "*/export-responses/*/file"

FILES = (
    Scenario(
        "cut_connection",
        ("A7",),
        what=(
            "The next export file breaks off after 2,000 bytes.",
            "Le prochain fichier d’export s’interrompt après 2 000 octets.",
        ),
        expect=(
            "Fetched again; nothing of the incomplete file is seen.",
            "Repris ; rien du fichier incomplet n’est visible.",
        ),
        effect=FaultsOn({"kind": "cut", "path": FILE, "size": 2000, "count": 1}),
    ),
    Scenario(
        "corrupt_zip",
        ("A8",),
        what=("The next export file is damaged.", "Le prochain fichier d’export est endommagé."),
        expect=(
            "Fetched again; if it stayed so, the fetch would fail and nothing would move.",
            "Repris ; si cela durait, la récupération échouerait et rien ne bougerait.",
        ),
        effect=FaultsOn({"kind": "corrupt_zip", "count": 1}),
    ),
    Scenario(
        "bad_checksum_zip",
        ("A8",),
        what=("The next file has a wrong checksum.", "Le prochain fichier a une somme de contrôle fausse."),
        expect=(
            "Fetched again; if it stayed so, the fetch would fail and nothing would move.",
            "Repris ; si cela durait, la récupération échouerait et rien ne bougerait.",
        ),
        effect=FaultsOn({"kind": "bad_checksum_zip", "count": 1}),
    ),
    Scenario(
        "truncated_zip",
        ("A8",),
        what=("The next file ends too early.", "Le prochain fichier s’arrête trop tôt."),
        expect=(
            "Fetched again; if it stayed so, the fetch would fail and nothing would move.",
            "Repris ; si cela durait, la récupération échouerait et rien ne bougerait.",
        ),
        effect=FaultsOn({"kind": "truncated_zip", "count": 1}),
    ),
    Scenario(
        "empty_zip",
        ("A8",),
        what=("The next file is a zip without entry.", "Le prochain fichier est un zip sans entrée."),
        expect=(
            "Fetched again; if it stayed so, the fetch would fail and nothing would move.",
            "Repris ; si cela durait, la récupération échouerait et rien ne bougerait.",
        ),
        effect=FaultsOn({"kind": "empty_zip", "count": 1}),
    ),
    Scenario(
        "encrypted_zip",
        ("A8",),
        what=("The next file wants a password.", "Le prochain fichier demande un mot de passe."),
        expect=(
            "Fetched again; if it stayed so, the fetch would fail and nothing would move.",
            "Repris ; si cela durait, la récupération échouerait et rien ne bougerait.",
        ),
        effect=FaultsOn({"kind": "encrypted_zip", "count": 1}),
    ),
    Scenario(
        "not_a_zip",
        ("A10",),
        what=("The next file is a page in HTML.", "Le prochain fichier est une page HTML."),
        expect=(
            "Fetched again; if it stayed so, the fetch would fail and nothing would move.",
            "Repris ; si cela durait, la récupération échouerait et rien ne bougerait.",
        ),
        effect=FaultsOn({"kind": "not_a_zip", "count": 1}),
    ),
    Scenario(
        "two_entry_zip",
        ("A8",),
        what=("The next file has two entries.", "Le prochain fichier a deux entrées."),
        expect=(
            "The first entry is read by its position; names play no part.",
            "La première entrée est lue par sa position ; les noms ne jouent aucun rôle.",
        ),
        effect=FaultsOn({"kind": "two_entry_zip", "count": 1}),
    ),
    Scenario(
        "odd_name_zip",
        ("A8",),
        what=("The entry of the next file is called ../../….", "L’entrée du prochain fichier s’appelle ../../…."),
        expect=(
            "The first entry is read by its position; names play no part.",
            "La première entrée est lue par sa position ; les noms ne jouent aucun rôle.",
        ),
        effect=FaultsOn({"kind": "odd_name_zip", "count": 1}),
    ),
    Scenario(
        "long_name_zip",
        ("A8",),
        what=("The entry's name is 300 characters long.", "Le nom de l’entrée fait 300 caractères."),
        expect=(
            "The first entry is read by its position; names play no part.",
            "La première entrée est lue par sa position ; les noms ne jouent aucun rôle.",
        ),
        effect=FaultsOn({"kind": "long_name_zip", "count": 1}),
    ),
    Scenario(
        "lying_size_zip",
        ("A9",),
        what=("The next file lies about its size.", "Le prochain fichier ment sur sa taille."),
        expect=("Refused; fetched again.", "Refusé ; repris."),
        effect=FaultsOn({"kind": "lying_size_zip", "count": 1}),
    ),
    Scenario(
        "zip_bomb",
        ("A9",),
        what=("The next file is a zip bomb of 300 MB.", "Le prochain fichier est une bombe zip de 300 Mo."),
        expect=("Refused before it is unpacked.", "Refusé avant décompression."),
        effect=FaultsOn({"kind": "zip_bomb", "count": 1, "size": 300}),
    ),
    Scenario(
        "odd_lines",
        ("A19",),
        what=(
            "Files hold empty objects, blank lines, a BOM, CRLF and no last line break.",
            "Les fichiers contiennent objets vides, lignes vides, BOM, CRLF et pas de fin de ligne finale.",
        ),
        expect=("Skipped and counted; the rest is stored.", "Ignorés et comptés ; le reste est stocké."),
        effect=SettingsChanged(
            data={"empty_objects": 3, "blank_lines": 2, "bom": True, "crlf": True, "no_final_newline": True}
        ),
    ),
    Scenario(
        "duplicates",
        ("A18",),
        what=(
            "A third of the rows come twice, and all are shuffled.",
            "Un tiers des lignes vient en double, toutes sont mélangées.",
        ),
        expect=(
            "One row each; the ledger counts the others as unchanged.",
            "Une ligne chacune ; le journal compte les autres comme inchangées.",
        ),
        effect=SettingsChanged(data={"duplicates": 0.3, "shuffled": True}),
    ),
    Scenario(
        "bad_records",
        ("A20", "A21", "A22", "A23"),
        what=(
            "Files hold records that are broken in every known way.",
            "Les fichiers contiennent des enregistrements cassés de toutes les façons connues.",
        ),
        expect=(
            "Set aside with the reason; the fetch is “done, some records rejected”.",
            "Mis de côté avec la raison ; la récupération est « terminée, certains rejetés ».",
        ),
        effect=SettingsChanged(data={"bad_records": list(BAD_RECORDS)}),
    ),
)
