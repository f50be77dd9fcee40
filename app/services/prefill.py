"""What need not be typed in again (once-only), read for the person whose it is."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import desc, select

from app.db.access import Transaction, acting
from app.db.dossiers import dossier
from app.db.lookup_answers import address_of, facts_of
from app.db.lookups import lookup_answer
from app.db.visibility import visible
from app.domain.actor import Actor, Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.lifecycle import RoleRefused
from app.domain.lookups import Facts, ProcedureUnknown, Source, filled_from
from app.services.desk import Desk


def known_for(desk: Desk, procedure: str, *, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return what is known already for a form: from the account, own dossiers, kept answers.

    Nobody is asked for it: without a dossier there is no look-up.
    """
    if actor.role is not Role.APPLICANT:
        raise RoleRefused("Chỉ người nộp được điền sẵn từ dữ liệu của chính mình.")
    with acting(desk.engine, actor) as tx:
        offered = desk.references.catalogue(tx).version_on(procedure, _day(now))
        if offered is None:
            raise ProcedureUnknown("Không có thủ tục với mã này đang có hiệu lực.")
        facts = _own_facts(desk, tx, now)
        sources = {
            "dossier": _last_contact(tx),
            "account": {
                "number": actor.identity_number,
                "name": actor.name,
                "phone": actor.phone,
                "email": actor.email,
            },
            "register": {"name": facts.get("name"), "address": address_of(tx, facts)},
        }
    applicant, come_from = {}, {}
    for source, known in sources.items():  # later ones know better
        for name, value in known.items():
            if value:
                applicant[name], come_from[f"/applicant/{name}"] = value, source
    form = filled_from(offered.version.form, facts)
    come_from |= {f"/form/{name}": "register" for name in form}
    return {"applicant": applicant, "form": form, "sources": come_from}


def _day(now: datetime) -> date:
    return now.astimezone(LOCAL_ZONE).date()


def _own_facts(desk: Desk, tx: Transaction, now: datetime) -> Facts:
    number = tx.actor.identity_number
    answers = tx.db.execute(
        select(lookup_answer)
        .where(
            lookup_answer.c.subject_number == number,
            lookup_answer.c.source != Source.RESULT_STORE,
            lookup_answer.c.expires_at > now,
        )
        .order_by(desc(lookup_answer.c.fetched_at))
        .limit(1)
    ).one_or_none()
    return {} if answers is None else facts_of(answers, desk.partners.link_key) or {}


def _last_contact(tx: Transaction) -> Mapping[str, Any]:
    contact: Mapping[str, Any] | None = tx.db.scalar(
        select(dossier.c.contact)
        .where(dossier.c.applicant_number == tx.actor.identity_number, visible(tx.actor))
        .order_by(desc(dossier.c.received_at))
        .limit(1)
    )
    return contact or {}
