"""Whatever is sent in whatever order, the portal's memory stays a possible history."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from app.mocks.memory import Memory
from app.mocks.portal_memory import SCHEMA, PortalMemory
from app.mocks.portal_rules import NEXT
from app.mocks.portal_services import Call, PortalServices, Refused
from app.mocks.switches import Switches
from tests.mocks.samples import CODE, an_item

NOW = datetime(2026, 8, 1, tzinfo=UTC)
MESSAGES = st.lists(
    st.tuples(st.booleans(), st.sampled_from(sorted(NEXT)), st.booleans()), max_size=12
)


@given(MESSAGES)
def test_the_memory_holds_exactly_what_was_accepted(messages: list[tuple[bool, str, bool]]) -> None:
    with TemporaryDirectory() as folder:
        memory = PortalMemory(Memory(Path(folder), SCHEMA))
        switches = Switches({"strict_procedures": False, "any_first_status": False})
        services = PortalServices(memory, switches)
        accepted = [
            status
            for is_addition, status, is_status_only in messages
            if _is_accepted(services, status, is_addition=is_addition, alone=is_status_only)
        ]
        history = memory.history(CODE)
        memory.memory.close()

    assert [entry["status"] for entry in history["told"]] == accepted
    assert all(after == before or after in NEXT[before] for before, after in pairwise(accepted))
    assert not accepted or accepted[0] in {"1", "2"}
    assert (history["dossier"] or {}).get("TrangThaiHoSo") == (accepted[-1] if accepted else None)


def _is_accepted(services: PortalServices, status: str, *, is_addition: bool, alone: bool) -> bool:
    if alone:
        content = {"type": "2", "data": [{"MaHoSo": CODE, "TrangThai": status}]}
        call = Call("DongBoTrangThaiHoSo", content, NOW, by_fault=False)
    else:
        mode = "False" if is_addition else "True"
        content = {"isUpdating": mode, "data": [an_item(status)]}
        call = Call("DongBoHoSoMC", content, NOW, by_fault=False)
    try:
        services.handle(call)
    except Refused:
        return False
    return True
