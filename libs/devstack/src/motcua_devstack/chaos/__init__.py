"""Faults under load: a known load, a seeded plan of faults, and an audit of what is left."""
