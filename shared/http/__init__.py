"""HTTP for all services: endpoints as data, one application from them, problems, limits, health, and calls out."""

from shared.http.app import ENDPOINTS, OPENAPI_PATH, RUNTIME, build_app
from shared.http.call import EVENT_STREAM, Answer, Call, Stream, server_sent_event
from shared.http.client import CircuitBreaker, ClientAnswer, JsonClient, Patience
from shared.http.endpoint import (
    ANY_CALLER,
    APPLICANT,
    PUBLIC,
    ROLES,
    SIGNED,
    STAFF,
    Access,
    Endpoint,
    Endpoints,
    RateLimit,
)
from shared.http.health import Check
from shared.http.metrics import Metrics
from shared.http.options import HttpOptions
from shared.http.schema import Body, IsoDate, IsoMoment, Path, Query, View, unbounded_fields
from shared.http.server import serve
from shared.http.signatures import Signer
from shared.http.validation import wrong_value

__all__ = [
    "ANY_CALLER",
    "APPLICANT",
    "ENDPOINTS",
    "EVENT_STREAM",
    "OPENAPI_PATH",
    "PUBLIC",
    "ROLES",
    "RUNTIME",
    "SIGNED",
    "STAFF",
    "Access",
    "Answer",
    "Body",
    "Call",
    "Check",
    "CircuitBreaker",
    "ClientAnswer",
    "Endpoint",
    "Endpoints",
    "HttpOptions",
    "IsoDate",
    "IsoMoment",
    "JsonClient",
    "Metrics",
    "Path",
    "Patience",
    "Query",
    "RateLimit",
    "Signer",
    "Stream",
    "View",
    "build_app",
    "serve",
    "server_sent_event",
    "unbounded_fields",
    "wrong_value",
]
