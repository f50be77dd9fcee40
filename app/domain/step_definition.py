"""Steps of a process as a definition writes them: read with all their faults told."""

import re

from app.domain.actor import DESK_ROLES, Role
from app.domain.agency import AGENCY_CODE, LONGEST_AGENCY_CODE
from app.domain.definition import Node, blame_repeats
from app.domain.lifecycle import Act
from app.domain.procedure import DECIDABLE, AgencyRule, Step

_STEP_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MEMBERS = ("code", "name", "role", "share_percent")
_OPTIONAL = ("agency", "decides")
_PERCENT = 100
_FIRST_STEP = "reception"


def read_steps(node: Node) -> tuple[Step, ...]:
    """Read the steps; the first is the reception, one approves, all can be reached."""
    items = node.items(least=1)
    parts = [item.record(*_MEMBERS, optional=_OPTIONAL) for item in items]
    blame_repeats(part["code"] for part in parts)
    steps = tuple(_step(part) for part in parts)
    if items and items[0].has_sound("code", "role"):
        _check_first_step(items[0], steps[0])
    if items and all(item.has_sound("role") for item in items):
        _check_approval(node, steps)
    if items and all(item.has_sound("share_percent") for item in items):
        _check_shares(node, steps)
    if items and node.is_sound():
        _check_way(node, items, steps)
    return steps


def _step(part: dict[str, Node]) -> Step:
    return Step(
        code=part["code"].text(_STEP_CODE),
        name=part["name"].text(),
        role=part["role"].choice(Role, sorted(DESK_ROLES)),
        share_percent=part["share_percent"].integer(0, _PERCENT),
        agency=_agency(part["agency"]) if "agency" in part else AgencyRule.HERE,
        decides=_decides(part["decides"]) if "decides" in part else None,
    )


def _agency(node: Node) -> AgencyRule | str:
    """Read `here`, `resolving`, `parent` or an identifier code."""
    for rule in AgencyRule:
        if node.value == rule.value:
            return rule
    return node.text(AGENCY_CODE, LONGEST_AGENCY_CODE)


def _decides(node: Node) -> tuple[Act, ...] | None:
    if node.value is None:
        return None
    items = node.items()
    blame_repeats(items)
    return tuple(item.choice(Act, DECIDABLE) for item in items)


def _check_first_step(node: Node, step: Step) -> None:
    if (step.code, step.role) != (_FIRST_STEP, Role.RECEPTIONIST):
        node.blame(f"Bước đầu tiên phải là {_FIRST_STEP}, do {Role.RECEPTIONIST} thực hiện.")


def _check_approval(node: Node, steps: tuple[Step, ...]) -> None:
    if all(step.role is not Role.APPROVER for step in steps):
        node.blame(f"Phải có bước ký duyệt, do {Role.APPROVER} thực hiện.")


def _check_shares(node: Node, steps: tuple[Step, ...]) -> None:
    shares = sum(step.share_percent for step in steps)
    if shares != _PERCENT:
        node.blame(f"Tổng tỷ lệ thời gian của các bước là {shares} %, phải bằng {_PERCENT} %.")


def _check_way(node: Node, items: list[Node], steps: tuple[Step, ...]) -> None:
    """Blame steps that no dossier gets to, and a process that no dossier comes out of.

    Starting leads from the first step to the second, handing on from each to the next; the
    decision takes the result to a last step of the desk.
    """
    reached = _reached(steps)
    for place, item in enumerate(items):
        if place not in reached:
            item.blame("Không hồ sơ nào tới được bước này: bước trước không được chuyển tiếp.")
    if not any(place and steps[place].lets(Act.RESOLVE) for place in reached):
        node.blame("Không bước nào tới được có quyền ký duyệt kết quả.")


def _reached(steps: tuple[Step, ...]) -> set[int]:
    reached, last = {0}, len(steps) - 1
    for place in range(1, len(steps)):
        if place > 1 and not steps[place - 1].lets(Act.PASS_ON):
            break
        reached.add(place)
    is_decided = any(place and steps[place].lets(Act.RESOLVE) for place in reached)
    if last > 0 and steps[last].role is Role.RECEPTIONIST and is_decided:
        reached.add(last)
    return reached
