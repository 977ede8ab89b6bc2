"""Verifiable history: daily signed seals over the chains of all aggregates, and what can be told from them."""
