"""`python -m motcua_permits grpc|http|worker|migrate|dead-letters`."""

from motcua_kit.service import run
from motcua_permits.bootstrap import SERVICE

if __name__ == "__main__":
    run(SERVICE)
