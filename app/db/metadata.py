"""The one MetaData, its naming rule and the pieces that columns are made of."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def surrogate_key() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def one_of(column: str, values: Iterable[StrEnum | str]) -> CheckConstraint:
    """Return the CHECK that `column` holds one of `values`; NULL passes, as in SQL."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
