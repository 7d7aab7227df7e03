"""Questions about a table become queries; a word that nothing explains ends it."""

from __future__ import annotations

import pytest

from ingest.readers.rows import read_tables
from ingest.settings import PROJECT, Settings
from rag.whole.asked import asked
from rag.whole.columns import Grid, grids
from rag.whole.compute import Result, compute
from rag.whole.query import Query
from rag.whole.words import explained_anywhere, may_compute

TABLES = PROJECT / "rag" / "evaluate" / "whole" / "tables"


@pytest.fixture(scope="module")
def tables() -> dict[str, Grid]:
    found = {}
    for path in sorted(TABLES.iterdir()):
        (found[path.stem],) = grids(f"tables/{path.name}", "", read_tables(path, path.name, Settings()))
    return found


def computed(question: str, grid: Grid) -> tuple[Query, Result]:
    found = asked(question, grid)
    assert found, question
    return found.query, compute(grid, found.query)


@pytest.mark.parametrize(
    ("question", "table", "value"),
    [
        ("What is the total quantity?", "equipment", 223.0),
        ("How many laptops are in equipment.csv?", "equipment", 23.0),
        ("how many rows are there in equipment.csv", "equipment", 48.0),
        ("number of items from Northstar", "equipment", 14.0),
        ("How many items were bought in 2025?", "equipment", 29.0),
        ("how many items cost more than 500 €?", "equipment", 9.0),
        ("How many staff are in Leeds?", "staff", 6.0),
        ("what was the average salary of the staff?", "staff", 47104.1667),
        ("total hours per week in staff.csv", "staff", 752.5),
        ("How many staff have a start date before 2018?", "staff", 11.0),
        ("total fee of all bookings", "bookings", 6261.9),
        ("how many staff are not in Leeds?", "staff", 18.0),
        ("how many staff are there in Leeds or Oslo?", "staff", 12.0),
        ("total quantity in Ferrand and Kestrel Hill", "equipment", 132.0),
        ("total number of staff in Leeds", "staff", 6.0),
        ("average number of people per booking", "bookings", 16.5),
        ("number of bookings in the year 2025", "bookings", 30.0),
        ("How many bookings of the Scouts were not paid in 2025?", "bookings", 2.0),
        ("how many people came in bookings.xlsx with the Scouts", "bookings", 194.0),
    ],
)
def test_one_figure(tables: dict[str, Grid], question: str, table: str, value: float) -> None:
    _, result = computed(question, tables[table])
    (line,) = result.lines
    assert line.value == pytest.approx(value, rel=1e-6)
    assert len(line.rows) == result.used > 0


def test_groups(tables: dict[str, Grid]) -> None:
    _, result = computed("average salary per team", tables["staff"])
    assert {line.name: line.value for line in result.lines} == {
        "Finance": 53950.0, "Visitor service": 48968.75, "Engineering": 45500.0, "Research": 39200.0,
    }  # fmt: skip
    assert result.lines[0].name == "Finance", "largest first"
    query, result = computed("which team has the lowest average salary?", tables["staff"])
    assert query.best == "min"
    assert [line.name for line in result.lines] == ["Research"]
    _, result = computed("number of bookings per year", tables["bookings"])
    assert [(line.name, line.value) for line in result.lines] == [("2024", 30.0), ("2025", 30.0)]
    _, result = computed("which telescope was booked most often?", tables["bookings"])
    assert [line.name for line in result.lines] == ["Refractor"]


def test_rows_and_the_best_of_them_with_ties(tables: dict[str, Grid]) -> None:
    _, result = computed("top 3 items by unit price", tables["equipment"])
    assert [line.value for line in result.lines] == [1298.96, 1298.96, 1249.0, 1249.0]
    query, _ = computed("which five bookings had the most people?", tables["bookings"])
    assert query.top == 5
    _, result = computed("Who has the highest salary in staff.csv?", tables["staff"])
    names = tables["staff"].columns[0].values
    assert {names[line.rows[0]] for line in result.lines} == {"Emil Faber", "Fay Green"}
    _, result = computed("which staff started after 2024-05-31?", tables["staff"])
    assert [names[line.rows[0]] for line in result.lines] == ["Lea Moss"]
    _, result = computed("list all unpaid bookings of the University group", tables["bookings"])
    assert len(result.lines) == 4
    _, result = computed("how many different suppliers are there?", tables["equipment"])
    assert {line.name for line in result.lines} == {"Lumen Ltd", "Northstar", "Brandt & Sons"}


@pytest.mark.parametrize(
    "question",
    [
        "What is the weather?",
        "How many days of leave do the staff in Leeds have?",
        "What is the average age of the staff?",
        "total salary of the board",
        "How many people live in Leeds?",
        "biggest fee",  # one word of a table is too little
        "average salary; DROP TABLE staff",
        "average salary where __import__('os').system('id')",
        "sum of salary between 100",
        "How many bookings were paid in cash?",
        # a word that turns it round, or ties it to today, or asks for two things, and is not understood
        "how many items do not cost more than 500 €?",
        "how many staff are there in Leeds or in Research?",
        "number of bookings this year",
        "how many bookings were there last month?",
        "highest and lowest salary in staff.csv",
        "average and total fee of the bookings",
        "how many people per booking?",
        "total salary of staff with no team",
        "bookings of the Scouts without a telescope",
    ],
)
def test_what_is_not_wholly_explained_is_not_computed(tables: dict[str, Grid], question: str) -> None:
    for grid in tables.values():
        assert asked(question, grid) is None
        assert asked(question, grid, widely=True) is None


@pytest.mark.parametrize(
    ("question", "table", "value"),
    [
        ("How many staff joined before 2015?", "staff", 4.0),
        ("What does a colleague in Oslo earn on average?", "staff", 50583.3333),
        ("how many people were hired in 2019?", "staff", 5.0),
        ("how many pieces of equipment have been purchased from Northstar", "equipment", 66.0),
    ],
)
def test_columns_by_other_words(tables: dict[str, Grid], question: str, table: str, value: float) -> None:
    assert asked(question, tables[table]) is None
    found = asked(question, tables[table], widely=True)
    assert found
    (line,) = compute(tables[table], found.query).lines
    assert line.value == pytest.approx(value, rel=1e-6)


def test_the_longest_since_a_beginning_is_the_oldest(tables: dict[str, Grid]) -> None:
    found = asked("Who has been employed longest according to staff.csv?", tables["staff"], widely=True)
    assert found
    (line,) = compute(tables["staff"], found.query).lines
    assert line.value == "2012-11-20"


@pytest.mark.parametrize(
    "question",
    [
        "how many people left before 2015?",  # no column tells who left
        "how much did Kestrel Hill spend?",  # a sum of unit prices is not what was spent
        "how many people work part-time in Porto?",
        "which supplier delivered late?",
        "how many evening bookings of the Scouts were there",
        "average salary by department and city of the staff",  # one group at a time
    ],
)
def test_other_words_do_not_explain_everything(tables: dict[str, Grid], question: str) -> None:
    for grid in tables.values():
        assert asked(question, grid, widely=True) is None


def test_cells_are_never_more_than_text() -> None:
    from ingest.model.tables import Table
    from tests.rag.whole.test_columns import row

    hostile = ("=SUM(1,2)", "__import__('os').system('id')", "'; DROP TABLE x; --", "@query index > 0")
    rows = tuple(row(n + 2, cell, str(n)) for n, cell in enumerate(hostile))
    (grid,) = grids("a.csv", "", [Table("", ("Note", "Sum of `@x`"), rows)])
    for question in ("list all notes", "how many different notes are there?"):
        _, result = computed(question, grid)
        assert {line.name for line in result.lines} == set(hostile)


def test_no_row_left_is_no_result(tables: dict[str, Grid]) -> None:
    _, result = computed("total fee of bookings in 1999", tables["bookings"])
    assert result.lines == ()
    assert result.used == 0


def test_the_cheap_look_before() -> None:
    assert not may_compute("Why is the sky blue?")
    assert may_compute("average salary")
    assert explained_anywhere("What's the average salary in Leeds over 100?") == ["salary", "leeds"]
