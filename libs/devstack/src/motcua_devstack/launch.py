"""Start a program that ends when its starter ends: `python -I -S launch.py PARENT PROGRAM ARGUMENT…`.

The kernel sends SIGTERM to the program when the thread that started it is gone, however it went.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(sys.argv[1]):  # it went before the line above
        sys.exit(1)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell wanted
