"""Building permits: applications, by-law checks, decisions, permits and their verification."""
