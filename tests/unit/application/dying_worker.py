"""A picture worker that is killed in the middle of its first picture."""

import os
import signal
import sys

sys.stdin.buffer.readline()
os.kill(os.getpid(), signal.SIGKILL)
