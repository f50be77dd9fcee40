"""Dossiers played at random: hand-overs, history, place and table always say the same."""

import random
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from app.domain.lifecycle import Act, Status
from tests.builders import (
    DISTRICT,
    JUSTICE,
    MONDAY,
    OTHER_DISTRICT,
    PARTIAL,
    PATH_OF,
    Api,
    a_body,
    a_dossier,
    succeeded,
)
from tests.steps.processes import THROUGH_THE_LEVELS, set_steps

AGENCIES = (DISTRICT, OTHER_DISTRICT, JUSTICE)
STEPS = [step["code"] for step in THROUGH_THE_LEVELS]
LIMIT_MINUTES = 3 * 480


def _place(api: Api, code: str) -> dict[str, Any]:
    return api.row(
        "SELECT dossier.*, agency.code AS at FROM dossier JOIN agency ON agency.id = at_agency_id"
        " WHERE dossier.code = :code",
        code=code,
    )


def _act(api: Api, code: str, chance: random.Random) -> None:
    """Do something that somebody might do; what is refused is as good as what is done."""
    place = _place(api, code)
    at = place["at"]
    if place["status"] == Status.SUPPLEMENT_REQUESTED:
        if chance.random() < 0.7:
            api.citizen().act(code, "supplements", a_body(api, Act.SUPPLEMENT))
        return
    act = chance.choices(
        [Act.PASS_ON, Act.REQUEST_SUPPLEMENT, Act.EXTEND, Act.RESOLVE, Act.STOP, Act.WITHDRAW],
        [10, 2, 1, 2, 0.3, 0.3],
    )[0]
    if act is Act.PASS_ON:
        body: dict[str, Any] = {}
        if chance.random() < 0.5:
            body = {"reason": "Theo phân công"}
            body |= {"agency": chance.choice(AGENCIES)} if chance.random() < 0.6 else {}
            body |= {"step": chance.choice(STEPS)} if chance.random() < 0.6 else {}
        api.officer(at).act(code, "handovers", body)
        return
    person = {Act.WITHDRAW: api.citizen(), Act.REQUEST_SUPPLEMENT: api.officer(at)}.get(
        act, api.approver(at)
    )
    person.act(code, PATH_OF[act], a_body(api, act))


def _agree(api: Api, code: str) -> None:
    place = _place(api, code)
    found = succeeded(api.officer("H44").get(f"/v1/dossiers/{code}/handovers"))["items"]
    kept = api.rows("SELECT * FROM handover WHERE dossier_id = :id ORDER BY seq", id=place["id"])
    moves = api.rows(
        "SELECT seq FROM dossier_event WHERE dossier_id = :id AND act IN ('start', 'pass_on')",
        id=place["id"],
    )

    assert {row["seq"] for row in moves} <= {one["seq"] for one in found}
    assert [row["seq"] for row in kept] == [one["seq"] for one in found if one["left_at"]]
    for one, after in pairwise(found):
        assert one["left_at"] == after["sent_at"]
        assert (one["receiver"]["agency"], one["receiver"]["step"]) == (
            after["giver"]["agency"],
            after["giver"]["step"],
        )
    last, is_over = found[-1], place["ended_at"] is not None
    is_return = last["due_at"] is None and last["left_at"] is None
    assert (last["left_at"] is None) == (not is_over or is_return)
    if not is_over:
        assert last["receiver"]["agency"] == place["at"]
        assert last["receiver"]["step"] == STEPS[place["step"]]
    due_at = place["due_at"]
    for one in found:
        if one["due_at"] and datetime.fromisoformat(one["received_at"]) < due_at:
            assert datetime.fromisoformat(one["due_at"]) <= due_at
        assert (one["outcome"] is None) == (one["left_at"] is None or one["due_at"] is None)
    assert all(one["budget_minutes"] <= 2 * LIMIT_MINUTES for one in found)
    deliveries = api.rows("SELECT seq FROM delivery WHERE dossier_id = :id", id=place["id"])
    assert len(deliveries) == place["version"]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_done_in_whatever_order_the_records_agree(api: Api, seed: int) -> None:
    chance = random.Random(seed)
    api.clock.at = MONDAY
    set_steps(api, PARTIAL, [step | {"decides": None} for step in THROUGH_THE_LEVELS])
    code = a_dossier(api, Status.IN_PROCESS)
    for _ in range(14):
        api.clock.move(minutes=chance.randrange(0, 700))
        _act(api, code, chance)
        _agree(api, code)
        if _place(api, code)["ended_at"] is not None:
            break
    api.clock.at = MONDAY
