"""What people are told of a dossier: one template per event and recipient, as data.

A notice carries no more of a person than the dossier's code: no name, no identity number, no
phone, no address, and nothing that a clerk wrote freely (reasons are read after logging in). The
e-mail adds the procedure's name and, where papers are wanted, which; short messages do not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, auto

from app.domain.actor import Role
from app.domain.calendar import LOCAL_ZONE
from app.domain.intake import ReturnWay
from app.domain.lifecycle import Act, Status
from app.domain.messages import APPLICANT


class Topic(StrEnum):
    """What a notice is about."""

    RECEIVED = auto()  # đã nhận hồ sơ trực tuyến
    ACCEPTED = auto()  # đã tiếp nhận, hẹn trả
    REFUSED = auto()  # từ chối tiếp nhận
    SUPPLEMENT_WANTED = auto()  # yêu cầu bổ sung
    SUPPLEMENTED = auto()  # đã nhận phần bổ sung
    PAYMENT_WANTED = auto()  # yêu cầu nghĩa vụ tài chính
    PAID = auto()  # đã hoàn thành nghĩa vụ tài chính
    EXTENDED = auto()  # xin lỗi và hẹn lại
    GRANTED = auto()  # đã có kết quả
    DENIED = auto()  # không được cấp kết quả
    STOPPED = auto()  # dừng giải quyết
    WITHDRAWN = auto()  # đã rút hồ sơ
    RETURNED = auto()  # đã trả kết quả
    TO_ACCEPT = auto()  # staff: hồ sơ mới chờ tiếp nhận
    TO_PROCESS = auto()  # staff: hồ sơ chờ xử lý
    HANDED_OVER = auto()  # staff: hồ sơ chuyển đến
    ANSWERED = auto()  # staff: người nộp đã trả lời
    TAKEN_BACK = auto()  # staff: người nộp đã rút
    TO_RETURN = auto()  # staff: có kết quả chờ trả
    OVERDUE = auto()  # staff: quá hạn
    WEBHOOK_DISABLED = auto()  # staff: điểm nhận sự kiện bị ngừng


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may name."""

    code: str
    procedure: str
    agency: str
    occurred_at: datetime
    due_at: datetime | None = None
    reply_due_on: date | None = None
    components: tuple[str, ...] = ()
    amount_vnd: int = 0
    return_way: ReturnWay = ReturnWay.DESK


@dataclass(frozen=True, slots=True)
class Text:
    """A notice in words: the subject and body of an e-mail, and the short message."""

    subject: str
    body: str
    short: str


@dataclass(frozen=True, slots=True)
class _Template:
    subject: str
    body: str
    short: str
    lists_components: bool = field(default=False)


_WAYS = {
    ReturnWay.ONLINE: "Kết quả điện tử được trả vào tài khoản của Ông/Bà.",
    ReturnWay.DESK: "Mời Ông/Bà đến Bộ phận Một cửa nhận kết quả, mang theo giấy hẹn.",
    ReturnWay.POST: "Kết quả được gửi qua bưu chính công ích.",
}

TEMPLATES = {
    Topic.RECEIVED: _Template(
        "Đã nhận hồ sơ {code}",
        "Hệ thống đã nhận hồ sơ của Ông/Bà lúc {occurred}. Công chức sẽ kiểm tra và trả lời trong "
        "8 giờ làm việc.",
        "Đã nhận hồ sơ {code}. Sẽ trả lời trong 8 giờ làm việc.",
    ),
    Topic.ACCEPTED: _Template(
        "Đã tiếp nhận hồ sơ {code}, hẹn trả {due}",
        "Hồ sơ của Ông/Bà đã được tiếp nhận lúc {occurred}. Hẹn trả kết quả: {due}.",
        "Hồ sơ {code} đã tiếp nhận, hẹn trả {due}.",
    ),
    Topic.REFUSED: _Template(
        "Hồ sơ {code} không được tiếp nhận",
        "Hồ sơ của Ông/Bà không được tiếp nhận. Lý do và căn cứ pháp lý ghi trong Phiếu từ chối "
        "tiếp nhận, xem sau khi đăng nhập.",
        "Hồ sơ {code} không được tiếp nhận. Đăng nhập để xem lý do.",
    ),
    Topic.SUPPLEMENT_WANTED: _Template(
        "Hồ sơ {code} cần bổ sung trước ngày {reply}",
        "Hồ sơ của Ông/Bà cần bổ sung, hoàn thiện, chậm nhất ngày {reply}. Nội dung cụ thể ghi "
        "trong Phiếu yêu cầu bổ sung, xem sau khi đăng nhập. Thời hạn giải quyết tạm dừng cho đến "
        "khi Ông/Bà bổ sung. Giấy tờ cần bổ sung:",
        "Hồ sơ {code} cần bổ sung {count} giấy tờ, chậm nhất {reply}. Đăng nhập để xem.",
        lists_components=True,
    ),
    Topic.SUPPLEMENTED: _Template(
        "Đã nhận phần bổ sung của hồ sơ {code}",
        "Phần bổ sung của Ông/Bà đã được nhận lúc {occurred}. Hẹn trả kết quả: {due}.",
        "Đã nhận bổ sung hồ sơ {code}. Hẹn trả: {due}.",
    ),
    Topic.PAYMENT_WANTED: _Template(
        "Hồ sơ {code}: thực hiện nghĩa vụ tài chính trước ngày {reply}",
        "Ông/Bà cần nộp {amount} đồng, chậm nhất ngày {reply}. Thanh toán sau khi đăng nhập, hoặc "
        "tại Bộ phận Một cửa. Không ai của cơ quan nhà nước gọi điện yêu cầu Ông/Bà chuyển khoản.",
        "Hồ sơ {code}: cần nộp {amount} đồng, chậm nhất {reply}. Đăng nhập để nộp.",
    ),
    Topic.PAID: _Template(
        "Hồ sơ {code}: đã hoàn thành nghĩa vụ tài chính",
        "Khoản nộp của Ông/Bà đã được ghi nhận lúc {occurred}. Hẹn trả kết quả: {due}.",
        "Hồ sơ {code}: đã ghi nhận khoản nộp. Hẹn trả: {due}.",
    ),
    Topic.EXTENDED: _Template(
        "Xin lỗi và hẹn lại ngày trả kết quả hồ sơ {code}",
        "{agency} xin lỗi Ông/Bà vì chưa giải quyết xong hồ sơ đúng hẹn. Lý do ghi trong Phiếu "
        "xin lỗi và hẹn lại, xem sau khi đăng nhập. Hẹn trả kết quả mới: {due}.",
        "Xin lỗi Ông/Bà, hồ sơ {code} được hẹn lại: {due}.",
    ),
    Topic.GRANTED: _Template(
        "Hồ sơ {code} đã có kết quả",
        "Hồ sơ của Ông/Bà đã giải quyết xong. {way}",
        "Hồ sơ {code} đã có kết quả.",
    ),
    Topic.DENIED: _Template(
        "Hồ sơ {code} đã giải quyết xong",
        "Hồ sơ của Ông/Bà đã giải quyết xong, không đủ điều kiện cấp kết quả. Lý do ghi trong văn "
        "bản trả lời, xem sau khi đăng nhập hoặc nhận tại Bộ phận Một cửa.",
        "Hồ sơ {code} đã giải quyết xong. Đăng nhập để xem.",
    ),
    Topic.STOPPED: _Template(
        "Dừng giải quyết hồ sơ {code}",
        "Hồ sơ của Ông/Bà bị dừng giải quyết. Lý do và căn cứ pháp lý ghi trong Thông báo dừng "
        "giải quyết, xem sau khi đăng nhập.",
        "Hồ sơ {code} bị dừng giải quyết. Đăng nhập để xem lý do.",
    ),
    Topic.WITHDRAWN: _Template(
        "Đã rút hồ sơ {code}",
        "Hồ sơ đã được rút theo yêu cầu của Ông/Bà lúc {occurred}. Nếu không phải Ông/Bà yêu cầu, "
        "hãy báo ngay cho Bộ phận Một cửa.",
        "Hồ sơ {code} đã được rút theo yêu cầu của Ông/Bà.",
    ),
    Topic.RETURNED: _Template(
        "Đã trả kết quả hồ sơ {code}",
        "Kết quả hồ sơ của Ông/Bà đã được trả lúc {occurred}. Mời Ông/Bà đánh giá việc phục vụ sau "
        "khi đăng nhập.",
        "Đã trả kết quả hồ sơ {code}. Mời Ông/Bà đánh giá.",
    ),
    Topic.TO_ACCEPT: _Template(
        "Hồ sơ mới chờ tiếp nhận: {code}",
        "Hồ sơ nộp trực tuyến lúc {occurred}, phải trả lời trong 8 giờ làm việc.",
        "",
    ),
    Topic.TO_PROCESS: _Template(
        "Hồ sơ chờ xử lý: {code}", "Hồ sơ được tiếp nhận lúc {occurred}, hẹn trả {due}.", ""
    ),
    Topic.HANDED_OVER: _Template(
        "Hồ sơ chuyển đến: {code}", "Hồ sơ được chuyển đến lúc {occurred}, hẹn trả {due}.", ""
    ),
    Topic.ANSWERED: _Template(
        "Hồ sơ tiếp tục: {code}",
        "Người nộp đã bổ sung hoặc hoàn thành nghĩa vụ tài chính lúc {occurred}, hẹn trả {due}.",
        "",
    ),
    Topic.TAKEN_BACK: _Template(
        "Hồ sơ đã rút: {code}", "Người nộp đã rút hồ sơ lúc {occurred}; không xử lý tiếp.", ""
    ),
    Topic.TO_RETURN: _Template(
        "Có kết quả chờ trả: {code}", "Kết quả được ký lúc {occurred}. {way}", ""
    ),
    Topic.OVERDUE: _Template(
        "Quá hạn: {code}",
        "Hồ sơ đã quá hạn trả kết quả {due} mà chưa giải quyết xong. Phải xin lỗi người nộp bằng "
        "văn bản và hẹn lại.",
        "",
    ),
    Topic.WEBHOOK_DISABLED: _Template(
        "Ngừng gửi sự kiện đến {code}",
        "Điểm nhận sự kiện không nhận được trong thời gian dài và đã bị ngừng lúc {occurred}. Sự "
        "kiện vẫn được giữ; mở lại khi điểm nhận đã hoạt động.",
        "",
    ),
}

APPLICANT_TOPICS = {
    Act.SUBMIT: Topic.RECEIVED,
    Act.TAKE_IN: Topic.ACCEPTED,
    Act.ACCEPT: Topic.ACCEPTED,
    Act.REFUSE: Topic.REFUSED,
    Act.REQUEST_SUPPLEMENT: Topic.SUPPLEMENT_WANTED,
    Act.SUPPLEMENT: Topic.SUPPLEMENTED,
    Act.REQUEST_PAYMENT: Topic.PAYMENT_WANTED,
    Act.SETTLE: Topic.PAID,
    Act.EXTEND: Topic.EXTENDED,
    Act.RESOLVE: Topic.GRANTED,
    Act.STOP: Topic.STOPPED,
    Act.WITHDRAW: Topic.WITHDRAWN,
    Act.RETURN_RESULT: Topic.RETURNED,
}
"""What the applicant is told; beginning to process and passing on within it concern the desk."""

_STAFF_TOPICS = {
    Act.SUBMIT: (Role.RECEPTIONIST, Topic.TO_ACCEPT),
    Act.TAKE_IN: (Role.OFFICER, Topic.TO_PROCESS),
    Act.ACCEPT: (Role.OFFICER, Topic.TO_PROCESS),
    Act.SUPPLEMENT: (Role.OFFICER, Topic.ANSWERED),
    Act.SETTLE: (Role.OFFICER, Topic.ANSWERED),
    Act.WITHDRAW: (Role.OFFICER, Topic.TAKEN_BACK),
    Act.RESOLVE: (Role.RECEPTIONIST, Topic.TO_RETURN),
}


def topics_of(
    act: Act,
    target: Status,
    *,
    is_granted: bool = True,
    is_elsewhere: bool = False,
    return_way: ReturnWay = ReturnWay.DESK,
) -> Iterator[tuple[str, Topic]]:
    """Yield who is told what of an event: the applicant, and the role of staff whose turn it is.

    `is_elsewhere`: it was handed to another agency, whose officers are told.
    """
    topic = APPLICANT_TOPICS.get(act)
    if topic is Topic.GRANTED and not is_granted:
        topic = Topic.DENIED
    if topic is not None:
        yield APPLICANT, topic
    if act is Act.PASS_ON and is_elsewhere:
        yield Role.OFFICER, Topic.HANDED_OVER
    if act is Act.RESOLVE and return_way is ReturnWay.ONLINE:
        return  # the system returns it
    if act in _STAFF_TOPICS:
        role, told = _STAFF_TOPICS[act]
        # What was not accepted yet is still the desk's.
        yield (Role.RECEPTIONIST if target is Status.REGISTERED else role), told


def text_of(topic: Topic, facts: Facts) -> Text:
    """Put a notice into words."""
    template = TEMPLATES[topic]
    named = {
        "code": facts.code,
        "agency": facts.agency,
        "occurred": _instant(facts.occurred_at),
        "due": _instant(facts.due_at) if facts.due_at else "chưa xác định",
        "reply": f"{facts.reply_due_on:%d/%m/%Y}" if facts.reply_due_on else "",
        "count": str(len(facts.components)),
        "amount": f"{facts.amount_vnd:,}".replace(",", "."),
        "way": _WAYS[facts.return_way],
    }
    body = template.body.format(**named)
    if template.lists_components:
        body += "".join(f"\n- {name}" for name in facts.components)
    lines = [body]
    if facts.procedure:
        lines += ["", f"Mã hồ sơ: {facts.code}", f"Thủ tục: {facts.procedure}"]
        lines.append(f"Cơ quan giải quyết: {facts.agency}")
    return Text(template.subject.format(**named), "\n".join(lines), template.short.format(**named))


def _instant(at: datetime) -> str:
    return f"{at.astimezone(LOCAL_ZONE):%H:%M %d/%m/%Y}"
