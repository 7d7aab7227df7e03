"""`check`: hold the indexes and the originals against the catalog. Its callers hold everything still."""

from __future__ import annotations

from ingest.catalog import Catalog
from ingest.home.originals import Originals
from ingest.model.upkeep import Fault, Remains
from ingest.protocols import LexicalIndex, VectorIndex

REBUILD = "Run `python -m ingest rebuild`; nothing is embedded anew."


def check_library(
    name: str, library_id: int, catalog: Catalog, words: LexicalIndex, vectors: VectorIndex
) -> list[Fault]:
    """Passages that an index lacks or has too many, and chunks without a vector."""
    faults: list[Fault] = []
    for index, wanted, found in (
        ("the word index", catalog.passages.ids(library_id), words.ids(library_id)),
        ("the vector index", catalog.passages.ids(library_id, complete=True), vectors.ids(library_id)),
    ):
        if missing := len(wanted - found):
            faults.append(Fault(name, f"{missing} passages are missing in {index}.", REBUILD))
        if ghosts := len(found - wanted):
            faults.append(Fault(name, f"{ghosts} removed passages are still in {index}.", REBUILD))
    if bare := catalog.passages.without_vector(library_id):
        faults.append(Fault(name, f"{bare} passages have no vector.", "Add the files again."))
    return faults


def check_originals(catalog: Catalog, originals: Originals) -> list[Fault]:
    """Files that the catalog needs and that are gone, and files nothing needs."""
    wanted = catalog.documents.hashes() - {""}
    faults: list[Fault] = []
    if missing := wanted - originals.hashes():
        faults.append(
            Fault(
                "",
                f"{len(missing)} original files are missing.",
                "Add those files again; answers still work.",
            )
        )
    if left := originals.discard(originals.unneeded(wanted)):
        faults.append(Fault("", f"{left} files were left over.", "They have been removed just now."))
    return faults


def find_remains(
    catalog: Catalog, words: LexicalIndex, vectors: VectorIndex, originals: Originals
) -> Remains:
    """What is left of removed documents and deleted libraries.

    Ids are never given twice: one that an index has and the catalog has not is a removed passage's.
    """
    known = {library_id: catalog.passages.ids(library_id) for library_id in catalog.libraries.ids_ever()}
    return Remains(
        catalog=catalog.passages.strays(),
        vectors=sum(len(vectors.ids(each) - ids) for each, ids in known.items()),
        index=sum(len(words.ids(each) - ids) for each, ids in known.items()),
        originals=len(originals.unneeded(catalog.documents.hashes())),
    )
