"""Typesetting: papers as PDF from templates that lie with the code, in worker processes."""
