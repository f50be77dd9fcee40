"""Rates as exact fractions; rounding is the last thing that happens to them."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

_CENT = Decimal("0.01")


def rate_of(numerator: int, denominator: int) -> Fraction | None:
    """Return the exact rate; None where there is nothing to divide by ("no data")."""
    return Fraction(numerator, denominator) if denominator else None


def rounded(value: Fraction) -> Decimal:
    """Round half up to two decimals, away from zero for negatives as for their opposites."""
    cents = abs(value) * 100
    whole = (2 * cents.numerator + cents.denominator) // (2 * cents.denominator)
    return (Decimal(whole) / 100 * (-1 if value < 0 else 1)).quantize(_CENT, ROUND_HALF_UP)


def percent(rate: Fraction | None) -> Decimal | None:
    """Return a rate in percent, two decimals, rounded half up; None stays None."""
    return None if rate is None else rounded(rate * 100)
