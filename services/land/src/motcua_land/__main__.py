"""`python -m motcua_land grpc|migrate|load|generate|…`."""

from motcua_kit.service import run
from motcua_land.bootstrap import SERVICE

if __name__ == "__main__":
    run(SERVICE)
