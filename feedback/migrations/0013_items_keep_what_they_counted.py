import re
from decimal import Decimal, InvalidOperation

from django.db import migrations

# As choices were left out before mappings were kept. The words are not to be changed any more: numbers were made by them.
_NO_ANSWER = re.compile(
    r"^\s*(n[\s/.]{0,2}a\b|not applicable|does not apply|(i )?do(n['’]t| not) know|no opinion|sans objet|non applicable"
    r"|non concerné|(je )?ne sai[st] pas|nsp\b|sans opinion|sans avis)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,30})?")


def keep_what_items_counted(apps, schema_editor):
    """Every item gets the mapping by which it has counted so far: each code as its own value, so no number changes.

    Items and former mappings are few; each is written by itself.
    """
    for name in ("FeedbackItem", "FormerMapping"):
        model = apps.get_model("feedback", name)
        rows = model.objects.filter(mapping__isnull=True).exclude(question=None).select_related("question")
        if name == "FeedbackItem":
            rows = rows.exclude(chosen_state="draft")
        for row in rows.iterator():
            mapping = as_counted(row.question.choices if row.question.kind in ("choice", "nps") else [])
            changed = {"mapping": mapping}
            if name == "FeedbackItem" and mapping:
                changed["mapping_assumed"] = True
            model.objects.filter(pk=row.pk).update(**changed)
    # What the source says of a question's form is known once its definition has been read again.
    apps.get_model("feedback", "Survey").objects.exclude(vendor_version="").update(vendor_version="")


def as_counted(choices):
    """Each code as its own value; codes of choices that said to be no answer, and codes that are no numbers, left out."""
    gone = {
        _code(choice["value"])
        for choice in choices
        if not choice.get("analyze", True) or _NO_ANSWER.search(str(choice.get("label", "")))
    }
    mapping = []
    for choice in choices:
        code = _code(choice["value"])
        entry = {"code": code, "label": str(choice.get("label") or "")}
        if code in gone:
            entry["left_out"] = "not_applicable"
        elif not _NUMBER.fullmatch(code):
            entry["left_out"] = "out_of_scale"
        else:
            entry["value"] = code
        mapping.append(entry)
    return mapping


def _code(value):
    text = str(value).strip()
    try:
        exact = Decimal(text) if _NUMBER.fullmatch(text) else None
    except InvalidOperation:
        exact = None
    if exact is None:
        return text
    plain = format(exact, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("-0", "") else plain


class Migration(migrations.Migration):
    dependencies = [("feedback", "0012_mappings_of_choices")]

    operations = [migrations.RunPython(keep_what_items_counted, migrations.RunPython.noop)]
