"""Runs identity: `python -m motcua_identity grpc|http|worker|migrate|dead-letters|seed|rotate-keys`."""

from motcua_identity.bootstrap import SERVICE
from motcua_kit.service import run

if __name__ == "__main__":
    run(SERVICE)
