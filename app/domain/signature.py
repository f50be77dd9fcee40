"""Verdict on a document's digital signatures (chữ ký số), in the terms of ETSI EN 319 102-1.

A verdict never accepts or rejects a dossier by itself: it says what was found, and
`usable_as_original` says what the counter may do with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto


class Indication(StrEnum):
    """Main indication; NO_SIGNATURE is a state of its own, not a failure."""

    TOTAL_PASSED = "TOTAL_PASSED"  # hợp lệ
    NO_SIGNATURE = "NO_SIGNATURE"  # không có chữ ký số
    INDETERMINATE = "INDETERMINATE"  # chưa đủ căn cứ kết luận
    TOTAL_FAILED = "TOTAL_FAILED"  # không hợp lệ


class SubIndication(StrEnum):
    """Why a signature did not pass; the order is that of gravity, the gravest first."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    TRY_LATER = "TRY_LATER"

    @property
    def indication(self) -> Indication:
        """The main indication this reason leads to."""
        return Indication.TOTAL_FAILED if self in _FAILED else Indication.INDETERMINATE


_FAILED = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.REVOKED,
        SubIndication.NOT_YET_VALID,
    }
)


class Coverage(StrEnum):
    """How much of the document the signature covers; the order is from best to worst."""

    WHOLE = auto()  # toàn bộ tài liệu
    EXTENDED_OK = auto()  # chỉ thêm chữ ký, dấu thời gian, dữ liệu kiểm tra sau khi ký
    PARTIAL = auto()  # chỉ một phần tài liệu
    EXTENDED_BAD = auto()  # nội dung bị thay đổi sau khi ký
    NONE = auto()  # không xác định được

    @property
    def is_intact(self) -> bool:
        """Whether what is shown to the reader is what was signed."""
        return self in {Coverage.WHOLE, Coverage.EXTENDED_OK}


class OriginalUse(StrEnum):
    """What the counter may do with the document; none of these refuses the dossier."""

    ACCEPT = auto()  # dùng thay bản chính giấy
    OFFICER_DECIDES = auto()  # công chức xem xét, ghi lý do
    ASK_SUPPLEMENT = auto()  # không dùng làm bản chính, đề nghị bổ sung
    PLAIN_COPY = auto()  # bản sao không có chữ ký số


PASSED_SENTENCE = "Chữ ký số hợp lệ."
NO_SIGNATURE_SENTENCE = (
    "Tài liệu không có chữ ký số. Hình ảnh con dấu, chữ ký tay hoặc dòng chữ «đã ký» "
    "không phải là chữ ký số."
)

SENTENCES: dict[SubIndication, str] = {
    SubIndication.FORMAT_FAILURE: (
        "Chữ ký số sai cấu trúc hoặc không bảo vệ toàn bộ nội dung của tài liệu."
    ),
    SubIndication.HASH_FAILURE: "Nội dung tài liệu đã bị thay đổi sau khi ký.",
    SubIndication.SIG_CRYPTO_FAILURE: (
        "Giá trị chữ ký số không khớp với chứng thư số của người ký."
    ),
    SubIndication.REVOKED: "Chứng thư số đã bị thu hồi trước thời điểm ký.",
    SubIndication.NOT_YET_VALID: "Tài liệu được ký trước khi chứng thư số có hiệu lực.",
    SubIndication.SIGNED_DATA_NOT_FOUND: "Không tìm thấy nội dung mà chữ ký số bảo vệ.",
    SubIndication.POLICY_PROCESSING_ERROR: (
        "Hệ thống chưa kiểm tra được chữ ký số của tệp này; đề nghị công chức xem xét."
    ),
    SubIndication.SIG_CONSTRAINTS_FAILURE: (
        "Chữ ký số thiếu thông tin hoặc có thông tin không đúng quy định."
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE: (
        "Chữ ký số dùng thuật toán hoặc độ dài khóa không còn bảo đảm an toàn (ví dụ SHA-1)."
    ),
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: (
        "Thuật toán của chữ ký số không còn an toàn và không có dấu thời gian chứng minh "
        "tài liệu được ký khi thuật toán còn an toàn."
    ),
    SubIndication.CHAIN_CONSTRAINTS_FAILURE: (
        "Chứng thư số không được cấp để ký tài liệu hoặc không đáp ứng yêu cầu của "
        "tổ chức chứng thực."
    ),
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: (
        "Chứng thư số không do tổ chức chứng thực được tin cậy cấp."
    ),
    SubIndication.REVOKED_NO_POE: (
        "Chứng thư số đã bị thu hồi và không có dấu thời gian chứng minh tài liệu được ký "
        "trước khi thu hồi."
    ),
    SubIndication.OUT_OF_BOUNDS_NO_POE: (
        "Chứng thư số đã hết hạn và không có dấu thời gian chứng minh tài liệu được ký "
        "khi chứng thư còn hiệu lực."
    ),
    SubIndication.TRY_LATER: (
        "Chưa có thông tin thu hồi còn hiệu lực của chứng thư số; hệ thống sẽ kiểm tra lại."
    ),
}


def sentence(sub_indication: SubIndication | None, detail: str = "") -> str:
    """Say in Vietnamese what a reason means, with the detail behind it."""
    base = PASSED_SENTENCE if sub_indication is None else SENTENCES[sub_indication]
    return f"{base} {detail}" if detail else base


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """What was found about one signature.

    `intact` covers both the digest and that the shown document is the signed one. `signer_uid` is
    the subject's UID as written in the certificate (`CCCD:...`, `MST:...`). `proven_signing_at` is
    from a trusted time stamp only; `claimed_signing_at` is whatever the signer wrote.
    """

    indication: Indication
    sub_indication: SubIndication | None
    reason: str
    coverage: Coverage
    intact: bool
    valid: bool
    trusted: bool
    signer: str | None = None
    issuer: str | None = None
    serial: str | None = None
    signer_uid: str | None = None
    anchor: str | None = None
    algorithm: str | None = None
    claimed_signing_at: datetime | None = None
    proven_signing_at: datetime | None = None

    @property
    def is_sound(self) -> bool:
        """Whether the parts agree with each other: a passed signature must have all of them."""
        if self.intact and not (self.coverage.is_intact or self.coverage is Coverage.PARTIAL):
            return False
        if self.indication is Indication.TOTAL_PASSED:
            complete = self.intact and self.valid and self.trusted and self.coverage.is_intact
            return complete and self.sub_indication is None
        return self.sub_indication is not None and self.sub_indication.indication is self.indication


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst over all signatures of a document; every one must pass, not one of them."""

    indication: Indication
    sub_indication: SubIndication | None
    reason: str
    coverage: Coverage
    intact: bool
    valid: bool
    trusted: bool
    signatures: tuple[SignatureReport, ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether the verdict follows from its signatures and none contradicts itself."""
        if not self.signatures:
            return not (self.intact or self.valid or self.trusted) and (
                self.indication is not Indication.TOTAL_PASSED
            )
        return all(s.is_sound for s in self.signatures) and worst(self.signatures) == self


_INDICATIONS = list(Indication)
_GRAVITY = list(SubIndication)
_COVERAGES = list(Coverage)


def _rank(report: SignatureReport) -> tuple[int, int]:
    gravity = 0 if report.sub_indication is None else -_GRAVITY.index(report.sub_indication)
    return _INDICATIONS.index(report.indication), gravity


def worst(reports: Iterable[SignatureReport], *, if_none: str = NO_SIGNATURE_SENTENCE) -> Verdict:
    """Return the verdict over a document's signatures; `if_none` is said when there are none."""
    signatures = tuple(reports)
    if not signatures:
        return no_signature(if_none)
    gravest = max(signatures, key=_rank)
    return Verdict(
        indication=gravest.indication,
        sub_indication=gravest.sub_indication,
        reason=gravest.reason,
        coverage=max((s.coverage for s in signatures), key=_COVERAGES.index),
        intact=all(s.intact for s in signatures),
        valid=all(s.valid for s in signatures),
        trusted=all(s.trusted for s in signatures),
        signatures=signatures,
    )


def no_signature(reason: str = NO_SIGNATURE_SENTENCE) -> Verdict:
    """Return the verdict on a document without a digital signature."""
    return Verdict(
        Indication.NO_SIGNATURE,
        None,
        reason,
        Coverage.NONE,
        intact=False,
        valid=False,
        trusted=False,
    )


def undecided(sub_indication: SubIndication, detail: str = "") -> Verdict:
    """Return the verdict on a document whose signatures could not even be listed."""
    return Verdict(
        sub_indication.indication,
        sub_indication,
        sentence(sub_indication, detail),
        Coverage.NONE,
        intact=False,
        valid=False,
        trusted=False,
    )


def usable_as_original(verdict: Verdict) -> OriginalUse:
    """Say what the counter may do with the document (the verdict alone never rejects a dossier)."""
    return {
        Indication.TOTAL_PASSED: OriginalUse.ACCEPT,
        Indication.INDETERMINATE: OriginalUse.OFFICER_DECIDES,
        Indication.TOTAL_FAILED: OriginalUse.ASK_SUPPLEMENT,
        Indication.NO_SIGNATURE: OriginalUse.PLAIN_COPY,
    }[verdict.indication]


def is_signed_by(verdict: Verdict, identity_number: str) -> bool:
    """Whether a passed signature is by the holder of this CCCD or tax code (số định danh, MST).

    A valid signature of the wrong person is not acceptance.
    """
    return bool(identity_number) and any(
        report.indication is Indication.TOTAL_PASSED
        and report.signer_uid is not None
        and report.signer_uid.rpartition(":")[2].strip() == identity_number
        for report in verdict.signatures
    )
