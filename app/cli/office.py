"""A desk for commands that act on the province's own books, as its operator."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.cli.database import ready
from app.cli.reading import settings_of
from app.composition import desk_of, engine_of
from app.db.access import acting
from app.domain.actor import SYSTEM, Actor, Role
from app.services.desk import Desk


@contextmanager
def operated() -> Iterator[tuple[Desk, Actor]]:
    """Give the desk and who acts on it: the administrator of the whole province.

    A refusal ends the command with its sentence.
    """
    with ready(settings_of()) as settings:
        engine = engine_of(settings, pool_size=2)
        desk = desk_of(settings, engine)
        with acting(engine, SYSTEM) as tx:
            agencies = desk.references.catalogue(tx).agencies.values()
        province = next(agency.code for agency in agencies if agency.parent is None)
        try:
            yield desk, Actor("motcua", Role.ADMINISTRATOR, "Người vận hành", province)
        finally:
            engine.dispose()
