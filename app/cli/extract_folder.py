"""A folder that an extraction is written into: whole files only, and going on after any end.

A part is written under a name that begins with a dot, brought to the disk, renamed, and then noted
in the journal; what is noted is not made again. The manifest comes last: a folder that has one is
complete. Whoever writes holds a lock on the journal.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from app.domain.extraction import FORMAT, MANIFEST, Made, Part, Wanted, Watch, manifest

JOURNAL: Final = ".extraction.ndjson"
_TEMPORARY: Final = ".part"


class FolderUnusable(Exception):
    """Why a folder cannot be written into, as a sentence."""


@dataclass
class Folder:
    """A folder and what its journal tells of it."""

    path: Path
    begun: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    is_begun: bool = False

    @property
    def is_complete(self) -> bool:
        return (self.path / MANIFEST).exists()

    def has(self, part: Part) -> bool:
        """Tell whether a part is there as it would be made again."""
        known = self.made.get(part.name)
        if known is None or known.fingerprint != part.fingerprint:
            return False
        return _digest(self.path / part.name) == (known.size_bytes, known.sha256)

    def make(self, part: Part, watch: Watch) -> Made:
        """Write a part; it has its name when it is complete."""
        if not self.is_begun:
            self._note(self.begun)  # before anything lies here: whose folder it is
            self.is_begun = True
        target = self.path / part.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with written(target) as out:
            rows = part.write(out, watch)
        size, sha256 = _digest(target) or (0, "")
        made = Made(part.name, part.media_type, part.fingerprint, rows, size, sha256, part.is_data)
        self.made[part.name] = made
        self._note(asdict(made))
        return made

    def finish(
        self, wanted: Wanted, parts: Sequence[Part], read_at: datetime, version: str
    ) -> None:
        """Write the manifest and take away what only served the writing."""
        names = {part.name for part in parts}
        for name in self.made.keys() - names:
            (self.path / name).unlink(missing_ok=True)
        told = manifest(
            wanted,
            [self.made[part.name] for part in parts],
            read_at=read_at,
            created_at=datetime.fromisoformat(self.begun["created_at"]),
            version=version,
        )
        with written(self.path / MANIFEST) as out:
            out.write((json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())
        (self.path / JOURNAL).unlink()

    def _note(self, line: Mapping[str, Any]) -> None:
        with (self.path / JOURNAL).open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(line, ensure_ascii=False) + "\n")
            journal.flush()
            os.fsync(journal.fileno())


@contextmanager
def opened(path: Path, wanted: Wanted, now: datetime) -> Iterator[Folder]:
    """Open a folder for an extraction, alone; raises `FolderUnusable` for one that is another's."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        folder = Folder(path)
        if folder.is_complete:
            _refuse_another(path, _read(path / MANIFEST), wanted)
            (path / JOURNAL).unlink(missing_ok=True)
            yield folder
            return
        with _locked(path / JOURNAL) as lines:
            _take_up(folder, lines, wanted, now)
            yield folder
    except OSError as error:
        raise FolderUnusable(f"{path}: không ghi được ({error.strerror or error}).") from error


def _take_up(folder: Folder, lines: Sequence[str], wanted: Wanted, now: datetime) -> None:
    """Begin a folder, or go on with what another run has left."""
    told = [line for line in map(_parsed, lines) if line is not None]
    if told:
        folder.begun, folder.is_begun = told[0], True
        _refuse_another(folder.path, told[0], wanted)
        made = [_made_of(line) for line in told[1:]]
        folder.made = {one.name: one for one in made if one is not None}
        _sweep(folder.path)
        return
    if any(one.name != JOURNAL for one in folder.path.iterdir()):
        raise FolderUnusable(f"{folder.path}: thư mục có tệp khác, hãy chọn thư mục trống.")
    folder.begun = {"format": FORMAT, **wanted.described(), "created_at": now.isoformat()}


def _refuse_another(path: Path, told: Mapping[str, Any], wanted: Wanted) -> None:
    asked = {"format": FORMAT, **wanted.described()}
    if any(told.get(name) != value for name, value in asked.items()):
        raise FolderUnusable(
            f"{path}: thư mục đang chứa bản trích xuất khác ({told.get('kind', 'không rõ')}, kỳ "
            f"{(told.get('period') or {}).get('label', 'không rõ')}). Hãy chọn thư mục khác."
        )


def _made_of(line: Mapping[str, Any]) -> Made | None:
    """Read what was noted of a part; what another release noted otherwise is made anew."""
    try:
        return Made(**line)
    except TypeError:
        return None


def _parsed(line: str) -> dict[str, Any] | None:
    """Read a line of the journal; one that was cut off in the middle says nothing."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def _locked(journal: Path) -> Iterator[list[str]]:
    with journal.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            sentence = f"{journal.parent}: một tiến trình khác đang ghi vào thư mục này."
            raise FolderUnusable(sentence) from error
        file.seek(0)
        told = file.read()
        if told and not told.endswith("\n"):
            file.write("\n")  # a line that was cut off spoils no other
            file.flush()
        try:
            yield told.splitlines()
        finally:
            if not file.seek(0, os.SEEK_END):
                journal.unlink(missing_ok=True)  # nothing was begun


@contextmanager
def written(target: Path) -> Iterator[IO[bytes]]:
    """Give a file that takes its name once it is on the disk; half of one is taken away."""
    part = target.with_name(f".{target.name}{_TEMPORARY}")
    try:
        with part.open("w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sweep(path: Path) -> None:
    for left in path.rglob(f".*{_TEMPORARY}"):
        left.unlink()


def _digest(path: Path) -> tuple[int, str] | None:
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), sha256
    except OSError:
        return None


def _read(path: Path) -> dict[str, Any]:
    found = _parsed(path.read_text(encoding="utf-8", errors="replace"))
    if found is None or found.get("format") != FORMAT:
        raise FolderUnusable(f"{path}: không phải bản kê của motcua extract.")
    return found


def faults(path: Path) -> Iterator[str]:
    """Compare a folder with its manifest: yield a sentence for whatever is not as it says."""
    told = _read(path / MANIFEST) if (path / MANIFEST).exists() else None
    if told is None:
        yield f"{path}: không có {MANIFEST}, bản trích xuất chưa xong."
        return
    files = {file["name"]: file for file in told["files"]}
    for name, file in files.items():
        found = _digest(path / name)
        if found is None:
            yield f"{name}: không có."
        elif found != (file["size_bytes"], file["sha256"]):
            yield f"{name}: nội dung khác với lúc trích xuất."
    for one in sorted(path.rglob("*")):
        name = one.relative_to(path).as_posix()
        if one.is_file() and name != MANIFEST and name not in files:
            yield f"{name}: không thuộc bản trích xuất."
