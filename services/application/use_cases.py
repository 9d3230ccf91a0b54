"""The use cases of application: each loads, decides by the domain, and saves once."""

from __future__ import annotations

from dataclasses import dataclass

from services.application.context import Desk, Seen, Who
from services.application.corrections.service import Corrections
from services.application.counter.service import Counter
from services.application.documents.uploads import Sweeper, Uploads, UploadSeen
from services.application.drafts.service import Drafting
from services.application.facts.service import Facts
from services.application.issuance.service import Issuance
from services.application.letters.service import Letters
from services.application.ports import Dpri, Inspector, LetterWriter
from shared.audit import Audit
from shared.audit.chaining import AuditBook

__all__ = ["Application", "Seen", "UploadSeen", "Who"]


@dataclass(frozen=True)
class Application:
    """All use cases, by who they serve."""

    desk: Desk
    drafting: Drafting
    uploads: Uploads
    letters: Letters
    issuance: Issuance
    counter: Counter
    corrections: Corrections
    facts: Facts
    sweeper: Sweeper
    audit: Audit
    audit_book: AuditBook

    @classmethod
    def at(
        cls, desk: Desk, dpri: Dpri, inspector: Inspector, writer: LetterWriter, audit: Audit, audit_book: AuditBook
    ) -> Application:
        """The use cases on a desk, with these ports to the outside."""
        return cls(
            desk=desk,
            drafting=Drafting(desk),
            uploads=Uploads(desk, inspector),
            letters=Letters(desk, writer),
            issuance=Issuance(desk, dpri),
            counter=Counter(desk),
            corrections=Corrections(desk),
            facts=Facts(desk),
            sweeper=Sweeper(desk),
            audit=audit,
            audit_book=audit_book,
        )
