"""Scenarios: exports that fail, last or mislead."""

from sandbox.scenarios.effects import FaultsOn, SettingsChanged
from sandbox.scenarios.scenario import Scenario

EXPORTS = (
    Scenario(
        "failed_export",
        ("A11",),
        what=("The next export fails.", "Le prochain export échoue."),
        expect=("Asked for again; the fetch ends well.", "Redemandé ; la récupération finit bien."),
        effect=FaultsOn({"kind": "export_failed", "count": 1}),
    ),
    Scenario(
        "exports_keep_failing",
        ("A11",),
        what=("Every export fails.", "Chaque export échoue."),
        expect=(
            "Asked for three times, then the fetch fails and says so.",
            "Demandé trois fois, puis la récupération échoue et le dit.",
        ),
        effect=FaultsOn({"kind": "export_failed"}),
    ),
    Scenario(
        "slow_exports",
        ("A12",),
        what=("Exports take four times as long.", "Les exports durent quatre fois plus longtemps."),
        expect=("The fetch waits without holding a worker.", "La récupération attend sans occuper de processus."),
        effect=SettingsChanged(export_mode="slow"),
    ),
    Scenario(
        "stuck_exports",
        ("A12",),
        what=("Exports never get ready.", "Les exports ne sont jamais prêts."),
        expect=(
            "Looked at less and less often, given up after an hour.",
            "Consultés de plus en plus rarement, abandonnés après une heure.",
        ),
        effect=FaultsOn({"kind": "export_stuck"}),
    ),
    Scenario(
        "export_ready_at_once",
        ("A13",),
        what=("Exports are complete at the first look.", "Les exports sont prêts dès la première consultation."),
        expect=("Loaded at once.", "Chargés aussitôt."),
        effect=FaultsOn({"kind": "export_instant"}),
    ),
    Scenario(
        "export_without_percent",
        ("A13",),
        what=(
            "Exports are complete while their percentage stays at 0.",
            "Les exports sont terminés alors que le pourcentage reste à 0.",
        ),
        expect=("The status decides.", "Le statut décide."),
        effect=FaultsOn({"kind": "export_percent_zero"}),
    ),
    Scenario(
        "export_without_file",
        ("A13",),
        what=(
            "The next two exports are complete, but name no file.",
            "Les deux prochains exports sont terminés, mais sans fichier.",
        ),
        expect=("Asked for again.", "Redemandés."),
        effect=FaultsOn({"kind": "export_no_file_id", "count": 2}),
    ),
    Scenario(
        "progress_forgotten",
        ("A13",),
        what=(
            "The next look at an export finds nothing: 404.",
            "La prochaine consultation d’un export ne trouve rien : 404.",
        ),
        expect=("Asked for again for the same window.", "Redemandé pour la même période."),
        effect=FaultsOn({"kind": "progress_404", "count": 1}),
    ),
    Scenario(
        "file_forgotten",
        ("A13",),
        what=("The file of the next export is gone: 404.", "Le fichier du prochain export a disparu : 404."),
        expect=("Asked for again for the same window.", "Redemandé pour la même période."),
        effect=FaultsOn({"kind": "file_404", "count": 1}),
    ),
    Scenario(
        "continuation_refused",
        ("A14",),
        what=("Continuation tokens are refused.", "Les tokens de continuation sont refusés."),
        expect=("The fetch goes by date; nothing is lost.", "La récupération se fait par date ; rien n’est perdu."),
        effect=FaultsOn({"kind": "continuation_refused"}),
    ),
    Scenario(
        "exports_without_rows",
        ("A17",),
        what=(
            "Exports hold no answer at all, as after a loss of rights.",
            "Les exports ne contiennent plus aucune réponse, comme après une perte de droits.",
        ),
        expect=(
            "Nothing is deleted; a reconciliation holds and asks a person.",
            "Rien n’est supprimé ; un rapprochement s’arrête et demande à une personne.",
        ),
        effect=FaultsOn({"kind": "export_without_rows"}),
    ),
)
