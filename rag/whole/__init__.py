"""Questions about a whole library: which documents mention it, compare these, summarise that, add this up.

    question ─route · kinds→ what is asked ─gather→ every document looked at ─compute · quote→ Answer with coverage

The best passages alone cannot answer them: whether there is a fourth document is not told by three.
`gather.gathered` is the one door.
"""
