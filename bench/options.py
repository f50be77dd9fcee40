"""What may be chosen for a run of measurements."""

import argparse
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from bench.stand import HERE


@dataclass(frozen=True)
class Options:
    """Everything chosen: `against` is another checkout, `into` None keeps no record."""

    pairs: int
    seconds: float
    sizes: tuple[int, ...]
    load_s: float
    rate: float
    runs: int
    messages: int
    asked: int
    rounds: int
    seed: int
    worker: bool
    fresh: bool
    against: Path | None
    keep: Path | None
    into: Path | None
    command: str
    load_before: float


def read(arguments: list[str], names: list[str]) -> tuple[list[str], Options]:
    """Return which of the measurements to run and how."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "which",
        nargs="*",
        type=str.upper,
        metavar="|".join(names),
        help="default: the short ones",
    )
    parser.add_argument("--pairs", type=int, default=4, help="P1, P2, P6: alternations")
    parser.add_argument("--seconds", type=float, default=4.0, help="P1, P2: of each slot")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[10_000, 100_000],
        help="P3, P4, P6, EXTRACT, IMPORT: dossiers",
    )
    parser.add_argument("--messages", type=int, default=20_000, help="P5: to be told")
    parser.add_argument(
        "--asked", type=int, default=20_000, help="RECONCILE: dossiers to be asked about"
    )
    parser.add_argument("--rounds", type=int, default=50, help="CRASH: how often to kill")
    parser.add_argument("--seed", type=int, default=1, help="CRASH: what is killed, and when")
    parser.add_argument("--runs", type=int, default=3, help="P8: warm starts")
    parser.add_argument("--fresh", action="store_true", help="P8: clone and install too")
    parser.add_argument("--long", type=float, default=60.0, help="P9: seconds of load")
    parser.add_argument("--rate", type=float, default=60.0, help="P9: requests per second")
    parser.add_argument("--worker", action="store_true", help="P1, P2: with a worker beside")
    parser.add_argument("--against", type=Path, help="P1, P2: a checkout to alternate with")
    parser.add_argument(
        "--keep",
        type=Path,
        help="P3, P4, P6, IMPORT: a folder whose provinces are used again if they fit",
    )
    parser.add_argument("--no-record", action="store_true", help="only print")
    given = parser.parse_args(arguments)
    if unknown := set(given.which) - set(names):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    options = Options(
        pairs=given.pairs,
        seconds=given.seconds,
        sizes=tuple(given.sizes),
        load_s=given.long,
        rate=given.rate,
        runs=given.runs,
        messages=given.messages,
        asked=given.asked,
        rounds=given.rounds,
        seed=given.seed,
        worker=given.worker,
        fresh=given.fresh,
        against=given.against.resolve() if given.against else None,
        keep=given.keep.resolve() if given.keep else None,
        into=None if given.no_record else HERE / "docs" / "measurements.md",
        command=_without_places(arguments),
        load_before=os.getloadavg()[0],
    )
    return given.which, options


def _without_places(arguments: list[str]) -> str:
    """Return the command as others can give it: which folders they keep is their own affair."""
    shown = ["python", "-m", "bench"]
    for before, argument in zip(["", *arguments], arguments, strict=False):
        is_place = before in _PLACES
        name, sign, _ = argument.partition("=")
        shown.append("DIR" if is_place else f"{name}=DIR" if sign and name in _PLACES else argument)
    return shlex.join(shown)


_PLACES = {"--keep", "--against"}
