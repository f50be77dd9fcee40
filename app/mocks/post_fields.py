"""The post's messages, field by field (BCCI)."""

from app.mocks.fields import Table, may, must, shaped, text, whole

_TEL = shaped(r"\+?\d{8,14}", "0900000001")

TOKEN: Table = {"customerKey": must(text(200)), "secretKey": must(text(200))}


def _flag(value: object, where: str) -> list[str]:
    return [] if value == 2 and not isinstance(value, bool) else [f"{where}: phải là 2"]  # noqa: PLR2004  (the contract's only value)


ORDER: Table = {
    "CustomerCode": must(text(60)),
    "ItemCode": may(text(60)),
    "OrderNumber": must(shaped(r"[A-Z]\d{2}[0-9A-Z.]*-\d{6}-\d{4,9}(-\d+)?", "H44.10-261122-0001")),
    "CODAmount": must(whole()),
    "SenderProvince": must(whole()),
    "SenderDistrict": must(whole()),
    "SenderAddress": must(text(300)),
    "SenderName": must(text(200)),
    "SenderEmail": may(text(200)),
    "SenderTel": must(_TEL),
    "SenderDesc": may(text(500)),
    "Description": may(text(500)),
    "ReceiverName": must(text(200)),
    "ReceiverAddress": must(text(300)),
    "ReceiverTel": must(_TEL),
    "ReceiverProvince": must(whole()),
    "ReceiverDistrict": must(whole()),
    "ReceiverEmail": may(text(200)),
    "FlagConfig": must(_flag),
}
"""Amounts and areas are JSON integers, everything else texts."""

CANCEL: Table = {"CustomerCode": must(text(60)), "OrderNumber": must(text(60))}
TRACK: Table = {"StatusCode": must(shaped(r"\d{1,3}", "3")), "Note": may(text(300))}
