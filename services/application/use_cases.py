"""All use cases of application, joined."""

from __future__ import annotations

from services.application.appeals.service import Appeals
from services.application.applications.application import Application
from services.application.applications.repository import APPLICANT, APPLICATION
from services.application.applications.service import Applications
from services.application.applications.vault import Vault, is_application_current, is_card_current
from services.application.calendar_file.service import CalendarFiles
from services.application.collection.proxies import Proxies
from services.application.collection.reminders import CollectionReminders
from services.application.context import UseCaseContext
from services.application.corrections.service import Corrections
from services.application.counter.service import Counter
from services.application.crossings.ports import BorderCrossings
from services.application.crossings.repository import CROSSING_COPY
from services.application.crossings.service import Crossings
from services.application.crossings.vault import is_copy_current
from services.application.documents.decisions import OfficerDecisions
from services.application.documents.ports import Inspector
from services.application.documents.removals import DocumentRemovals
from services.application.documents.reuse import DocumentReuse
from services.application.documents.sweeper import Sweeper
from services.application.documents.uploads import Uploads
from services.application.drafts.expiry import DraftExpiry
from services.application.drafts.identities import Identities
from services.application.drafts.service import Drafting
from services.application.drafts.settlement import PersonSettlement
from services.application.earlier_books.ports import EarlierBooks
from services.application.earlier_books.service import EarlierBookQuestions
from services.application.evidence.service import EvidenceFiles
from services.application.expiry_reminders.service import ExpiryReminders
from services.application.facts.service import Facts
from services.application.issuance.ports import Dpri
from services.application.issuance.recalls import Recalls
from services.application.issuance.service import Issuance
from services.application.leavings.service import Leavings
from services.application.letters.ports import LetterWriter
from services.application.letters.refusal_letters import RefusalLetters
from services.application.letters.service import Letters
from services.application.own_data.part import ApplicationParts
from services.application.own_data.service import OwnFiles
from services.application.paper_reading.service import PaperReadings
from services.application.passport_imports.service import PassportImports
from services.application.passports.old_books import OldBooks
from services.application.passports.recording import PassportRecords
from services.application.passports.repository import PASSPORT
from services.application.passports.service import Passports
from services.application.passports.vault import PassportVault
from services.application.printing.service import Printing
from services.application.replacements.service import Replacements
from services.application.requirements.requirement import RuleSet
from shared.assistance import Assistances
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.files.port import FileDamaged
from shared.key_turn.service import KeyTurns
from shared.key_turn.steps import TurnedKind
from shared.own_data.answers import ExportAnswers
from shared.person_keys.errors import PersonErased
from shared.retention.service import Retention


class UseCases:
    """From draft to collected passport: one attribute per group of use cases."""

    def __init__(
        self,
        context: UseCaseContext,
        rules: RuleSet,
        dpri: Dpri,
        inspector: Inspector,
        writer: LetterWriter,
        border: BorderCrossings | None = None,
        earlier_books: EarlierBooks | None = None,
    ) -> None:
        self.context = context
        self.audit = Audit(context.store, context.clock, context.ids)
        self.audit_book = AuditBook(context.store, context.clock, context.ids)
        self.assistances = Assistances(context.store, context.clock)
        self.applications = Applications(context, rules)
        self.leavings = Leavings(context, self.applications)
        self.earlier_books = EarlierBookQuestions(context, self.applications, earlier_books)
        self.drafting = Drafting(context, self.applications, self.leavings, self.earlier_books)
        self.identities = Identities(context, self.applications, self.earlier_books)
        self.draft_expiry = DraftExpiry(context, self.applications)
        self.settlement = PersonSettlement(context, self.applications, self.identities)
        self.uploads = Uploads(context, self.applications, inspector)
        self.paper_readings = PaperReadings(context, self.applications)
        self.document_reuse = DocumentReuse(context, self.applications)
        self.document_removals = DocumentRemovals(context, self.applications)
        self.officer_decisions = OfficerDecisions(context, self.applications)
        self.evidence = EvidenceFiles(context, self.uploads)
        referring = (self.applications.repository.refers_to, self.evidence.repository.refers_to)
        self.sweeper = Sweeper(context, referring)
        self.letters = Letters(context, self.applications, writer)
        self.refusal_letters = RefusalLetters(context, self.applications, writer)
        self.printing = Printing(context, self.applications)
        self.issuance = Issuance(context, self.applications, dpri)
        self.recalls = Recalls(context, self.applications, dpri)
        self.passport_records = PassportRecords(context, self.applications)
        self.passports = Passports(context, self.applications, self.passport_records)
        self.replacements = Replacements(context, self.applications, self.drafting, self.passports)
        self.passport_imports = PassportImports(context, self.applications, self.passport_records)
        self.old_books = OldBooks(context, self.applications, self.passport_records, self.passports)
        self.proxies = Proxies(context, self.applications)
        self.crossings = Crossings(context, self.applications, border)
        self.calendar_files = CalendarFiles(context, self.applications)
        self.expiry_reminders = ExpiryReminders(context, self.applications, self.passport_records.repository)
        self.collection_reminders = CollectionReminders(context, self.applications)
        self.counter = Counter(context, self.applications, self.proxies)
        self.appeals = Appeals(context, self.applications)
        self.corrections = Corrections(context, self.applications)
        self.facts = Facts(context, self.applications)
        self.retention: Retention  # given by the composition root, which has the platform
        self.key_turns = _key_turns(context, self.applications.vault, self.passport_records.vault)
        own_parts = ApplicationParts(
            context.store, self.applications, self.passports, self.evidence.repository, self.crossings
        )
        self.export_answers = ExportAnswers(context.store, context.clock, "application", own_parts.collect)
        self.own_files = OwnFiles(context, self.applications, self.evidence.repository, self.export_answers)


def _key_turns(context: UseCaseContext, vault: Vault, passport_vault: PassportVault) -> KeyTurns:
    """Return the turn of all that application keeps."""

    async def files_turned(application: Application) -> int:
        failed = 0
        for file_id in application.file_ids:
            try:
                await context.files.give_to(file_id, application.applicant_id)
            except (FileDamaged, PersonErased):
                failed += 1
        return failed

    kinds = (
        TurnedKind(APPLICANT, is_card_current, vault.card_turned),
        TurnedKind(APPLICATION, is_application_current, vault.application_turned, files_turned),
        TurnedKind(CROSSING_COPY, is_copy_current),
        TurnedKind(PASSPORT, passport_vault.is_current, passport_vault.turned),
    )
    key_ids = (context.person_keys.master_key_id, passport_vault.fingerprints.current_id)
    return KeyTurns(context.store, context.clock, key_ids, kinds, (context.files, context.person_keys))
