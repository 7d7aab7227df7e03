"""The catalog's tables, as numbered migrations."""

# Numbered migrations: the catalog's user_version is how many of them it has seen. Never edit one
# that has been released; add the next.
MIGRATIONS = (
    """
    CREATE TABLE libraries(
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        embedder TEXT NOT NULL, created_at REAL NOT NULL);
    CREATE TABLE documents(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        library_id INTEGER NOT NULL REFERENCES libraries(id),
        content_hash TEXT NOT NULL, recipe TEXT NOT NULL, media_type TEXT NOT NULL,
        title TEXT NOT NULL, paged INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
        state TEXT NOT NULL, live INTEGER NOT NULL DEFAULT 0, receipt TEXT NOT NULL,
        password TEXT, created_at REAL NOT NULL,
        UNIQUE(library_id, content_hash, recipe));
    CREATE INDEX documents_by_hash ON documents(content_hash);
    CREATE TABLE origins(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        library_id INTEGER NOT NULL REFERENCES libraries(id),
        key TEXT NOT NULL, place TEXT NOT NULL,
        document_id INTEGER REFERENCES documents(id),   -- the one that answers
        pending_id INTEGER REFERENCES documents(id),    -- its replacement, until that is complete
        mtime_ns INTEGER NOT NULL, size_bytes INTEGER NOT NULL, added_at REAL NOT NULL,
        UNIQUE(library_id, key));
    CREATE INDEX origins_by_document ON origins(document_id);
    CREATE INDEX origins_by_pending ON origins(pending_id);
    CREATE TABLE pages(
        document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        number INTEGER NOT NULL, label TEXT, text TEXT NOT NULL,
        headings TEXT NOT NULL, runs BLOB NOT NULL,
        PRIMARY KEY(document_id, number)) WITHOUT ROWID;
    CREATE TABLE chunks(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL, page INTEGER NOT NULL, start INTEGER NOT NULL,
        "end" INTEGER NOT NULL, text TEXT NOT NULL, headings TEXT NOT NULL);
    CREATE INDEX chunks_by_document ON chunks(document_id, ordinal);
    CREATE TABLE vectors(
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
        vector BLOB NOT NULL);                           -- float16, the library's dimensions
    CREATE TABLE outbox(
        id INTEGER PRIMARY KEY AUTOINCREMENT, library_id INTEGER NOT NULL,
        target TEXT NOT NULL CHECK(target IN ('words', 'vectors')),
        action TEXT NOT NULL CHECK(action IN ('add', 'remove', 'drop')),
        document_id INTEGER, first_chunk INTEGER, last_chunk INTEGER);
    CREATE TABLE jobs(
        id INTEGER PRIMARY KEY AUTOINCREMENT, library_id INTEGER NOT NULL, key TEXT NOT NULL,
        place TEXT NOT NULL, content_hash TEXT NOT NULL, mtime_ns INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL, replace_key INTEGER, password TEXT,
        keep_password INTEGER NOT NULL DEFAULT 0, stage TEXT NOT NULL, document_id INTEGER,
        result TEXT, added_at REAL NOT NULL);
    CREATE INDEX jobs_by_stage ON jobs(stage);
    """,
    """
    ALTER TABLE pages ADD COLUMN lines BLOB NOT NULL DEFAULT x'';  -- of OCR: see ingest.catalog.columns
    """,
    """
    CREATE TABLE queue(paused INTEGER NOT NULL);  -- one row
    INSERT INTO queue VALUES (0);
    """,
    """
    CREATE TABLE tags(  -- by hand; `given` is 0 for one that a rule gives and a hand has taken off
        origin_id INTEGER NOT NULL REFERENCES origins(id) ON DELETE CASCADE,
        tag TEXT NOT NULL COLLATE NOCASE, given INTEGER NOT NULL,
        PRIMARY KEY(origin_id, tag)) WITHOUT ROWID;
    CREATE TABLE tag_rules(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        library_id INTEGER NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
        pattern TEXT NOT NULL, type TEXT NOT NULL, tags TEXT NOT NULL);
    """,
    """
    CREATE TABLE sketches(  -- documents held against the others: see ingest.shelf.alike
        document_id INTEGER PRIMARY KEY REFERENCES documents(id) ON DELETE CASCADE,
        version INTEGER NOT NULL, fingerprints INTEGER NOT NULL);
    CREATE TABLE fingerprints(
        library_id INTEGER NOT NULL, hash INTEGER NOT NULL,
        document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        PRIMARY KEY(library_id, hash, document_id)) WITHOUT ROWID;
    CREATE INDEX fingerprints_by_document ON fingerprints(document_id);
    CREATE TABLE alike(  -- shares of the words of either document that stand in the other, 0 to 1
        first_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        second_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        first_share REAL NOT NULL, second_share REAL NOT NULL,
        PRIMARY KEY(first_id, second_id)) WITHOUT ROWID;
    CREATE INDEX alike_by_second ON alike(second_id);
    CREATE TABLE set_aside(  -- contents that a person has decided about
        library_id INTEGER NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
        content_hash TEXT NOT NULL,
        instead_id INTEGER REFERENCES origins(id) ON DELETE CASCADE,  -- which answers; NULL: itself, always
        PRIMARY KEY(library_id, content_hash)) WITHOUT ROWID;
    CREATE INDEX set_aside_by_origin ON set_aside(instead_id);
    ALTER TABLE libraries ADD COLUMN newest_answers INTEGER NOT NULL DEFAULT 0;  -- of near duplicates
    """,
    """
    CREATE TABLE amendments(  -- passages switched off, or corrected by hand
        chunk_id INTEGER PRIMARY KEY REFERENCES chunks(id) ON DELETE CASCADE,
        document_id INTEGER NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        off INTEGER NOT NULL, text TEXT,  -- NULL: as it was read
        changed_at REAL NOT NULL);
    CREATE INDEX amendments_by_document ON amendments(document_id);
    """,
    """
    ALTER TABLE origins ADD COLUMN choice TEXT NOT NULL DEFAULT '';  -- see ingest.recipe
    ALTER TABLE jobs ADD COLUMN choice TEXT NOT NULL DEFAULT '';
    """,
    """
    CREATE TABLE followed(  -- folders and sites kept in step: ingest.follow
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        library_id INTEGER NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
        kind TEXT NOT NULL, place TEXT NOT NULL, include TEXT NOT NULL, exclude TEXT NOT NULL,
        paused INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting',
        fault TEXT NOT NULL DEFAULT '', looked_at REAL NOT NULL DEFAULT 0,
        files INTEGER NOT NULL DEFAULT 0, notes TEXT NOT NULL DEFAULT '[]',
        left_out INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE web_pages(  -- what is known of an address that was fetched: ingest.web
        library_id INTEGER NOT NULL REFERENCES libraries(id) ON DELETE CASCADE,
        address TEXT NOT NULL, key TEXT NOT NULL, content_hash TEXT NOT NULL,
        etag TEXT NOT NULL, last_modified TEXT NOT NULL,
        followed_id INTEGER REFERENCES followed(id) ON DELETE SET NULL,  -- null: a person named it
        listed_change TEXT NOT NULL DEFAULT '',           -- its <lastmod> in the sitemap
        PRIMARY KEY(library_id, address)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE documents ADD COLUMN remarked INTEGER NOT NULL DEFAULT 0;  -- its receipt has warnings
    UPDATE documents SET remarked = 1 WHERE json_extract(receipt, '$.warnings') <> '[]';
    CREATE INDEX documents_remarked ON documents(library_id) WHERE remarked;  -- found without walking over receipts
    """,
    """
    ALTER TABLE documents ADD COLUMN made TEXT NOT NULL DEFAULT '';  -- the day that its metadata name
    """,
)
