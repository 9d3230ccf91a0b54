"""The endpoints of the person whom the holder lets collect a passport."""

from __future__ import annotations

from typing import Final

from services.application.applications.collection import Collector
from services.application.applications.errors import ApplicationEnded, StepComesFirst
from services.application.collection.errors import NoProxyAnnounced, ProxyIsHolder
from services.application.collection.schemas import AnnouncedProxy, ProxyView
from services.application.context import Actor
from services.application.http import APPLICATION
from shared.errors import NotFound
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

api = Endpoints("applications")

CHANGES_PER_CALLER: Final = RateLimit(20, 3600.0)
"""Changes of proxies: each is told to the account by mail and SMS."""


@api.get(
    "/v1/applications/{application_id}/proxy",
    summary="The person who may collect the passport for its holder",
    access=APPLICANT,
    answers={200: ProxyView},
    refusals=(NotFound,),
)
async def see_proxy(call: Call) -> ProxyView:
    """The proxy."""
    proxies = call.app[APPLICATION].proxies
    return ProxyView.from_seen(await proxies.see(call.path["application_id"], Actor.from_caller(call.caller)))


@api.put(
    "/v1/applications/{application_id}/proxy",
    summary="Let a person collect the passport, with a letter of authority",
    description="Takes the place of an earlier person; the account is told. At the counter the letter is needed too.",
    access=APPLICANT,
    body=AnnouncedProxy,
    answers={200: ProxyView},
    refusals=(NotFound, ApplicationEnded, StepComesFirst, ProxyIsHolder),
    rate=CHANGES_PER_CALLER,
)
async def announce_proxy(call: Call[AnnouncedProxy]) -> ProxyView:
    """Announce a proxy."""
    proxies, who = call.app[APPLICATION].proxies, Actor.from_caller(call.caller)
    collector = Collector(call.body.full_name, call.body.nik)
    return ProxyView.from_seen(await proxies.announce(call.path["application_id"], collector, who))


@api.delete(
    "/v1/applications/{application_id}/proxy",
    summary="Let that person collect the passport no more, also not with a letter",
    access=APPLICANT,
    answers={200: ProxyView},
    refusals=(NotFound, ApplicationEnded, StepComesFirst, NoProxyAnnounced),
)
async def take_proxy_back(call: Call) -> ProxyView:
    """Take a proxy back."""
    proxies = call.app[APPLICATION].proxies
    return ProxyView.from_seen(await proxies.take_back(call.path["application_id"], Actor.from_caller(call.caller)))
