"""The Content-Security-Policy of pages that services make themselves: nothing is loaded, nothing runs, one style."""

from __future__ import annotations

import base64
import hashlib
from typing import Literal


def page_policy(style: str, *, form_action: Literal["'none'", "'self'"]) -> str:
    """Return the policy of a page with this style; ``form_action`` says whether it has a form to its own address."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action {form_action}; "
        "frame-ancestors 'none'"
    )
