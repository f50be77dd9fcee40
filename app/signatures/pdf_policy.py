"""What may follow a signature in a PDF: signatures, validation data and time stamps, nothing else.

pyHanko's own policy also lets form fields be filled in, and with them the "replace" shadow attacks.
"""

from collections.abc import Iterable

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    ModificationLevel,
    StandardDiffPolicy,
    SuspiciousModification,
)
from pyhanko.sign.diff_analysis.form_rules_api import (
    FieldComparisonContext,
    FieldMDPRule,
    FormUpdate,
    FormUpdatingRule,
)
from pyhanko.sign.diff_analysis.rules.file_structure_rules import (
    CatalogModificationRule,
    ObjectStreamRule,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.rules.form_field_rules import (
    DSSCompareRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    is_field_visible,
)
from pyhanko.sign.diff_analysis.rules.metadata_rules import DocInfoRule, MetadataUpdateRule

from app.signatures.pdf_read import entry

_Updates = Iterable[tuple[ModificationLevel, FormUpdate]]


class NoEmptyVisibleField(FieldMDPRule):
    """Refuses a new signature field that shows something but holds no signature: an overlay."""

    def apply(self, context: FieldComparisonContext) -> _Updates:
        for name, spec in context.field_specs.items():
            field = spec.new_field
            is_new = spec.old_field_ref is None and field is not None
            if is_new and field is not None and "/V" not in field and is_field_visible(field):  # type: ignore[no-untyped-call]
                raise SuspiciousModification(f"new visible field {name} is not signed")
        return ()


class SameFormResources(FormUpdatingRule):
    """Also refuses to redefine the fonts and defaults from which viewers redraw old fields."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> _Updates:
        before, after = _form(old), _form(new)
        if before is not None and after is not None:
            was_drawn = entry(before, "/NeedAppearances") == entry(after, "/NeedAppearances")
            if not was_drawn and entry(after, "/NeedAppearances"):
                raise SuspiciousModification("the form's fields are to be drawn anew")
            if "/DA" in before and entry(before, "/DA") != entry(after, "/DA"):
                raise SuspiciousModification("the form's default look was changed")
            _require_kept(before, after, "/DR", depth=2)
        yield from super().apply(old, new)


def _form(revision: HistoricalResolver) -> generic.DictionaryObject | None:
    form = entry(revision.root, "/AcroForm")
    return form if isinstance(form, generic.DictionaryObject) else None


def _require_kept(
    before: generic.DictionaryObject, after: generic.DictionaryObject, key: str, *, depth: int
) -> None:
    """Require that every resource named under `key` is still the same object; more may be added."""
    old_value, new_value = entry(before, key), entry(after, key)
    if not isinstance(old_value, generic.DictionaryObject):
        return
    if not isinstance(new_value, generic.DictionaryObject):
        raise SuspiciousModification(f"{key} of the form was removed")
    for name in old_value:
        if depth > 1:
            _require_kept(old_value, new_value, name, depth=depth - 1)
        elif name not in new_value or old_value.raw_get(name) != new_value.raw_get(name):
            raise SuspiciousModification(f"resource {name} of the form was changed")


def office_diff_policy() -> StandardDiffPolicy:
    """Return the policy of the counter: only signatures, DSS and stamps after a signature."""
    level = ModificationLevel.LTA_UPDATES
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(),  # type: ignore[no-untyped-call]
            DocInfoRule().as_qualified(level),
            XrefStreamRule().as_qualified(level),
            ObjectStreamRule().as_qualified(level),
            DSSCompareRule().as_qualified(level),
            MetadataUpdateRule().as_qualified(level),  # type: ignore[no-untyped-call]
        ],
        form_rule=SameFormResources(
            field_rules=[
                NoEmptyVisibleField(),
                SigFieldCreationRule(),  # type: ignore[no-untyped-call]
                SigFieldModificationRule(allow_in_place_appearance_stream_changes=False),
            ],
        ),
    )
