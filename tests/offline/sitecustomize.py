"""Python imports this module by itself at its start where this folder is on PYTHONPATH."""

import loopback_only  # type: ignore[import-not-found]  # noqa: F401  (puts the guard in place)
