"""The rules of the house, read from the tree: who may import whom, and that importing does nothing.

README, "Architecture", says why. New modules are checked by being there.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "handler", "handlers", "common", "misc"}
HEAVY = ("torch", "transformers", "sentence_transformers", "chromadb", "openvino", "streamlit", "tantivy")
PDF = ("pypdf", "pypdfium2", "pypdfium2_raw")
STAGES = {
    "rag.search.condense", "rag.search.retrieve", "rag.search.rerank",
    "rag.answers.extract", "rag.answers.ground", "rag.answers.confidence",
    "rag.llm.chat_model", "rag.llm.chat_opening", "rag.llm.chat_faults", "rag.llm.local_chat", "rag.llm.opened",
    "rag.llm.writing", "rag.reader",
    "ingest.catalog", "ingest.indexes.vectors", "ingest.indexes.lexical", "ingest.text.chunking",
    "ingest.embedder", "ingest.pipeline", "ingest.processes.worker",
}  # fmt: skip


def sources() -> list[Path]:
    found = [path for folder in ("ingest", "rag") for path in (PROJECT / folder).rglob("*.py")]
    app = PROJECT / "app.py"
    return sorted(found + ([app] if app.exists() else []))


def module_name(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever the import stands, as absolute dotted names."""
    package = list(path.relative_to(PROJECT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def offences(wanted: tuple[str, ...], *allowed: str) -> list[str]:
    """Files that import one of `wanted` (or what lies in it) and stand in none of `allowed`."""
    found = []
    for path in sources():
        place = path.relative_to(PROJECT).as_posix()
        if any(place == one or (one.endswith("/") and place.startswith(one)) for one in allowed):
            continue
        found += [
            f"{place} imports {name}"
            for name in imports(path)
            if any(name == one or name.startswith(f"{one}.") for one in wanted)
        ]
    return found


def test_the_tree_is_there_and_the_reading_of_imports_works() -> None:
    names = {module_name(path) for path in sources()}
    assert {"ingest.model.pages", "rag.model", "rag.engine"} <= names
    assert "ingest.model.chunks" in set(imports(PROJECT / "rag" / "model.py"))
    assert offences(("ingest",)), "rag imports ingest, so a rule against it must find offences"


def test_ingest_never_imports_rag() -> None:
    assert offences(("rag",), "app.py", "rag/") == []


def test_nothing_imports_app() -> None:
    assert offences(("app",)) == []


def test_the_program_never_imports_its_tests() -> None:
    assert offences(("tests",)) == []


def test_streamlit_only_in_app_and_the_pages() -> None:
    assert offences(("streamlit",), "app.py", "rag/ui/", "rag/evaluate/") == []


def test_chromadb_only_in_vectors() -> None:
    assert offences(("chromadb", "langchain_chroma"), "ingest/indexes/vectors.py", "rag/evaluate/") == []


def test_the_bm25_library_only_in_lexical() -> None:
    assert offences(("tantivy",), "ingest/indexes/lexical.py", "rag/evaluate/") == []


def test_pdf_libraries_only_in_readers() -> None:
    assert offences(PDF, "ingest/readers/", "rag/evaluate/") == []


def test_front_ends_see_engine_and_library_and_no_stage() -> None:
    fronts = [
        path
        for path in sources()
        if path.relative_to(PROJECT).as_posix().startswith(("rag/ui/", "rag/api/"))
        or path.name in ("__main__.py", "app.py")
    ]
    found = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in fronts
        for name in imports(path)
        if any(name == stage or name.startswith(f"{stage}.") for stage in STAGES)
        and not (module_name(path).startswith("ingest.embedder"))
    ]
    assert found == []


def test_no_module_is_named_after_nothing() -> None:
    everything = [*sources(), *(PROJECT / "tests").rglob("*.py")]
    found = [
        path.relative_to(PROJECT).as_posix()
        for path in everything
        for part in path.relative_to(PROJECT).with_suffix("").parts
        if set(part.lower().strip("_").split("_")) & BANNED_NAMES
    ]
    assert found == []


# ------------------------------------------------------------------ importing does nothing

_WATCH = '''
import importlib, json, os, sys
project, names = sys.argv[1], sys.argv[2:]
sys.path.insert(0, project)
venv = os.path.join(project, ".venv")
seen, current = [], [""]

def ours(path):
    path = os.path.abspath(path)
    return path.startswith(project + os.sep) and not path.startswith(venv + os.sep)

def caller():
    """The file that acts: the nearest frame that is neither the standard library's nor ours to skip."""
    frame = sys._getframe(2)
    while frame:
        name = frame.f_code.co_filename
        if not name.startswith("<frozen") and os.path.dirname(os.__file__) != os.path.dirname(name) \\
                and name != "<string>":
            return name
        frame = frame.f_back
    return ""

def watch(event, args):
    if not current[0]:
        return
    if event == "open":
        path, mode = args[0], args[1]
        if not isinstance(path, str):
            return
        writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        data = ours(path) and not path.endswith((".py", ".pyc")) and "__pycache__" not in path
        if data or (writes and ours(caller())):
            seen.append(f"{current[0]} opens {path} ({mode})")
    elif event in ("os.putenv", "os.unsetenv", "os.mkdir", "sqlite3.connect", "socket.connect",
                   "socket.bind", "subprocess.Popen", "os.remove", "os.rename"):
        if ours(caller()):
            seen.append(f"{current[0]}: {event} {str(args)[:120]}")

sys.addaudithook(watch)
for name in names:
    current[0] = name
    try:
        importlib.import_module(name)
    except ImportError as error:
        if (error.name or "").split(".")[0] in ("ingest", "rag"):
            raise
        seen.append(f"{name} cannot be imported: {error}")
    current[0] = ""
print(json.dumps(seen))
'''


def in_new_process(code: str, *arguments: str, home: Path) -> str:
    environment = {
        **os.environ,
        "FOOTNOTE_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=home.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture
def absent_home(tmp_path: Path) -> Path:
    return tmp_path / "none" / "home"


@pytest.mark.slow
def test_importing_any_module_opens_writes_and_starts_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    names = [module_name(path) for path in sources() if not _is_script(path)]
    assert len(names) > 20
    assert json.loads(in_new_process(_WATCH, str(PROJECT), *names, home=home)) == []
    assert not home.exists()
    assert list(tmp_path.iterdir()) == []


def test_the_watch_sees_what_it_is_for(tmp_path: Path) -> None:
    """A module that does all that is forbidden is caught; so the test above can fail."""
    bad = tmp_path / "project" / "bad.py"
    bad.parent.mkdir()
    bad.write_text(
        "import os, sqlite3\nos.environ['X'] = '1'\nos.mkdir(os.path.dirname(__file__) + '/d')\n"
        "open(os.path.dirname(__file__) + '/f.txt', 'w').close()\nsqlite3.connect(':memory:')\n"
    )
    seen = json.loads(in_new_process(_WATCH, str(bad.parent), "bad", home=tmp_path / "home"))
    for deed in ("os.putenv", "os.mkdir", "f.txt (w)", "sqlite3.connect"):
        assert sum(deed in line for line in seen) == 1, seen
    assert len(seen) == 4, seen


@pytest.mark.parametrize(
    "name",
    [
        "ingest.model.pages",
        "ingest.model.documents",
        "ingest.library",
        "rag.engine",
        "rag.llm.chat_model",
        "rag.langchain",
        "rag.llm.prompt",
    ],
)
def test_light_modules_stay_light(name: str, tmp_path: Path) -> None:
    code = f"import sys, {name}; print([m for m in {HEAVY!r} if m in sys.modules])"
    code = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); {code}"
    assert in_new_process(code, home=tmp_path / "home") == "[]"
    assert not (tmp_path / "home").exists()


def _is_script(path: Path) -> bool:
    """A page that Streamlit runs from top to bottom is no module to import."""
    return path.relative_to(PROJECT).as_posix().startswith("rag/ui/") and "st." in "".join(
        ast.unparse(node)
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    )
