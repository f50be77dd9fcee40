"""The migration that brings the clock in full: what was known becomes the first change."""

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from app.db.access import connect
from app.db.books import read_book
from app.db.migrate import configuration, migrate
from app.domain.calendar_book import fold
from app.domain.calendar_documents import change_of
from tests.database import empty_database

AFTER = "20261124_clock"
BEFORE = str(ScriptDirectory.from_config(configuration()).get_revision(AFTER).down_revision)
_OLD_DATA = """
INSERT INTO revision (name, value) VALUES ('calendar', 3), ('catalogue', 1);
INSERT INTO calendar_day (day, kind, name, source, hours) VALUES
    ('2026-01-02', 'off', 'Nghỉ hoán đổi', 'Công văn 01/MAU', NULL),
    ('2026-01-10', 'worked', 'Làm bù', 'Công văn 01/MAU', NULL),
    ('2026-02-13', 'hours', 'Nghỉ sớm', 'Thông báo 1', '07:30-11:30 13:00-15:00');
INSERT INTO office_hours (agency, valid_from, weekday, starts, ends) VALUES
    ('*', '2020-01-01', 1, '13:00', '17:00'), ('*', '2020-01-01', 1, '07:30', '11:30'),
    ('H44.10', '2026-01-01', 6, '07:30', '11:30');
"""


def down(owner: Engine) -> None:
    with owner.connect() as db, db.begin():
        config = configuration()
        config.attributes["connection"] = db
        command.downgrade(config, BEFORE)


def test_what_was_known_becomes_the_first_change_and_nothing_is_lost_going_back() -> None:
    with empty_database() as url:
        owner = connect(url, as_owner=True, pool_size=1)
        migrate(owner, BEFORE)
        with owner.begin() as db:
            db.execute(text(_OLD_DATA))
        migrate(owner, AFTER)
        with owner.connect() as db:
            [change] = db.execute(text("SELECT * FROM calendar_change")).all()
            book = read_book(db)
        assert (change.revision, change.entered_by) == (3, "system")
        assert fold([change_of(change.document)]) == book
        assert len(book.days["*"]) == 3
        assert set(book.hours) == {"*", "H44.10"}

        down(owner)
        with owner.connect() as db:
            columns = db.execute(text("SELECT * FROM calendar_day ORDER BY day")).keys()
            assert list(columns) == ["day", "kind", "name", "source", "hours"]
        migrate(owner, AFTER)
        with owner.connect() as db:
            assert read_book(db) == book
        owner.dispose()


def test_the_release_before_still_writes_its_dossiers(database: str) -> None:
    """It does not know the new column: what it writes is taken for not yet derived."""
    owner = connect(database, as_owner=True, pool_size=1)
    with owner.connect() as db:
        found = db.execute(
            text("""
                SELECT column_default, is_nullable FROM information_schema.columns
                WHERE table_name = 'dossier' AND column_name = 'calendar_revision'
            """)
        ).one()
    owner.dispose()
    assert tuple(found) == ("0", "NO")
