"""The files that somebody begins with who prepares an import."""

from pathlib import Path
from typing import Final

import typer

from app.domain.former_columns import ACT_WORDS, COLUMNS

CSV_NAME, MAPPING_NAME, GUIDE_NAME = "import.csv", "import-mapping.toml", "import-columns.md"

_MAPPING: Final = """\
# Ánh xạ tệp của hệ thống cũ sang các cột và giá trị của hệ thống này.
# Mục nào không cần thì bỏ. Cột nào trong tệp đã đúng tên thì không phải nêu.

source = "Một cửa điện tử cũ"
# delimiter = ";"
# date_formats = ["%d/%m/%Y %H:%M", "%d/%m/%Y"]

[columns]  # cột của hệ thống này = "tên cột trong tệp"
code = "Số hồ sơ"
procedure = "Mã thủ tục"
agency = "Đơn vị"
channel = "Hình thức nộp"
applicant_number = "CCCD/MST"
applicant_name = "Chủ hồ sơ"
received_at = "Ngày nhận"
due_at = "Ngày hẹn trả"
resolved_at = "Ngày có kết quả"
returned_at = "Ngày trả"
status = "Tình trạng"

[values.channel]  # "chữ trong tệp" = "giá trị của hệ thống này"
"Trực tuyến" = "online"
"Trực tiếp" = "desk"
"Bưu chính" = "post"

[values.status]
"Đã trả kết quả" = "returned"
"Đang xử lý" = "in_process"

[values.agency]
"Sở Xây dựng" = "H44.14"

[defaults]  # khi ô để trống hoặc tệp không có cột
applicant_kind = "citizen"
"""


def write(out: Path) -> None:
    """Write the three files into a folder; what is there is left as it is."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in ((CSV_NAME, _header()), (MAPPING_NAME, _MAPPING), (GUIDE_NAME, _guide())):
        path = out / name
        if path.exists():
            typer.echo(f"Đã có, để nguyên: {path}")
            continue
        path.write_text(content, encoding="utf-8-sig" if name == CSV_NAME else "utf-8")
        typer.echo(str(path))


def _header() -> str:
    return ",".join(column.name for column in COLUMNS) + "\r\n"


def _guide() -> str:
    lines = [
        "# Các cột của tệp hồ sơ cũ",
        "",
        "Ngày giờ: `dd/mm/yyyy hh:mm` hoặc `yyyy-mm-ddThh:mm`, theo giờ Việt Nam; chỉ có ngày thì",
        "lấy giờ mở cửa cho lúc bắt đầu và giờ đóng cửa cho lúc kết thúc. Ô để trống là không có.",
        "",
        "| cột | bắt buộc | nội dung | giá trị | ví dụ |",
        "|---|---|---|---|---|",
    ]
    for column in COLUMNS:
        words = column.words or {}
        listed = ", ".join(f"`{word}` {meaning}" for word, meaning in words.items())
        needed = "có" if column.required else ""
        lines.append(
            f"| `{column.name}` | {needed} | {column.about} | {listed} | {column.example} |"
        )
    acts = ", ".join(f"`{act}` {label.lower()}" for act, label in ACT_WORDS.items())
    lines += [
        "",
        f"Thao tác (`act`) trong `history`: {acts}.",
        "Mỗi thao tác có `act`, `at`; nếu có: `by` (tên người làm), `role`, `reason`,",
        "`legal_ground`, `components` (danh sách mã), `amount_vnd`,",
        "`extension` (`5 working days`),",
        "`granted` (`true`, `false`).",
    ]
    return "\n".join(lines) + "\n"
