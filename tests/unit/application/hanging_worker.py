"""A picture worker that takes its picture and never answers."""

import sys

sys.stdin.buffer.read()
