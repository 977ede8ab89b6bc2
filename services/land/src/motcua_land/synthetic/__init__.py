"""A made-up register for demos and tests: wards drawn from a plan, the same ones on every run.

Lots are cut so that neighbours share their vertices exactly: nothing overlaps, and nothing is left between them.
"""
