"""A load driver that keeps its own ledger and, at the end, holds the suite to it."""
