"""Files that commands write: whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NoReturn

import typer


def refuse(sentence: str) -> NoReturn:
    """End the command with what is wrong with what was asked."""
    typer.echo(f"motcua: {sentence}", err=True)
    raise typer.Exit(2)


@contextmanager
def whole(out: Path) -> Iterator[IO[bytes]]:
    """Give a file that takes its name when the block ends well, and is gone otherwise."""
    if not out.parent.is_dir():
        refuse(f"{out.parent}: không có thư mục này.")
    with NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}.", delete=False) as file:
        part = Path(file.name)
        try:
            yield file
        except BaseException:
            part.unlink()
            raise
    umask = os.umask(0)
    os.umask(umask)
    part.chmod(0o666 & ~umask)
    part.replace(out)
