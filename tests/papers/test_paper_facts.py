"""How the head of a paper names an agency and its place (Decree 30/2020/NĐ-CP, annex I)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.reference import Catalogue
from app.domain.agency import Agency, Level
from app.domain.papers import BOOKS, Form
from app.domain.reorganisation import Successions
from app.papers.facts import FACTS_OF, NumberedPaper
from app.papers.keeping import kept, revived
from app.papers.rendering import render
from app.services.letterheads import office_of
from tests.builders import MONDAY
from tests.papers.paper_samples import DOSSIER_PAPERS

AGENCIES = {
    code: Agency(code, name, level, parent, date(2016, 1, 1), None, None, None)
    for code, name, level, parent in (
        ("H44", "UBND tỉnh Phú Thọ", Level.PROVINCE, None),
        ("H44.10", "Sở Tư pháp", Level.PROVINCE, "H44"),
        ("H44.10.01", "Phòng Công chứng số 1", Level.PROVINCE, "H44.10"),
        ("H44.29", "UBND Thành phố Việt Trì", Level.DISTRICT, "H44"),
        ("H44.29.03", "Phòng Quản lý đô thị", Level.DISTRICT, "H44.29"),
        ("H44.30.01", "UBND Xã Phù Ninh", Level.COMMUNE, "H44.30"),
        ("H44.31", "Huyện không thuộc ai", Level.DISTRICT, None),
    )
}
CATALOGUE = Catalogue(AGENCIES, {}, {}, (), {}, {}, {}, Successions([]))


@pytest.mark.parametrize(
    ("code", "parent", "agency", "place"),
    [
        ("H44", None, "Ủy ban nhân dân tỉnh Phú Thọ", "Phú Thọ"),
        ("H44.10", "Ủy ban nhân dân tỉnh Phú Thọ", "Sở Tư pháp", "Phú Thọ"),
        ("H44.10.01", "Sở Tư pháp", "Phòng Công chứng số 1", "Phú Thọ"),
        ("H44.29", None, "Ủy ban nhân dân Thành phố Việt Trì", "Việt Trì"),
        (
            "H44.29.03",
            "Ủy ban nhân dân Thành phố Việt Trì",
            "Phòng Quản lý đô thị",
            "Việt Trì",
        ),
        ("H44.30.01", None, "Ủy ban nhân dân Xã Phù Ninh", "Phù Ninh"),
        ("H44.31", None, "Huyện không thuộc ai", "Huyện không thuộc ai"),
    ],
)
def test_the_head_names_agency_and_place(
    code: str, parent: str | None, agency: str, place: str
) -> None:
    for desk in (True, False):
        office = office_of(CATALOGUE, AGENCIES[code], MONDAY, desk=desk)

        assert (office.parent_agency, office.agency, office.place) == (parent, agency, place)
        assert (office.desk is not None) == desk


@pytest.mark.parametrize("form", BOOKS)
def test_facts_come_back_from_where_they_are_kept_as_they_were(form: Form) -> None:
    facts = DOSSIER_PAPERS[form]

    again = revived(form, kept(form, facts), facts.number)

    assert again == facts
    assert render(form, again) == render(form, facts)


@pytest.mark.parametrize("form", BOOKS)
def test_facts_kept_by_another_release_are_still_read(form: Form) -> None:
    older = {**kept(form, DOSSIER_PAPERS[form]), "no_longer_known": ["x"]}

    assert revived(form, older, DOSSIER_PAPERS[form].number) == DOSSIER_PAPERS[form]


@given(st.sampled_from(sorted(BOOKS)), st.integers(1, 10**9))
def test_the_number_is_the_books_and_not_among_the_facts(form: Form, number: int) -> None:
    values = kept(form, DOSSIER_PAPERS[form])

    assert "number" not in values
    assert "register_number" not in values
    paper = revived(form, values, number)
    assert isinstance(paper, NumberedPaper)
    assert paper.number == number


def test_every_form_that_is_kept_has_a_template_and_a_symbol_of_its_own() -> None:
    assert set(BOOKS) <= set(FACTS_OF)
    assert [book.form_number for book in BOOKS.values()] == [f"0{n}" for n in range(1, 7)]
    assert len({book.symbol for book in BOOKS.values()}) == len(BOOKS)
    assert len({book.slug for book in BOOKS.values()}) == len(BOOKS)
