"""Question and passage to relevance, span and answerability: the shipped reader."""

from rag.reader.model import RawReading, Reader, best_span

__all__ = ["RawReading", "Reader", "best_span"]
