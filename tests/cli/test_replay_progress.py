"""How far a replay is, on a terminal and in a log."""

import re
from io import StringIO

from app.cli.replay_progress import progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_with_counts_rate_and_time_left() -> None:
    out = Terminal()

    with progress(5000, 1000, out) as advance:
        advance(1500)
        advance(2500)

    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert "Phát lại" in shown
    assert "1.000/5.000 hồ sơ" in shown
    assert re.search(r"5\.000/5\.000 hồ sơ(, [\d.]+/giây)? còn", shown)


def test_elsewhere_a_line_is_written_now_and_then() -> None:
    out = StringIO()

    with progress(5000, 1000, out, every_s=0) as advance:
        advance(1500)
        advance(2500)

    lines = out.getvalue().splitlines()
    assert [line.split(",")[0] for line in lines] == ["2.500/5.000 hồ sơ", "5.000/5.000 hồ sơ"]
    assert re.fullmatch(r"5\.000/5\.000 hồ sơ, [\d.]+/giây, còn 0 phút 0 giây", lines[1])


def test_lines_are_seldom() -> None:
    out = StringIO()

    with progress(5000, 0, out) as advance:
        for _ in range(50):
            advance(100)

    assert out.getvalue() == ""
