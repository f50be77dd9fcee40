"""What a person may see of dossiers and petitions: the one place where the filters stand.

Applicants see what is theirs or what they handed in; desk staff what their agency, or a unit
below it, has or had in hand; the system everything; everybody else nothing. The same rule
is row security in the database (migrations), tested against this one.
"""

from typing import Any

from sqlalchemy import ColumnElement, cast, false, func, or_, true
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from app.db.dossiers import dossier
from app.db.petitions import petition
from app.domain.actor import DESK_ROLES, Actor, Role


def own_agencies() -> ColumnElement[Any]:
    """Return the acting person's agency and those below it, as told at the transaction's start."""
    return cast(func.current_setting("app.agencies"), ARRAY(BIGINT))


def is_here() -> ColumnElement[bool]:
    """Return the condition that the acting person's agency has a dossier in hand now."""
    return dossier.c.at_agency_id == func.any(own_agencies())


def visible(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that `actor` may see a row of `dossier`."""
    if actor.is_internal:
        return true()
    if actor.role is Role.APPLICANT:
        own = dossier.c.submitter_id == actor.id
        if actor.identity_number is None:
            return own
        return or_(own, dossier.c.applicant_number == actor.identity_number)
    if actor.role in DESK_ROLES and actor.agency is not None:
        mine = own_agencies()
        overlaps: ColumnElement[bool] = dossier.c.agency_ids.overlap(mine)
        return overlaps
    return false()


def visible_petitions(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that `actor` may see a row of `petition`.

    Its petitioner, and desk staff of the agency that it is about or of one above it.
    """
    if actor.is_internal:
        return true()
    if actor.role is Role.APPLICANT:
        own = petition.c.petitioner_id == actor.id
        if actor.identity_number is None:
            return own
        return or_(own, petition.c.petitioner_number == actor.identity_number)
    if actor.role in DESK_ROLES and actor.agency is not None:
        return petition.c.agency_id == func.any(own_agencies())
    return false()
