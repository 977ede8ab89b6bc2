"""`python -m motcua_ops`: the same as the console script `motcua`."""

from motcua_ops.cli import main

if __name__ == "__main__":
    main()
