"""`python -m motcua_devstack`: `./dev` inside the environment."""

import sys

from motcua_devstack.cli import run_inside

if __name__ == "__main__":
    sys.exit(run_inside(sys.argv[1:]))
