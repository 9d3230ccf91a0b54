"""Queries of providers, links and of sign-ins that have come back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.office_sign_in.link import OfficeLink, OfficeLinkState
from services.identity.office_sign_in.provider import OfficeProvider, ProviderState
from services.identity.office_sign_in.provider_session import ProviderSession, UsedLogoutToken
from services.identity.office_sign_in.returned import ReturnedSignIn
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Index, Kind, Range, Record

PROVIDER: Final[Kind[OfficeProvider]] = Kind(
    "office_provider", OfficeProvider, indexes=(Index("state", ("state.state", "_id")),), bare=True
)

OFFICE_LINK: Final[Kind[OfficeLink]] = Kind(
    "office_link",
    OfficeLink,
    indexes=(
        Index("live_subject", ("state.subjects",), unique=True, where={"state.live": True}),
        Index("live_member", ("state.staff_id",), unique=True, where={"state.live": True}),
        Index("member", ("state.staff_id", "-state.asked_at")),
        Index("office", ("state.office_id", "state.state", "state.asked_at")),
        Index("asked", ("state.state", "state.asked_at")),
        Index("provider", ("state.provider_id", "state.state", "state.staff_id")),
    ),
    bare=True,
)

RETURNED: Final[Kind[ReturnedSignIn]] = Kind("office_sign_in", ReturnedSignIn, bare=True, kept_until="state.kept_until")
"""Named by the sign-in's id, which its cookie carries."""

PROVIDER_SESSION: Final[Kind[ProviderSession]] = Kind(
    "office_provider_session", ProviderSession, bare=True, kept_until="state.kept_until"
)
"""Named by the fingerprint of the session's id at the provider."""

USED_LOGOUT_TOKEN: Final[Kind[UsedLogoutToken]] = Kind(
    "office_logout_token", UsedLogoutToken, bare=True, kept_until="state.kept_until"
)
"""Named by provider and id of the token."""

MOST_PROVIDERS: Final = 200
"""Providers in one answer: a country has fewer offices that run one of their own."""

MOST_LINKS: Final = 200
"""Links in one answer, the oldest first: those that wait are decided on and go."""


class OfficeSignInRepository:
    """Queries of providers, links and of sign-ins that have come back."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._store = context.store

    async def provider(self, provider_id: str) -> Record[OfficeProvider] | None:
        """Return the provider of that id, or None."""
        return await self._store.get(PROVIDER, provider_id)

    async def providers(self, states: Sequence[ProviderState] = tuple(ProviderState)) -> list[Record[OfficeProvider]]:
        """Return the providers in these states."""
        wanted = {"state.state": tuple(state.value for state in states)}
        return await self._store.find(PROVIDER, "state", wanted, limit=MOST_PROVIDERS)

    async def link(self, link_id: str) -> Record[OfficeLink] | None:
        """Return the link of that id, or None."""
        return await self._store.get(OFFICE_LINK, link_id)

    async def link_of_subject(self, subjects: Sequence[str]) -> Record[OfficeLink] | None:
        """Return the live link that one of these fingerprints of a subject has, or None."""
        wanted = {"state.subjects": tuple(subjects), "state.live": True}
        return next(iter(await self._store.find(OFFICE_LINK, "live_subject", wanted, limit=1)), None)

    async def link_of_member(self, staff_id: str) -> Record[OfficeLink] | None:
        """Return the live link of a member of staff, or None."""
        wanted = {"state.staff_id": staff_id, "state.live": True}
        return next(iter(await self._store.find(OFFICE_LINK, "live_member", wanted, limit=1)), None)

    async def had_link(self, staff_id: str) -> bool:
        """Return whether the member of staff has or had a link."""
        return bool(await self._store.find(OFFICE_LINK, "member", {"state.staff_id": staff_id}, limit=1))

    async def links(self, office_id: str | None, state: OfficeLinkState) -> list[Record[OfficeLink]]:
        """Return the links in this state, oldest first: of one office, or of all."""
        wanted = {"state.state": state.value}
        if office_id is None:
            return await self._store.find(OFFICE_LINK, "asked", wanted, limit=MOST_LINKS)
        return await self._store.find(OFFICE_LINK, "office", {"state.office_id": office_id, **wanted}, limit=MOST_LINKS)

    async def keep_provider_session(self, sid: str, session: ProviderSession) -> None:
        """Keep whose session at a provider this is; a later sign-in in the same session keeps it for longer."""
        await change(
            self._store,
            self._context.clock,
            PROVIDER_SESSION,
            sid,
            lambda _known: Decision(session),
            fresh=ProviderSession("", session.kept_until),
        )

    async def provider_session(self, sids: Sequence[str]) -> ProviderSession | None:
        """Return the session at a provider that has one of these fingerprints, or None."""
        for sid in sids:
            record = await self._store.get(PROVIDER_SESSION, sid)
            if record is not None:
                return record.state
        return None

    async def linked_members(self, provider_id: str) -> AsyncIterator[str]:
        """Yield the ids of all members who are linked at a provider."""
        wanted = {"state.provider_id": provider_id, "state.state": OfficeLinkState.LINKED.value}
        low = ""
        while True:
            within = {"state.staff_id": Range(low)}
            found = await self._store.find(OFFICE_LINK, "provider", wanted, within=within, limit=MOST_LINKS)
            for record in found:
                yield record.state.staff_id
            if len(found) < MOST_LINKS:
                return
            low = f"{found[-1].state.staff_id}\0"
