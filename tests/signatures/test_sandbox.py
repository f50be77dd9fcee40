"""Files that attack the parser: the child may die, the caller gets a verdict in time."""

import json
import sys
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.signature import Indication, SubIndication, no_signature
from app.signatures.sandbox import check
from app.signatures.wire import to_json
from tests.signatures.forge_pdf import content, form_pdf, plain_pdf, stream, update, value_of
from tests.signatures.forge_xml import LETTER, sign_xml
from tests.signatures.office import NOW, Desk

UNDECIDED = (Indication.INDETERMINATE, SubIndication.POLICY_PROCESSING_ERROR)


@pytest.fixture
def letter(tmp_path: Path, signed: bytes) -> Path:
    path = tmp_path / "thư có dấu.pdf"
    path.write_bytes(signed)
    return path


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


def test_a_good_file_passes_through_the_child(desk: Desk, letter: Path) -> None:
    verdict = check(letter, desk.folder, now=NOW)

    assert verdict == desk.verdict(letter.read_bytes())
    assert verdict.indication is Indication.TOTAL_PASSED


def test_several_threads_check_at_once(desk: Desk, letter: Path) -> None:
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda _: check(letter, desk.folder, now=NOW), range(3)))

    assert {verdict.indication for verdict in found} == {Indication.TOTAL_PASSED}


@pytest.mark.parametrize(
    "script",
    [
        "raise SystemExit(3)",
        "import os; os.abort()",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "print('not JSON')",
        "print('[' * 200_000)",
        "print('')",
        "print('x' * 1_000_000)",
        "print('{}')",
    ],
)
def test_a_child_that_dies_or_talks_nonsense_gives_no_verdict(
    desk: Desk, letter: Path, script: str
) -> None:
    verdict = check(letter, desk.folder, now=NOW, command=python(script))

    assert (verdict.indication, verdict.sub_indication) == UNDECIDED


@pytest.mark.parametrize(
    "script",
    ["import time; time.sleep(60)", "while True: print('x' * 100, flush=True)", "while True: pass"],
)
def test_a_child_that_hangs_is_killed(desk: Desk, letter: Path, script: str) -> None:
    started = time.monotonic()

    verdict = check(letter, desk.folder, now=NOW, limit_s=0.5, command=python(script))

    assert (verdict.indication, verdict.sub_indication) == UNDECIDED
    assert time.monotonic() - started < 10


def test_a_child_that_closes_its_output_and_goes_on_is_killed(desk: Desk, letter: Path) -> None:
    script = "import os, time; os.close(1); time.sleep(60)"

    verdict = check(letter, desk.folder, now=NOW, limit_s=0.5, command=python(script))

    assert (verdict.indication, verdict.sub_indication) == UNDECIDED


def test_a_child_that_lies_is_not_believed(desk: Desk, letter: Path) -> None:
    lie = to_json(no_signature()) | {"indication": "TOTAL_PASSED", "intact": True}

    verdict = check(letter, desk.folder, now=NOW, command=python(f"print({json.dumps(lie)!r})"))

    assert (verdict.indication, verdict.sub_indication) == UNDECIDED


def test_an_answer_before_dying_does_not_count(desk: Desk, letter: Path) -> None:
    script = f"print({json.dumps(to_json(no_signature()))!r}, flush=True); raise SystemExit(1)"

    verdict = check(letter, desk.folder, now=NOW, command=python(script))

    assert (verdict.indication, verdict.sub_indication) == UNDECIDED


def test_the_child_inherits_no_secret(
    desk: Desk, letter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_PAYMENT_SECRET", "very-secret")
    script = (
        "import json, os\n"
        f"answer = json.loads({json.dumps(to_json(no_signature()))!r})\n"
        "answer['reason'] = ' '.join(os.environ)\n"
        "print(json.dumps(answer))"
    )

    verdict = check(letter, desk.folder, now=NOW, command=python(script))

    assert set(verdict.reason.split()) <= {"PYTHONPATH", "PYTHONIOENCODING", "LC_ALL", "LC_CTYPE"}


def test_too_little_memory_gives_no_verdict(desk: Desk, letter: Path) -> None:
    verdict = check(letter, desk.folder, now=NOW, memory_mb=30)

    assert (verdict.indication, verdict.sub_indication) == UNDECIDED


def test_a_folder_that_is_absent_trusts_nobody(letter: Path, tmp_path: Path) -> None:
    verdict = check(letter, tmp_path / "absent", now=NOW)

    assert verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_file_that_is_absent_gives_a_verdict(desk: Desk, tmp_path: Path) -> None:
    assert check(tmp_path / "absent", desk.folder, now=NOW).sub_indication is UNDECIDED[1]


def deflated(times: int) -> bytes:
    """Zeros, compressed several times over."""
    data = bytes(2**26)
    for _ in range(times):
        data = zlib.compress(data, 9)
    return data


def compressed_content(desk: Desk) -> bytes:
    filters = b"/Filter [" + b"/FlateDecode " * 3 + b"] "
    return desk.sign(plain_pdf(extra={4: stream(deflated(3), filters)}))


def compressed_objects(desk: Desk) -> bytes:
    body = b"/Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode] "
    return update(desk.sign(plain_pdf()), {50: stream(deflated(2), body)})


def deep_array(desk: Desk) -> bytes:
    deep = b"[" * 100_000 + b"]" * 100_000
    return update(desk.sign(plain_pdf()), {5: deep})


def deep_array_in_form(desk: Desk) -> bytes:
    signed = desk.sign(form_pdf())
    return update(signed, {8: b"<< /Fields " + b"[" * 50_000 + b"]" * 50_000 + b" >>"})


def looping_fields(desk: Desk) -> bytes:
    signed = desk.sign(form_pdf())
    form = value_of(signed, 8).replace(b"/Fields [", b"/Fields [50 0 R ")
    return update(signed, {8: form, 50: b"<< /T (a) /Kids [50 0 R 50 0 R] >>"})


def branching_references(desk: Desk) -> bytes:
    """A chain of objects that each name the next one twice: 2^60 paths to the last."""
    chain = {n: b"[%d 0 R %d 0 R]" % (n + 1, n + 1) for n in range(20, 80)}
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /X 20 0 R >>"
    return update(desk.sign(plain_pdf(extra={3: page, **chain, 80: b"null"})), {81: b"null"})


def looping_pages(desk: Desk) -> bytes:
    pages = b"<< /Type /Pages /Kids [2 0 R 2 0 R 3 0 R] /Count 3 >>"
    return update(desk.sign(plain_pdf()), {2: pages})


def looping_references(desk: Desk) -> bytes:
    document = desk.sign(plain_pdf(extra={50: b"51 0 R", 51: b"50 0 R"}))
    return update(document, {4: b"50 0 R", 52: content("x")})


def looping_sections(desk: Desk) -> bytes:
    signed = desk.sign(plain_pdf())
    looped = update(signed, {4: content("x")})
    previous = looped.rindex(b"/Prev ")
    end = looped.index(b" ", previous + 6)
    start = looped.rindex(b"xref\n0 1")
    return looped[: previous + 6] + b"%d" % start + looped[end:]


def deep_xml(desk: Desk) -> bytes:
    return sign_xml(desk, LETTER).replace(b"<To>", b"<a>" * 100_000 + b"<To>")


def entity_bomb(_: Desk) -> bytes:
    entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 20))
    return f"<!DOCTYPE x [<!ENTITY e0 'lol'>{entities}]><x a='&e19;'>&e19;</x>".encode()


def deep_message(_: Desk) -> bytes:
    oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
    return b"0\x80" + oid + b"\xa0\x80" + b"0\x80" * 50_000


def garbage_with_marks(_: Desk) -> bytes:
    return b"%PDF-1.7\n/ByteRange [0 1 2 3]\n" + bytes(range(256)) * 2000


BOMBS: list[Callable[[Desk], bytes]] = [
    compressed_content,
    compressed_objects,
    deep_array,
    deep_array_in_form,
    looping_fields,
    looping_pages,
    looping_references,
    looping_sections,
    deep_xml,
    entity_bomb,
    deep_message,
    garbage_with_marks,
]


def test_work_without_end_is_cut_short(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "branching"
    path.write_bytes(branching_references(desk))

    verdict = check(path, desk.folder, now=NOW, limit_s=2)

    assert verdict.indication is not Indication.TOTAL_PASSED
    assert not verdict.intact


@pytest.mark.parametrize("make", BOMBS)
def test_bombs_and_loops_give_a_verdict_within_the_limits(
    desk: Desk, tmp_path: Path, make: Callable[[Desk], bytes]
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(make(desk))

    verdict = check(path, desk.folder, now=NOW)

    # Content that nobody needs to unpack may be as compressed as it likes.
    if make is not compressed_content:
        assert verdict.indication is not Indication.TOTAL_PASSED
        assert not verdict.intact
