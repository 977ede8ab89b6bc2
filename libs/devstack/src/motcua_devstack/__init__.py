"""Motcua on one machine: environment, embedded servers, supervisor, demo.

`cli`, `environment`, `console`, `errors` and `paths` use the standard library only, as they run before anything is
installed.
"""
