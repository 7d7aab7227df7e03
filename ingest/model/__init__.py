"""The words of ingest as types: what a file becomes on its way into a library.

    file ─read→ FileText(Page …) ─chunk→ Chunk ─embed→ vector ─commit→ catalog

Every stage has its own frozen type.
"""
