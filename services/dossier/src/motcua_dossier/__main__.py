"""Runs dossier: `python -m motcua_dossier grpc|worker|migrate|dead-letters|calendar`."""

from motcua_dossier.bootstrap import SERVICE
from motcua_kit.service import run

if __name__ == "__main__":
    run(SERVICE)
