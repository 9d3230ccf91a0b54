"""Exports: asked for with both addresses proven, collected by events, downloaded as one archive for some days.

Each part comes sealed to a key of this export alone and is kept as it came; the key goes when the export is over, and
with it whatever copy of a part is left anywhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account
from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import AccountRepository
from services.identity.accounts.vault import AccountVault
from services.identity.address_changes.service import AddressChanges
from services.identity.applicants.repository import ApplicantRepository
from services.identity.context import Actor, UseCaseContext
from services.identity.exports import export as rules
from services.identity.exports.errors import ExportNotReady, TooManyExports
from services.identity.exports.export import Export, ExportState
from services.identity.exports.own_part import IdentityPart, IdentityParts
from services.identity.exports.page import own_data_page
from services.identity.exports.repository import ExportRepository
from services.identity.rules import DAY
from services.identity.sessions.credentials import CredentialIssuer, Credentials
from services.identity.sessions.session import open_session
from services.identity.sign_in.challenge import Challenge, Purpose
from services.identity.sign_in.errors import ChallengeNotFound
from services.identity.sign_in.service import ChallengeSeen, ChangeRequest, SigningIn
from shared.audit import Audit
from shared.crypto.sealed import Unsealer, new_keypair
from shared.errors import NotFound
from shared.events.envelope import Envelope
from shared.events.identity import DataExportAsked, DataExportReady, KeepExportPart
from shared.files.port import FileExists, FileMeta
from shared.ids import derived_id
from shared.own_data.errors import ExportOfAnotherSession, ExportOver
from shared.own_data.pieces import MOST_PIECES, open_part
from shared.own_data.staff_acts import STAFF_ACTS
from shared.own_data.zip_stream import ZipEntry, whole, zip_stream
from shared.sessions import SessionOver
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists
from shared.tokens import Caller, Role

EXPORTED: Final = "data_exported"
"""Act of the audit: the holder of an account proved its addresses and asked for its data."""

DOWNLOADED: Final = "data_export_downloaded"
"""Act of the audit: an export was downloaded."""

FindHiddenReasons = Callable[[Collection[str]], Awaitable[Collection[str]]]
"""Tells of which reasons the reads of these accounts' data are not shown to their holder now."""

NAME: Final = "identity"
_KEY: Final = "export_key"
_SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"


class Exports:
    """The use cases of exports."""

    def __init__(
        self,
        context: UseCaseContext,
        signing_in: SigningIn,
        address_changes: AddressChanges,
        credentials: CredentialIssuer,
        parts: IdentityParts,
        audit: Audit,
    ) -> None:
        self._context = context
        self._signing_in = signing_in
        self._address_changes = address_changes
        self._credentials = credentials
        self._parts = parts
        self._audit = audit
        self._rules = context.settings.export_rules
        self._accounts = AccountRepository(context)
        self._applicants = ApplicantRepository(context)
        self._exports = ExportRepository(context)
        self._account_vault = AccountVault(context.seals)
        self._find_hidden_reasons: FindHiddenReasons | None = None

    def hide_reads(self, find_hidden_reasons: FindHiddenReasons) -> None:
        """Name what knows which reads by staff are shown later: an archive leaves them out as long."""
        self._find_hidden_reasons = find_hidden_reasons

    async def ask(self, caller: Caller, language: str, command_id: str) -> ChallengeSeen | Record[Export]:
        """Send a code to each of the account's addresses; while an export is running return that one.

        Raises:
            TooManyExports: as many were begun as a day allows.
            CodeSentJustNow, TooManyCodes, SmsBudgetSpent: no further code can be sent now.
            SessionOver, NotFound: the caller has signed out, the account is gone.
        """
        record = await self._accounts.account(caller.account_id)
        if record is None:
            raise NotFound()
        if open_session(record.state.sessions, caller.session_id, self._context.now()) is None:
            raise SessionOver()
        running = await self._running(record.id)
        if running is not None:
            return running
        await self._refuse_too_many(record.id)
        first, other = await self._addresses(record)
        asked = ChangeRequest(record.id, caller.session_id, other)
        return await self._signing_in.ask(Purpose.DATA_EXPORT, first, language, command_id, asked=asked)

    async def apply(self, challenge: Challenge, address: NormalAddress) -> Credentials:
        """Begin the export that the addresses were proven for; a repeat, and one while another is running, meet that.

        Raises:
            ChallengeNotFound, SessionOver: the account, an address or the session that asked is gone.
            TooManyExports: as many were begun as a day allows.
        """
        record, session = await self._address_changes.find_asker(challenge)
        other = challenge.proof.fingerprint if challenge.proof is not None else None
        proven = [self._account_vault.fingerprints(address), *([(other,)] if other is not None else [])]
        if not all(accounts.holds_any(record.state, fingerprints) for fingerprints in proven):
            raise ChallengeNotFound()
        export_id = derived_id("data export", record.id, challenge.code.asked_by)
        if await self._exports.export(export_id) is None and await self._running(record.id) is None:
            await self._refuse_too_many(record.id)
            by = Actor(record.id, Role.APPLICANT.value, None)
            async with self._audit.doing(by, EXPORTED, subject=export_id):
                await self._begin(export_id, record, session.id)
        return self._credentials.account_credentials(record.id, session, accounts.joined_ids(record.state))

    async def list_exports(self, caller: Caller) -> list[Record[Export]]:
        """Return the account's exports that are not over, the newest first."""
        return await self._exports.exports_of(caller.account_id)

    async def get_export(self, caller: Caller, export_id: str) -> Record[Export]:
        """Return an export of the account.

        Raises:
            ExportOver: there is none, or its days are over.
        """
        record = await self._exports.export(export_id)
        if record is None or record.state.account_id != caller.account_id:
            raise ExportOver()
        return record

    async def download(self, caller: Caller, export_id: str) -> AsyncIterator[bytes]:
        """Return the archive: the data, their schema and a page to read.

        Raises:
            ExportOver: there is none, or its days are over.
            ExportOfAnotherSession: another session proved the addresses.
            ExportNotReady: parts are still being collected.
        """
        record = await self.get_export(caller, export_id)
        if record.state.session_id != caller.session_id:
            raise ExportOfAnotherSession()
        if record.state.state is ExportState.COLLECTING:
            raise ExportNotReady(missing=list(rules.missing(record.state)))
        own = await self._parts.collect(record.state.account_id)
        hidden = await self._find_hidden_reasons(caller.account_ids) if self._find_hidden_reasons else ()
        await self._audit.note(Actor(caller.account_id, Role.APPLICANT.value, None), DOWNLOADED, subject=export_id)
        return zip_stream(self._entries(record, own, hidden), self._context.now())

    async def keep_part(self, command: KeepExportPart, envelope: Envelope) -> None:
        """Keep a piece of a service's part; one of an export that is over is thrown away. A repeat changes nothing."""
        if command.service not in rules.SERVICES or not 0 <= command.piece < command.pieces <= MOST_PIECES:
            return
        export_id, file_id = command.export_id, _file_id(command.export_id, command.service, command.piece)
        if await self._exports.export(export_id) is None:
            await self._context.files.delete(file_id)  # a crash may have left it before the export ended
            return
        content = command.sealed.encode()
        with suppress(FileExists):  # a repeat, or a piece that a crash left without its note
            await self._context.files.put(file_id, FileMeta(total_bytes=len(content)), content)

        def decide(export: Export) -> Decision[Export]:
            kept = rules.keep_piece(export, command.service, command.piece, command.pieces)
            is_ready = kept.state is ExportState.READY and export.state is not ExportState.READY
            return Decision(kept, (self._ready(export_id, kept),) if is_ready else ())

        try:
            await self._exports.change_export(export_id, decide, received=envelope.id)
        except NotFound:
            await self._context.files.delete(file_id)

    async def stop_waiting(self, record: Record[Export]) -> None:
        """A service has not answered in time: tell the holder what is there, and what is missing."""

        def decide(export: Export) -> Decision[Export] | None:
            if export.state is not ExportState.COLLECTING:
                return None
            partial = rules.stop_waiting(export)
            return Decision(partial, (self._ready(record.id, partial),))

        await self._exports.change_export(record.id, decide)

    async def end(self, record: Record[Export]) -> bool:
        """Remove an export that is over, with its parts and its key; return whether it is gone.

        One with something left to publish is not gone yet: call again.
        """
        for service in rules.SERVICES:
            part = record.state.part(service)
            for piece in range(part.pieces if part is not None else 0):
                await self._context.files.delete(_file_id(record.id, service, piece))
        return await self._exports.remove(record)

    async def erase(self, account_id: str) -> bool:
        """Remove every export of an account that is erased; return whether all are gone, else call again."""
        return all([await self.end(record) for record in await self._exports.exports_of(account_id)])

    # Steps

    async def _begin(self, export_id: str, record: Record[Account], session_id: str) -> None:
        now, pair = self._context.now(), new_keypair()
        private = self._context.seals.cipher.seal(pair.private_key_b64, owner_id=export_id, field=_KEY)
        export = rules.begin(record.id, session_id, private, self._rules, now)
        applicants = await self._applicants.applicants_of(record.id)
        applications = [
            application_id
            for applicant in applicants
            for application_id in (*applicant.state.applications, *applicant.state.ended_applications)
        ]
        asked = DataExportAsked(
            export_id=export_id,
            account_id=record.id,
            account_ids=(record.id, *accounts.joined_ids(record.state)),
            applicant_ids=tuple(applicant.id for applicant in applicants),
            application_ids=tuple(dict.fromkeys(applications)),
            session_id=session_id,
            public_key=pair.public_key_b64,
            ends_at=export.ends_at,
        )
        with suppress(AlreadyExists):  # begun at the same moment: that one goes on
            await self._exports.add(export_id, export, asked, now)

    async def _running(self, account_id: str) -> Record[Export] | None:
        found = await self._exports.exports_of(account_id)
        return next((record for record in found if record.state.state is ExportState.COLLECTING), None)

    async def _refuse_too_many(self, account_id: str) -> None:
        now, most = self._context.now(), self._rules.per_day
        begun = sorted(record.state.asked_at for record in await self._exports.exports_of(account_id))
        recent = [at for at in begun if now - at < timedelta(seconds=DAY)]
        if len(recent) >= most:
            wait = recent[-most] + timedelta(seconds=DAY) - now
            raise TooManyExports(retry_after_seconds=max(1, round(wait.total_seconds() + 0.5)), limit=most)

    async def _addresses(self, record: Record[Account]) -> tuple[NormalAddress, NormalAddress | None]:
        """Return an address of the account, and the other one where there are two."""
        unlocked = await self._account_vault.unlock(record.id)
        found = [unlocked.address_of(record.state, channel) for channel in (Channel.EMAIL, Channel.SMS)]
        first, *others = [address for address in found if address is not None]
        return first, others[0] if others else None

    @staticmethod
    def _ready(export_id: str, export: Export) -> DataExportReady:
        return DataExportReady(
            export_id=export_id,
            account_id=export.account_id,
            missing=rules.missing(export),
            ends_at=export.ends_at,
        )

    async def _entries(
        self, record: Record[Export], own: IdentityPart, hidden_reasons: Collection[str]
    ) -> AsyncIterator[ZipEntry]:
        export = record.state
        private = self._context.seals.cipher.open(export.private_key, owner_id=record.id, field=_KEY)
        unsealer = Unsealer([private])
        parts: dict[str, Any] = {NAME: own.model_dump(mode="json")}
        schemas: dict[str, Any] = {NAME: own.model_json_schema(mode="serialization")}
        for service in rules.SERVICES:
            part = export.part(service)
            if part is not None and part.is_whole:
                sealed = [await self._piece(record.id, service, piece) for piece in range(part.pieces)]
                opened = await asyncio.to_thread(open_part, record.id, service, unsealer, sealed)
                parts[service], schemas[service] = opened["data"], opened["schema"]
        for data in parts.values():
            if STAFF_ACTS in data:
                data[STAFF_ACTS] = [act for act in data[STAFF_ACTS] if act["reason"] not in hidden_reasons]
        document = {
            "export_id": record.id,
            "asked_at": export.asked_at.isoformat(),
            "made_at": self._context.now().isoformat(),
            "missing": list(rules.missing(export)),
            "parts": parts,
        }
        yield ZipEntry("index.html", whole(own_data_page(document, schemas)))
        yield ZipEntry("data.json", whole(_json(document)))
        yield ZipEntry("data.schema.json", whole(_json(_schema(schemas))))

    async def _piece(self, export_id: str, service: str, piece: int) -> str:
        pieces = [content async for content in self._context.files.read(_file_id(export_id, service, piece))]
        return b"".join(pieces).decode()


def _file_id(export_id: str, service: str, piece: int) -> str:
    return derived_id("export part", export_id, service, str(piece))


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _schema(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the JSON Schema of ``data.json``; each part keeps its own, under an id that its references are within."""
    moment = {"type": "string", "format": "date-time"}
    names: Sequence[str] = (NAME, *rules.SERVICES)
    return {
        "$schema": _SCHEMA,
        "type": "object",
        "required": ["export_id", "asked_at", "made_at", "missing", "parts"],
        "properties": {
            "export_id": {"type": "string"},
            "asked_at": moment,
            "made_at": moment,
            "missing": {"type": "array", "items": {"enum": list(names)}},
            "parts": {
                "type": "object",
                "properties": {
                    name: {"$id": f"urn:paspor:own-data:{name}", **schema} for name, schema in schemas.items()
                },
            },
        },
    }
