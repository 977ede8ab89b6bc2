"""Command line of the notify service: `python -m motcua_notify grpc|worker|migrate|dead-letters`."""

from motcua_kit.service import run
from motcua_notify.bootstrap import SERVICE

if __name__ == "__main__":
    run(SERVICE)
