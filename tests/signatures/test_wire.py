"""A verdict goes through JSON unharmed; anything else that comes back is refused."""

import json
from typing import Any

import pytest

from app.domain.signature import SubIndication, no_signature, undecided
from app.signatures.wire import NotAVerdict, from_json, to_json
from tests.signatures.forge_pdf import plain_pdf
from tests.signatures.office import Desk


@pytest.mark.parametrize("signer", ["firm", "revoked"])
def test_a_verdict_comes_back_as_it_went(desk: Desk, signer: str) -> None:
    verdict = desk.verdict(desk.sign(plain_pdf(), signer))

    assert from_json(json.loads(json.dumps(to_json(verdict)))) == verdict


@pytest.mark.parametrize(
    "verdict", [no_signature(), *(undecided(s, "Chi tiết.") for s in SubIndication)]
)
def test_verdicts_without_signatures_come_back_too(verdict: Any) -> None:  # noqa: ANN401
    assert from_json(json.loads(json.dumps(to_json(verdict)))) == verdict


LIES: list[dict[str, Any]] = [
    {"indication": "TOTAL_PASSED"},
    {"indication": "TOTAL_PASSED", "intact": True, "valid": True, "trusted": True},
    {"indication": "GOOD"},
    {"intact": True},
    {"intact": "false"},
    {"trusted": 1},
    {"coverage": "all"},
    {"reason": None, "extra": 1},
    {"reason": 5},
    {"reason": "x" * 100_000},
    {"signatures": None},
    {"signatures": [{}]},
    {"signatures": ["x"]},
    {"signatures": [{"indication": "TOTAL_PASSED"}]},
]


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_that_is_not_a_verdict_is_refused(lie: dict[str, Any]) -> None:
    with pytest.raises(NotAVerdict):
        from_json(to_json(no_signature()) | lie)


@pytest.mark.parametrize("value", [None, [], "x", 5, {}])
def test_an_answer_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(NotAVerdict):
        from_json(value)


def test_a_signature_cannot_pass_without_its_parts(desk: Desk, signed: bytes) -> None:
    genuine = to_json(desk.verdict(signed))
    for part in ("intact", "valid", "trusted"):
        forged = json.loads(json.dumps(genuine))
        forged["signatures"][0][part] = forged[part] = False
        with pytest.raises(NotAVerdict):
            from_json(forged)
