"""The registers' answers, read down to what a dossier needs; the rest is dropped at once."""

from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from app.domain.lookups import Facts

_LARGEST_XML = 512 * 1024
_DEEPEST = 20
_BIRTH_DATE = 8  # digits of yyyyMMdd

Tree = dict[str, list[Any]]
"""Elements by name without prefix; a leaf is its text."""


class Unreadable(Exception):
    """Not the shape that the contract has, or dangerous to read: what is wrong, without data."""


class _Reader:
    """Builds the tree; the first DOCTYPE ends it, so that no entity is ever declared."""

    def __init__(self) -> None:
        self.root: Tree = {}
        self._open: list[tuple[str, Tree, list[str]]] = [("", self.root, [])]

    def feed(self, content: str) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(content.encode(), True)  # noqa: FBT003  (the parser's own signature)

    def _doctype(self, *_: object) -> None:
        raise Unreadable("XML: DOCTYPE")

    def _start(self, name: str, _: dict[str, str]) -> None:
        if len(self._open) > _DEEPEST:
            raise Unreadable("XML: too deep")
        self._open.append((name.rpartition(":")[2], {}, []))

    def _text(self, piece: str) -> None:
        self._open[-1][2].append(piece)

    def _end(self, _: str) -> None:
        name, children, text = self._open.pop()
        value = children or "".join(text).strip()
        self._open[-1][1].setdefault(name, []).append(value)


def tree_of(content: object) -> Tree:
    """Read XML without DOCTYPE, entities or the network; raises `Unreadable`."""
    if not isinstance(content, str):
        raise Unreadable("XML: no text")
    if len(content) > _LARGEST_XML:
        raise Unreadable("XML: too large")
    reader = _Reader()
    try:
        reader.feed(content)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise Unreadable(f"XML: {type(error).__name__}") from error
    return reader.root


def citizen_of(content: object) -> Facts | None:
    """Read Envelope/Body/CongdanCollection/CongDan; an empty collection is nobody."""
    collection = _within(tree_of(content), "Envelope", "Body", "CongdanCollection")
    people = collection.get("CongDan", []) if isinstance(collection, dict) else []
    if not people:
        return None
    if len(people) > 1 or not isinstance(people[0], dict):
        raise Unreadable("CongDan: not one person")
    person: Tree = people[0]
    names = _branch(person, "HoVaTen")
    facts = {
        "number": _leaf(person, "SoDinhDanh"),
        "name": " ".join(filter(None, (_leaf(names, part) for part in ("Ho", "ChuDem", "Ten")))),
        "birth_date": _birth_date(_branch(person, "NgayThangNamSinh")),
        "residence": _place(_branch(person, "ThuongTru")),
        "father_name": _leaf(_branch(person, "Cha"), "HoVaTen"),
        "mother_name": _leaf(_branch(person, "Me"), "HoVaTen"),
    }
    if not facts["number"] or not facts["name"]:
        raise Unreadable("CongDan: no SoDinhDanh or HoVaTen")
    return {name: value for name, value in facts.items() if value}


def _within(tree: Tree, *names: str) -> Tree | str:
    found: Any = tree
    for name in names:
        children = found.get(name) if isinstance(found, dict) else None
        if not children:
            raise Unreadable(f"XML: no {name}")
        found = children[0]
    return found if isinstance(found, dict) else str(found)


def _branch(tree: Tree, name: str) -> Tree:
    children = tree.get(name, [])
    return children[0] if children and isinstance(children[0], dict) else {}


def _leaf(tree: Tree, name: str) -> str:
    children = tree.get(name, [])
    return children[0] if children and isinstance(children[0], str) else ""


def _birth_date(born: Tree) -> str:
    whole = _leaf(born, "NgayThangNam")
    if len(whole) == _BIRTH_DATE and whole.isascii() and whole.isdigit():
        return f"{whole[:4]}-{whole[4:6]}-{whole[6:]}"
    return _leaf(born, "Nam")


def _place(place: Tree) -> dict[str, str]:
    known = {
        "province": _leaf(place, "MaTinhThanh"),
        "district": _leaf(place, "MaQuanHuyen"),
        "commune": _leaf(place, "MaPhuongXa"),
        "detail": _leaf(place, "ChiTiet"),
    }
    return {name: value for name, value in known.items() if value}


def enterprise_of(answer: Any) -> Facts | None:  # noqa: ANN401  (what a partner sent)
    """Read GetEntCert; an empty list is no enterprise."""
    try:
        found = answer["GetEntCert"]
        if found == []:
            return None
        entry = found[0]
        facts = {
            "number": str(entry["MaSoDoanhNghiep"]),
            "name": str(entry["TenTiengViet"]),
            "legal_status": _first(lambda: entry["TinhTrangPhapLy"][0]["Ten"]),
            "address": _first(lambda: entry["DiaChiTruSo"][0]["DiaChiDayDu"]),
            "representative_name": _first(
                lambda: entry["DaiDienPhapLuat"][0]["ThongTinCaNhan"][0]["HoTen"]
            ),
        }
    except (KeyError, IndexError, TypeError) as error:
        raise Unreadable("GetEntCert") from error
    return {name: value for name, value in facts.items() if value}


def _first(read: Callable[[], object]) -> str:
    """Read what may be missing: the inner shape of these lists is not published."""
    try:
        return str(read())
    except (KeyError, IndexError, TypeError):
        return ""


def results_of(answer: Any) -> Facts | None:  # noqa: ANN401  (what a partner sent)
    """Read DanhSachGiayToKetQua; an empty list is nothing."""
    try:
        results = [
            {
                "code": str(row["MaKetQua"]),
                "name": str(row["TenGiayTo"]),
                "number": str(row.get("SoKyHieu") or ""),
                "owner": str(row["CoQuanChuQuan"]),
                "files": [
                    {"name": str(file["TenTep"]), "path": str(file["DuongDan"])}
                    for file in row["DanhSachTepDinhKem"]
                ],
            }
            for row in answer["result"]["DanhSachGiayToKetQua"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise Unreadable("DanhSachGiayToKetQua") from error
    return {"results": results} if results else None
