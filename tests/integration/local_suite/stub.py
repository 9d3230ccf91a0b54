"""`python -m tests.integration.local_suite.stub`: a part as small as can be. Told by STUB_* what to do."""

from __future__ import annotations

import os
import random
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import FrameType


class Handler(BaseHTTPRequestHandler):
    """Healthy, unless a file says otherwise."""

    def do_GET(self) -> None:
        """Any address answers 200, or 503 while there is a file `unwell` beside the journal."""
        self.send_response(503 if Path(os.environ["STUB_JOURNAL"]).with_name("unwell").exists() else 200)
        self.end_headers()


def note(line: str) -> None:
    """Adds a line to the journal that all stubs share."""
    with Path(os.environ["STUB_JOURNAL"]).open("a") as journal:
        journal.write(f"{line} {os.environ['STUB_NAME']}\n")


def end(number: int, frame: FrameType | None) -> None:
    """A clean stop."""
    note("stopped")
    sys.exit(0)


if __name__ == "__main__":
    if "STUB_REFUSES" in os.environ:
        sys.exit("the setting PASPOR_X is missing")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if "STUB_DEAF" in os.environ else end)
    if "STUB_RANDOM" in os.environ:
        import secrets
        import uuid

        from shared.ids import new_event_id

        note(f"drew {random.random()} {secrets.token_hex(8)} {uuid.uuid4()} {new_event_id()}")
    server = HTTPServer(("127.0.0.1", int(os.environ["STUB_PORT"])), Handler)
    note("started")
    server.serve_forever()
