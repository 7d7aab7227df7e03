"""Thin adapters over the engine: asking over loopback HTTP, and its client."""
