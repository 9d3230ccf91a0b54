"""A provider says that a user has left: the sessions that it opened for them end at once.

OpenID Connect Back-Channel Logout 1.0. Sessions by password, and those of other providers, go on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qs

from services.identity.context import NOBODY, Actor, UseCaseContext
from services.identity.office_sign_in.errors import LogoutTokenNotTrusted, OfficeProviderDown
from services.identity.office_sign_in.id_token import IdTokenWrong, read_key_id
from services.identity.office_sign_in.link import OfficeLink, log_out_link
from services.identity.office_sign_in.logout_token import REMEMBERED_SECONDS, LogoutOrder, check_logout_token
from services.identity.office_sign_in.provider import OfficeProvider, ProviderState, ProviderTerms
from services.identity.office_sign_in.provider_client import LONGEST_ID_TOKEN, ProviderClient
from services.identity.office_sign_in.provider_session import UsedLogoutToken
from services.identity.office_sign_in.repository import OFFICE_LINK, USED_LOGOUT_TOKEN, OfficeSignInRepository
from services.identity.office_sign_in.vault import OfficeSignInVault
from services.identity.sessions.session import drop_office_sessions
from services.identity.staff.repository import StaffRepository
from shared.audit import Audit
from shared.ids import derived_id
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.retry import again

OFFICE_LOGGED_OUT: Final = "office_logged_out"

INVALID_REQUEST: Final = "invalid_request"
"""Of the member ``error`` that section 2.8 asks for."""

_MEMBER: Final = "logout_token"


class BackChannelLogouts:
    """The use case of a provider that ends sessions."""

    def __init__(self, context: UseCaseContext, audit: Audit, client: ProviderClient) -> None:
        self._context = context
        self._repository = OfficeSignInRepository(context)
        self._vault = OfficeSignInVault(context.seals)
        self._staff = StaffRepository(context)
        self._audit = audit
        self._client = client

    async def log_out(self, provider_id: str, form: bytes) -> None:
        """End the sessions that this provider opened for the user whom the form's logout token names. A user who is not
        known here, or has no session, is logged out already.

        The token is remembered as used after its effect: one that a crash cut off is taken again.

        Raises:
            LogoutTokenNotTrusted: `reason` says which check failed.
        """
        order = await self._read(provider_id, form)
        used_id = derived_id("logout token", provider_id, order.id)
        if await self._context.store.get(USED_LOGOUT_TOKEN, used_id) is not None:
            raise _refused("jti")
        link = await self._link(provider_id, order)
        if link is not None:
            await self._end(link, self._sids(provider_id, order))
        now = self._context.now()
        used = [(used_id, UsedLogoutToken(now + timedelta(seconds=REMEMBERED_SECONDS)))]
        await self._context.store.insert_missing(USED_LOGOUT_TOKEN, used, now=now)

    async def _read(self, provider_id: str, form: bytes) -> LogoutOrder:
        try:
            terms, provider = await self._active(provider_id)
            token = _token_of(form)
            algorithm, key_id = read_key_id(token, terms.algorithms)
            key = await self._client.find_key(provider.issuer, algorithm, key_id)
            if key is None:
                raise IdTokenWrong("key")
            return check_logout_token(token, key, algorithm, provider.issuer, terms.client_id, self._context.now())
        except IdTokenWrong as wrong:
            raise _refused(wrong.reason) from None
        except OfficeProviderDown:
            raise _refused("keys_not_known") from None

    async def _active(self, provider_id: str) -> tuple[ProviderTerms, OfficeProvider]:
        record = await self._repository.provider(provider_id)
        if record is None or record.state.state is not ProviderState.ACTIVE or record.state.terms is None:
            raise IdTokenWrong("provider")
        return record.state.terms, record.state

    async def _link(self, provider_id: str, order: LogoutOrder) -> Record[OfficeLink] | None:
        if order.subject is not None:
            return await self._repository.link_of_subject(self._vault.subjects(provider_id, order.subject))
        known = await self._repository.provider_session(self._sids(provider_id, order))
        return await self._repository.link(known.link_id) if known is not None else None

    def _sids(self, provider_id: str, order: LogoutOrder) -> tuple[str, ...]:
        return self._vault.sids(provider_id, order.sid) if order.sid is not None else ()

    async def _end(self, link: Record[OfficeLink], sids: tuple[str, ...]) -> None:
        """End the sessions: first the link disbelieves what the provider said before, then the member is written, also
        without a session, so that one that is being begun just now meets a conflict and looks at the link again.
        """
        store, clock, now = self._context.store, self._context.clock, self._context.now()
        await change(store, clock, OFFICE_LINK, link.id, lambda known: Decision(log_out_link(known, now)), first=link)

        async def attempt() -> None:
            member = await self._staff.staff(link.state.staff_id)
            if member is not None:
                left = drop_office_sessions(member.state.sessions, link.id, sids)
                await self._staff.save_staff(member, replace(member.state, sessions=left), self._context.now())

        await again(attempt)
        who, detail = Actor(NOBODY, NOBODY, None), f"office_provider:{link.state.provider_id}"
        await self._audit.note(who, OFFICE_LOGGED_OUT, subject=link.state.staff_id, detail=detail)


def _refused(reason: str) -> LogoutTokenNotTrusted:
    return LogoutTokenNotTrusted(reason=reason, error=INVALID_REQUEST)


def _token_of(form: bytes) -> str:
    """Return the form's one logout token; other members are ignored (section 2.5).

    Raises:
        IdTokenWrong: there is none, more than one, or it is too long.
    """
    try:
        tokens = parse_qs(form.decode("ascii"), keep_blank_values=True, max_num_fields=10).get(_MEMBER, [])
    except ValueError:
        raise IdTokenWrong("form") from None
    if len(tokens) != 1 or len(tokens[0]) > LONGEST_ID_TOKEN:
        raise IdTokenWrong("form")
    return tokens[0]
