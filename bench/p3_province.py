"""A province of any size for P3: dossiers written by SQL, with names as they are spread in life.

Persons and numbers are invented: no personal number begins with 0259, tax codes begin with 99.
"""

import random
from datetime import datetime, timedelta

import psycopg
from psycopg import sql

from app.domain.folding import name_words

_FAMILY = {
    "Nguyễn": 384, "Trần": 110, "Lê": 95, "Phạm": 71, "Hoàng": 51, "Phan": 45, "Vũ": 39,
    "Đặng": 21, "Bùi": 20, "Đỗ": 14, "Hồ": 13, "Ngô": 13, "Dương": 10, "Hà": 18, "Đinh": 16,
    "Lý": 5, "Phùng": 9, "Cao": 8, "Trương": 7, "Đào": 6, "Mai": 5, "Tạ": 4, "Kiều": 3,
    "Triệu": 4, "Lương": 6, "Quách": 2, "Khổng": 2, "Doãn": 1, "Ma": 1, "Khuất": 1,
}  # fmt: skip
_MIDDLE = {
    "Văn": 300, "Thị": 300, "Thị Thu": 25, "Thị Thanh": 25, "Đức": 40, "Minh": 40, "Quang": 35,
    "Thị Ngọc": 20, "Xuân": 25, "Hữu": 25, "Ngọc": 30, "Thanh": 25, "Công": 15, "Đình": 20,
    "Hồng": 18, "Kim": 10, "Bá": 6, "Trọng": 9, "Quốc": 15, "Mạnh": 12, "": 30,
}  # fmt: skip
_GIVEN = """
    Anh Hùng Hương Hà Dũng Tuấn Lan Hoa Minh Linh Nga Hằng Thủy Hạnh Trang Tâm Bình Sơn Long Thảo
    Nam Hải Cường Phương Thắng Huyền Yến Mai Quân Thành Hiền Loan Nhung Đạt Khánh Trung Kiên Vân
    Hòa Ngọc Liên Tùng Chiến Dung Oanh Quyền Thu Vinh Hậu Hưng Phúc Toàn Thịnh Duyên Lộc Tú Quỳnh
    Chi Giang Hào Tiến Nhàn Lợi Thơm Bích Tuyết Sáng Đông Khôi Lâm Bảo Thơ Uyên Ly Mẫn Ái Khuyên
    Diệp Nguyệt Sen Trinh Thoa Hợi Tý Sửu Mão Thìn Tỵ Thân Dậu Tuất Ngân Châu Quế Đào Cúc Trúc
"""
_NAMES = 200_000
_DAYS = 3 * 365
_SHARE_OF_LARGER = 0.85  # of the next larger agency's dossiers

_OPEN = (
    ("registered", 12), ("accepted", 15), ("in_process", 50), ("supplement_requested", 9),
    ("payment_requested", 4), ("resolved", 10),
)  # fmt: skip


def fill(url: str, dossiers: int, open_dossiers: int, now: datetime) -> None:
    """Write `dossiers`, the newest `open_dossiers` of them open, into a migrated database."""
    with psycopg.connect(url) as db:
        db.execute("SET synchronous_commit = off")
        db.execute("SET maintenance_work_mem = '1GB'")
        db.execute("SET work_mem = '256MB'")
        _write_names(db)
        _write_agencies(db)
        indexes = _drop_indexes(db)
        _write_dossiers(db, dossiers, open_dossiers, now)
        for definition in indexes:
            db.execute(definition)
        db.execute("DROP TABLE p3_name, p3_agency")
        db.commit()
        db.autocommit = True
        db.execute("VACUUM (ANALYZE) dossier, dossier_search")
        db.execute("CHECKPOINT")


def _write_names(db: "psycopg.Connection[tuple[object, ...]]") -> None:
    chance = random.Random(766)
    families = chance.choices(list(_FAMILY), list(_FAMILY.values()), k=_NAMES)
    middles = chance.choices(list(_MIDDLE), list(_MIDDLE.values()), k=_NAMES)
    known = _GIVEN.split()
    weights = [1 / (place + 4) for place in range(len(known))]
    givens = chance.choices(known, weights, k=_NAMES)
    db.execute("CREATE UNLOGGED TABLE p3_name (n int PRIMARY KEY, name text, words text[])")
    with db.cursor().copy("COPY p3_name FROM STDIN") as copy:
        copy.set_types(["int4", "text", "text[]"])
        for n, parts in enumerate(zip(families, middles, givens, strict=True)):
            name = " ".join(filter(None, parts))
            copy.write_row((n, name, name_words(name)))
    db.execute("ANALYZE p3_name")


def _write_agencies(db: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Give each agency a slice of 0 to 1: uneven, the largest first by its key."""
    db.execute(
        """
        CREATE UNLOGGED TABLE p3_agency AS
        WITH weighed AS (
            SELECT id, code, power(%s, row_number() OVER (ORDER BY id) - 1) AS weight
            FROM agency WHERE parent_id IS NOT NULL
        )
        SELECT id, code, weight, sum(weight) OVER (ORDER BY id) / sum(weight) OVER () AS upto
        FROM weighed
        """,
        [_SHARE_OF_LARGER],
    )


def _drop_indexes(db: "psycopg.Connection[tuple[object, ...]]") -> list[sql.SQL]:
    """Drop what can be made again faster than it can be kept, and return how to make it."""
    rows = db.execute("""
        SELECT indexdef, indexname FROM pg_indexes
        WHERE tablename IN ('dossier', 'dossier_search') AND indexname LIKE 'ix\\_%'
    """).fetchall()
    for _, name in rows:
        db.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(str(name))))
    return [sql.SQL(str(definition)) for definition, _ in rows]


def _write_dossiers(
    db: "psycopg.Connection[tuple[object, ...]]", dossiers: int, open_dossiers: int, now: datetime
) -> None:
    db.execute("SELECT setseed(0.766)")
    db.execute(
        _DOSSIERS,
        {
            "dossiers": dossiers,
            "first_open": dossiers - open_dossiers,
            "begin": now - timedelta(days=_DAYS),
            "span": timedelta(days=_DAYS),
            "now": now,
            "names": _NAMES,
            "open": [status for status, weight in _OPEN for _ in range(weight)],
            "ended": ["returned"] * 94 + ["refused"] * 3 + ["withdrawn"] * 2 + ["stopped"],
        },
    )
    db.execute(_WORDS)


_DOSSIERS = """
WITH drawn AS (
    SELECT n, random() AS place, random() AS who, random() AS what, random() AS how,
        %(begin)s::timestamptz + %(span)s::interval * (n::float8 / %(dossiers)s) AS received_at
    FROM generate_series(1, %(dossiers)s) AS n
), placed AS (
    SELECT drawn.*, (SELECT min(upto) FROM p3_agency WHERE upto >= place) AS upto FROM drawn
), versions AS (
    SELECT array_agg(id ORDER BY id) AS ids FROM procedure_version
), told AS (
    SELECT placed.*, agency.id AS agency_id, agency.code AS agency_code,
        (received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS received_on,
        date_trunc('minute', received_at) AS at,
        (who * 700000)::int AS person,
        CASE WHEN n > %(first_open)s
            THEN (%(open)s::text[])[1 + floor(what * cardinality(%(open)s::text[]))::int]
            ELSE (%(ended)s::text[])[1 + floor(what * cardinality(%(ended)s::text[]))::int]
        END AS status
    FROM placed JOIN p3_agency AS agency ON agency.upto = placed.upto
), numbered AS (
    SELECT told.*, row_number() OVER (PARTITION BY agency_id, received_on ORDER BY n) AS number
    FROM told
)
INSERT INTO dossier (id, code, procedure_version_id, agency_id, at_agency_id, agency_ids, step,
    channel, status, status_before, version, applicant_kind, applicant_number, applicant_name,
    contact, submitter_id, submitter_number, submitter_name, is_verified, form, fees, return_way,
    received_on, received_at, answer_due_at, accepted_at, due_at, promised_at, supplements,
    remaining_minutes, resolved_at, ended_at)
OVERRIDING SYSTEM VALUE
SELECT numbered.n, agency_code || to_char(received_on, '-YYMMDD-') || lpad(number::text, 4, '0'),
    ids[1 + floor(how * how * cardinality(ids))::int], agency_id, agency_id, ARRAY[agency_id],
    (how * 1000)::int %% 3, CASE WHEN how < 0.9 THEN 'online' ELSE 'desk' END, status,
    CASE WHEN status LIKE '%%\\_requested' THEN 'in_process' END, 1 + (what * 10)::int, 'citizen',
    '0259' || lpad(person::text, 8, '0'), name,
    jsonb_build_object('phone', '0000' || lpad(person::text, 6, '0'), 'address', 'Khu 1, xã Mẫu'),
    '0259' || lpad(person::text, 8, '0'), '0259' || lpad(person::text, 8, '0'), name, 1,
    '{"so_ban": 1, "ghi_chu": "Hồ sơ mẫu để đo"}', '[]', 'desk', received_on, at,
    at + interval '1 day', accepted_at, due_at, due_at, 0,
    CASE WHEN status LIKE '%%\\_requested' THEN (what * 4800)::int - 480 END,
    CASE WHEN status IN ('resolved', 'returned') THEN at + interval '4 days' END,
    CASE WHEN status IN ('refused', 'withdrawn', 'stopped', 'resolved', 'returned')
        THEN at + interval '4 days' END
FROM numbered CROSS JOIN versions
JOIN p3_name ON p3_name.n = numbered.person %% %(names)s
CROSS JOIN LATERAL (
    SELECT CASE WHEN status <> 'registered' THEN at + interval '2 hours' END AS accepted_at,
        CASE WHEN status <> 'registered' THEN date_trunc('minute',
            CASE WHEN numbered.n > %(first_open)s
                THEN %(now)s::timestamptz + interval '1 day' * (how * 9 - 1)
                ELSE at + interval '5 days' END) END AS due_at
) AS dates
ORDER BY numbered.n
"""

_WORDS = """
INSERT INTO dossier_search (agency_id, received_at, dossier_id, words)
SELECT agency_id, received_at, dossier.id, search_words(agency_id, received_at, dossier.code,
    known.words || ARRAY[applicant_number, contact ->> 'phone', '#' || procedure.code])
FROM dossier
JOIN (SELECT DISTINCT ON (name) name, words FROM p3_name) AS known ON known.name = applicant_name
JOIN procedure_version ON procedure_version.id = dossier.procedure_version_id
JOIN procedure ON procedure.id = procedure_version.procedure_id
ORDER BY dossier.id
"""
