"""The tracking page: one small HTML document, with nothing from elsewhere and without a script."""

import base64
import hashlib
from datetime import date, datetime
from html import escape

from app.domain.calendar import LOCAL_ZONE
from app.domain.tracking import Progress, Tracked, is_code

_STYLE = """
*{box-sizing:border-box}
body{margin:0;background:#f3f1ec;color:#1c1b19;
font:17px/1.55 system-ui,"Segoe UI",Roboto,sans-serif}
header{background:#9c1c1c;color:#fff;padding:18px 20px;border-bottom:4px solid #e2b33c}
header p{margin:0;max-width:640px;margin-inline:auto;font-weight:600}
main{max-width:680px;margin:0 auto;padding:20px}
section{background:#fff;border:1px solid #ddd8cc;border-radius:10px;padding:22px;margin-bottom:18px}
h1{font-size:1.35rem;margin:0 0 6px}
h2{font-size:1.05rem;margin:0 0 12px}
.code{font-family:ui-monospace,Consolas,monospace;color:#5b564b;margin:0 0 14px;
overflow-wrap:anywhere}
.status{display:inline-block;background:#fbe9c6;border-radius:999px;padding:3px 14px;
font-weight:600}
.fault{background:#fdeaea;border-left:4px solid #9c1c1c;padding:10px 14px;margin:0 0 16px}
dl{display:grid;grid-template-columns:minmax(0,12em) minmax(0,1fr);gap:6px 18px;margin:16px 0 0}
dt{color:#5b564b}
dd{margin:0;font-weight:600}
ol{list-style:none;margin:0;padding:0 0 0 18px;border-left:2px solid #d9cfae}
li{position:relative;padding:0 0 14px 6px}
li:last-child{padding-bottom:0}
li::before{content:"";position:absolute;left:-25px;top:8px;width:12px;height:12px;
border-radius:50%;background:#9c1c1c}
li span{display:block;color:#5b564b;font-size:.92rem}
label{display:block;font-weight:600;margin-bottom:6px}
.hint{color:#5b564b;font-size:.92rem;margin:0 0 12px}
.row{display:flex;gap:10px;flex-wrap:wrap}
input{font:inherit;font-size:1.3rem;letter-spacing:.3em;width:7.5em;padding:9px 12px;
border:1px solid #8d8674;border-radius:8px}
button{font:inherit;font-weight:600;color:#fff;background:#9c1c1c;border:0;border-radius:8px;
padding:10px 24px;cursor:pointer}
input:focus,button:focus{outline:3px solid #e2b33c;outline-offset:1px}
@media(max-width:480px){main{padding:12px}section{padding:16px}h1{font-size:1.15rem}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
footer{max-width:680px;margin:0 auto;padding:0 20px 30px;color:#5b564b;font-size:.88rem}
""".strip()

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
"""Nothing may be loaded, run or framed; the check digits in the address go nowhere else."""

_FORM = """<form method="get">
<label for="check">4 chữ số kiểm tra</label>
<p class="hint" id="hint">4 số cuối của số định danh cá nhân, mã số thuế hoặc số điện thoại của
chủ hồ sơ, người gửi.</p>
<div class="row">
<input id="check" name="check" inputmode="numeric" pattern="[0-9]{4}" maxlength="4" required
 autocomplete="off" aria-describedby="hint">
<button type="submit">Xem tiến độ</button>
</div>
</form>"""


def form(code: str | None, fault: str | None = None) -> str:
    """Return the page that asks for the check digits; a code is shown only if it reads as one."""
    shown = f'<p class="code">{escape(code)}</p>' if code and is_code(code) else ""
    told = f'<p class="fault" role="alert">{escape(fault)}</p>' if fault else ""
    return _page(
        "Tra cứu tiến độ", f"<section><h1>Tra cứu tiến độ</h1>{shown}{told}{_FORM}</section>"
    )


def progress(found: Progress) -> str:
    """Return the page that says where a dossier or petition stands."""
    facts = [("Cơ quan", found.agency_name), ("Nhận lúc", _instant(found.received_at))]
    if found.answer_due_at is not None:
        facts.append(("Phản hồi chậm nhất", _instant(found.answer_due_at)))
    if found.due_at is not None:
        promise = "Hẹn trả kết quả" if found.kind is Tracked.DOSSIER else "Hẹn trả lời"
        facts.append((promise, _instant(found.due_at)))
    if found.in_words is not None:
        facts.append(("Thời hạn", found.in_words))
    if found.reply_due_on is not None:
        facts.append(("Phản hồi chậm nhất ngày", _day(found.reply_due_on)))
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in facts)
    steps = "".join(
        f"<li>{escape(step.label)}<span>{_instant(step.at)} · {escape(step.agency)}</span></li>"
        for step in found.steps
    )
    return _page(
        f"Tiến độ {found.code}",
        f'<section><h1>{escape(found.summary)}</h1><p class="code">{escape(found.code)}</p>'
        f'<p class="status">{escape(found.status_label)}</p><dl>{listed}</dl></section>'
        f"<section><h2>Các bước đã thực hiện</h2><ol>{steps}</ol></section>",
    )


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="vi">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header><p>Hệ thống một cửa điện tử</p></header>
<main>{body}</main>
<footer>Trang này không hiển thị thông tin cá nhân. Đăng nhập bằng VNeID để xem đầy đủ hồ sơ, bổ
sung giấy tờ và nhận kết quả.</footer>
</body>
</html>
"""


def _instant(at: datetime) -> str:
    return f"{at.astimezone(LOCAL_ZONE):%H:%M ngày %d/%m/%Y}"


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
