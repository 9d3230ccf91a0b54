"""From an endpoint to the function that aiohttp runs.

What can be decided once is decided here, when the application is built; a request then passes, in this order: the gate
of requests under way, the declared size, the token and its role, the rate limits, the reading of body, query, path and
key, the memory of answers, the handler.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from shared.errors import FieldError, Malformed, NotAllowed, NotFound, TooManyRequests, Unreadable
from shared.http.address import address_of
from shared.http.bodies import read_whole, refuse_declared_size, refuse_wrong_type
from shared.http.body_budget import BODY_SHARE
from shared.http.call import Answer, AnyCall, Call, CallLimits
from shared.http.endpoint import Door, Endpoint, RateLimit
from shared.http.idempotency import KEY_HEADER, REPLAY_HEADER, KeptAnswer, command_name, read_key
from shared.http.layer import Layer
from shared.http.sending import as_answer, is_stream, media_type, send_stream, whole_response
from shared.http.validation import read_json, read_path, read_query
from shared.tokens import Caller, bearer_token

HttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:@+-]{1,128}\Z")
SIGNED_RATE: Final = RateLimit(count=6000, per_seconds=60.0, per="address")
"""For machines that sign what they send: a bank may notify a hundred payments in a second."""


def bind(endpoint: Endpoint, layer: Layer) -> HttpHandler:
    """The function that answers requests to this endpoint; every refusal is raised."""
    gate = layer.streams if endpoint.long_lived else layer.gate
    authenticate = _authenticator(endpoint, layer)
    limit = _rate_check(endpoint, layer)
    read = _reader(endpoint, layer)
    answer = _answerer(endpoint, layer)

    async def serve(request: web.Request) -> web.StreamResponse:
        gate.enter()
        share = request[BODY_SHARE] = layer.bodies.open_share()
        try:
            refuse_declared_size(request, endpoint.max_body_bytes)
            caller = await authenticate(request)
            await limit(request, caller)
            return await answer(await read(request, caller))
        finally:
            share.release()
            gate.leave()

    return serve


Authenticate = Callable[[web.Request], Awaitable[Caller | None]]


def _authenticator(endpoint: Endpoint, layer: Layer) -> Authenticate:
    if endpoint.access.door is not Door.BEARER:
        return _nobody
    verifier, roles = layer.verifier, endpoint.access.roles
    if verifier is None:
        raise ValueError(f"{endpoint.method} {endpoint.path} asks for a token, but there is no verifier")

    async def authenticate(request: web.Request) -> Caller:
        caller = await verifier.verify(bearer_token(request.headers.get("Authorization")))
        if roles and caller.role not in roles:
            raise NotAllowed(role=caller.role.value, needs=sorted(roles))
        return caller

    return authenticate


async def _nobody(_request: web.Request) -> None:
    return None


RateCheck = Callable[[web.Request, Caller | None], Awaitable[None]]


def _rate_check(endpoint: Endpoint, layer: Layer) -> RateCheck:
    limits = [layer.options.scaled(limit) for limit in endpoint.rates or _default_rates(endpoint, layer)]
    allow, now, trusted = layer.limiter.allow, layer.clock.now, layer.options.trusted_proxies
    name = f"{endpoint.method} {endpoint.path}"

    async def check(request: web.Request, caller: Caller | None) -> None:
        for limit in limits:
            known = caller is not None and limit.per == "caller"
            who = f"caller {caller.account_id}" if caller and known else f"address {address_of(request, trusted)}"
            wait_seconds = await allow(f"{name}|{who}|{limit.count}/{limit.per_seconds}", limit, now())
            if wait_seconds:
                raise _too_many(limit, math.ceil(wait_seconds))

    return check


def _default_rates(endpoint: Endpoint, layer: Layer) -> tuple[RateLimit, ...]:
    usual = layer.options.default_rate
    if usual is None:
        return ()
    return (SIGNED_RATE if endpoint.access.door is Door.SIGNATURE else usual,)


def _too_many(limit: RateLimit, wait_seconds: int) -> TooManyRequests:
    return TooManyRequests(
        f"At most {limit.count} in {limit.per_seconds:g} seconds; wait {wait_seconds} s.",
        detail_id=f"Paling banyak {limit.count} dalam {limit.per_seconds:g} detik; tunggu {wait_seconds} detik.",
        retry_after_seconds=wait_seconds,
    )


Read = Callable[[web.Request, Caller | None], Awaitable[AnyCall]]


def _reader(endpoint: Endpoint, layer: Layer) -> Read:
    body_model = None if endpoint.access.door is Door.SIGNATURE else endpoint.body
    options = layer.options
    limits = CallLimits(options.idle_seconds, options.trusted_proxies)
    read_query_of = _query_reader(endpoint)
    read_path_of = _path_reader(endpoint)

    async def read(request: web.Request, caller: Caller | None) -> AnyCall:
        path = read_path_of(request)
        query = read_query_of(request)
        key = read_key(request.headers.get(KEY_HEADER)) if endpoint.idempotent else None
        raw = await _raw_body(request, endpoint, options.body_seconds)
        body = read_json(body_model, raw) if body_model is not None else None
        return Call(
            request,
            endpoint,
            limits,
            body=body,
            query=query,
            path=path,
            raw=raw,
            caller=caller,
            idempotency_key=key,
        )

    return read


async def _raw_body(request: web.Request, endpoint: Endpoint, body_seconds: float) -> bytes:
    if not endpoint.reads_body:
        if endpoint.raw_body:
            refuse_wrong_type(request, endpoint.body_media_types)
        return b""
    if not request.body_exists:
        raise Unreadable("A body is needed and none was sent.", detail_id="Isi permintaan wajib dan belum ada.")
    refuse_wrong_type(request, endpoint.body_media_types)
    return await read_whole(request, endpoint.max_body_bytes, body_seconds, request[BODY_SHARE])


def _query_reader(endpoint: Endpoint) -> Callable[[web.Request], Any]:
    model = endpoint.query

    def read(request: web.Request) -> Any:
        if model is not None:
            return read_query(model, request.query)
        if request.query_string:
            raise Malformed(errors=(_UNKNOWN_QUERY,))
        return None

    return read


_UNKNOWN_QUERY: Final = FieldError(
    "", "extra_forbidden", "This address takes no query.", "Alamat ini tidak menerima parameter.", source="query"
)


def _path_reader(endpoint: Endpoint) -> Callable[[web.Request], Any]:
    model = endpoint.path_model

    def read(request: web.Request) -> Any:
        places = request.match_info
        if model is not None:
            return read_path(model, places)
        if not all(_PLAIN.match(value) for value in places.values()):
            raise NotFound
        return dict(places)

    return read


AnswerCall = Callable[[AnyCall], Awaitable[web.StreamResponse]]


def _answerer(endpoint: Endpoint, layer: Layer) -> AnswerCall:
    handle = endpoint.handler

    async def answer_call(call: AnyCall) -> web.StreamResponse:
        return await _send(call, as_answer(endpoint, await handle(call)), layer)

    return _once_for_each_key(endpoint, layer) if endpoint.idempotent else answer_call


def _once_for_each_key(endpoint: Endpoint, layer: Layer) -> AnswerCall:
    kept, now, handle = layer.answers, layer.clock.now, endpoint.handler

    async def answer_once(call: AnyCall) -> web.StreamResponse:
        name = command_name(endpoint.method, call.request.path, _who(call), call.idempotency_key)
        said = kept.begin(name, call.request.query_string.encode() + b"\n" + call.raw, now())
        if said is not None:
            return web.Response(body=said.body, status=said.status, headers={**said.headers, REPLAY_HEADER: "true"})
        try:
            answer = as_answer(endpoint, await handle(call))
            response = await _send(call, answer, layer)
        except BaseException:
            kept.forget(name)
            raise
        kept.finish(name, _keepable(endpoint, answer, response), now())
        return response

    return answer_once


async def _send(call: AnyCall, answer: Answer, layer: Layer) -> web.StreamResponse:
    if not is_stream(answer):
        return whole_response(call.endpoint, answer)
    return await send_stream(
        call.request,
        answer,
        {**answer.headers, "Content-Type": media_type(call.endpoint, answer)},
        draining=layer.draining,
        heartbeat_seconds=layer.options.heartbeat_seconds,
    )


def _who(call: AnyCall) -> str:
    if call.endpoint.access.door is Door.BEARER:
        return f"caller {call.caller.account_id}"
    return f"address {call.address}"


def _keepable(endpoint: Endpoint, answer: Answer, response: web.StreamResponse) -> KeptAnswer | None:
    if not isinstance(response, web.Response) or not endpoint.cache_answer or not answer.cache_answer:
        return None
    body = response.body
    return KeptAnswer(response.status, dict(response.headers), body if isinstance(body, bytes) else b"")
