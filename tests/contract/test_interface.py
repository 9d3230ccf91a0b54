"""The published interface as an integrator meets it: every endpoint of every service, and one document of them all."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from devtools.api_summary import find_breaks, summarize_names
from devtools.docs_command import endpoints_of, merged_openapi, openapi_of, operations
from services.application.applications.document import DocumentState
from services.application.requirements.schemas import MISSING, NOT_NEEDED, ItemState
from services.billing.bills import texts
from services.billing.bills.texts import BillStep, Guidance
from services.scheduling.booking.appointments.next_step import STEPS
from services.scheduling.booking.waiting_list.views import WAITING_STEPS
from services.scheduling.terms import VisitStep
from shared.errors import Refusal
from shared.events.subscriptions import SERVICES
from shared.http.call import EVENT_STREAM, JSON
from shared.http.deprecation import DEPRECATED_AT, SUNSET_AT
from shared.http.endpoint import Door, Endpoint
from shared.http.openapi import NDJSON
from shared.http.openapi_merge import merge_openapi
from shared.http.paging import AFTER, LIMIT, NEXT
from shared.http.problem_facts import facts_of
from shared.http.schema import INDONESIAN, INDONESIAN_OF_OLD, View
from shared.service import Parts

PROJECT = Path(__file__).parents[2]
EVERYTHING = operations()
DOCUMENTS = {service: openapi_of(service) for service in SERVICES}
MERGED = merged_openapi()
SCHEMAS: dict[str, Any] = MERGED["components"]["schemas"]

CODE_NAMES = re.compile(r"(.*_)?(state|status|kind|role|outcome|pool|lane|purpose|reason|cause)\Z")
"""Names of members that hold a code."""

OPEN_CODES = {
    "EarlierBookView.kind": "a kind of book that the issuance system names, of whichever time",
    **dict.fromkeys(
        ("PurposeConsentView.purpose", "ConsentActView.purpose", "PurposeView.purpose", "PurposeChangeView.purpose"),
        "a purpose of the privacy notice, which a new version of the notice may add",
    ),
    **dict.fromkeys(
        ("ApplicationRefundView.reason", "RefundView.reason", "RefundRequest.reason"),
        "a reason of the regulation in force, which GET /v1/refund-guide lists",
    ),
    **dict.fromkeys(
        (
            *("DocumentView.reason", "UploadView.reason", "RequirementView.reason", "BulkJobView.reason"),
            "PageView.reason",
            *("CorrectionView.reason", "ParticularsCorrection.reason", "CorrectionDecision.reason"),
            *("InterruptDay.reason", "InterruptVisit.reason", "OfflineLineBody.reason", "OverrideView.reason"),
            *("SpecialView.reason", "SagaOverrideView.reason", "RetrySaga.reason", "ProposeOverride.reason"),
        ),
        "a code that staff choose themselves",
    ),
    **dict.fromkeys(
        ("DocumentView.kind", "UploadView.kind", "PageView.kind"),
        "a kind that the reader of papers knows; more may come",
    ),
    "EvidenceUploadView.reason": "said in words beside it, as of documents",
    "WebhookDeliveryView.reason": "status_ and the status of the consumer's answer, or a code",
    **dict.fromkeys(
        (
            *("CaseClosure.reason", "TariffChangeView.reason", "TariffChangeRefusal.reason", "ProposedTariff.reason"),
            *("ChangeView.reason", "ChangeView.decision_reason", "OfflineGrantView.reason", "RefusalView.reason"),
            *("Decide.reason", "OpenOfflineQuota.reason", "OpenOutreach.reason", "OpenSessionForDay.reason"),
            *("PutFacts.reason", "PutSession.reason", "PutTemplate.reason", "TransferSeats.reason"),
        ),
        "a sentence",
    ),
    **dict.fromkeys(
        (
            *("ApplicationVisitView.reason", "RenewalView.reason", "SeatIsGoneProblem.reason"),
            *("BillView.cause", "ExplainedFactView.cause"),
        ),
        "several services tell it, and newer ones more than is known here",
    ),
    **dict.fromkeys(
        ("DeliveryView.reason", "CodeDeliveryView.reason", "ListedOfficeView.reason", "OfficeFirstFreeView.reason"),
        "said in words beside it; its carrier names it",
    ),
    "OfficeProviderDownProblem.reason": "how an outside system failed: status_ and its status, or a code",
    **dict.fromkeys(
        ("OfficeAnswerNotTrustedProblem.reason", "LogoutTokenNotTrustedProblem.reason"),
        "the claim of a token that was wrong, as its standard names it",
    ),
    "PositionView.state": "the state of a bill, a receipt or a refund, whose own calls name them",
    "OverrideView.outcome": "a service may note more outcomes than the usual ones",
    "SagaOverrideView.outcome": "the act that was done",
}
"""Members that hold a code or words which no table lists, each with the reason."""

NOT_PAGED = {
    "search_quota": "the few nearest or earliest: there is no page after them",
    "list_event_schemas": "fixed by the release, as a whole",
    "list_webhook_kinds": "fixed by the release, as a whole",
    "list_consents": "one account's, with their history, as a whole",
    "list_crossings": "one person's newest, at most 200, as another agency tells them",
    "list_requirements": "what one case asks for, as a whole",
}
"""Lists that callers cannot page through, each with the reason."""

REAL_IDS = frozenset({"subject_id"})
"""Members that end in _id beside a member of the same name without it, and are ids."""

NAMED_OTHERWISE = frozenset({"local_start_id"})
"""Texts whose new names are others than the usual ones."""


def schema_members(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each member of each schema: the schema's name, the member's, and its schema."""
    for name, schema in document["components"]["schemas"].items():
        for member, part in schema.get("properties", {}).items():
            yield name, member, part


def kinds_of(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schemas that a value of this schema may have, references followed."""
    if "$ref" in part:
        yield from kinds_of(SCHEMAS[part["$ref"].rsplit("/", 1)[-1]])
    elif "anyOf" in part:
        for option in part["anyOf"]:
            yield from kinds_of(option)
    elif part.get("type") == "array":
        yield from kinds_of(part.get("items", {}))
    else:
        yield part


def calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every call of the joined document."""
    for path, methods in MERGED["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


@pytest.mark.acceptance("F3.documented")
def test_the_joined_document_is_valid_and_has_every_call() -> None:
    OpenAPIV31SpecValidator(MERGED).validate()
    assert {call for call, _ in calls()} == {f"{endpoint.method} {endpoint.path}" for _, endpoint in EVERYTHING}


def test_operations_schemas_and_tags_have_one_name_each_over_all_services() -> None:
    ids = Counter(operation["operationId"] for _, operation in calls())
    assert [name for name, count in ids.items() if count > 1] == []
    assert all(schema["title"] == name for name, schema in SCHEMAS.items())
    tags = [tag["name"] for tag in MERGED["tags"]]
    assert len(tags) == len(set(tags))
    owners: dict[str, set[str]] = defaultdict(set)
    for service, document in DOCUMENTS.items():
        for tag in document["tags"]:
            owners[tag["name"]].add(service)
    shared = {name for name, services in owners.items() if len(services) > 1}
    assert shared <= {"audit", "keys", "retention", "privacy"}, "a tag of several services is the same thing in each"


def test_documents_that_contradict_each_other_are_not_joined() -> None:
    def document(path: str, name: str, text: str) -> dict[str, Any]:
        paths = {path: {"get": {"operationId": name}}}
        return {"paths": paths, "components": {"schemas": {"A": {"title": text}}}, "tags": []}

    one = document("/v1/a", "a", "same")
    for other, said in (
        (document("/v1/b", "a", "same"), "have an operation a"),
        (document("/v1/a", "b", "same"), "answer /v1/a"),
        (document("/v1/b", "b", "other"), "mean different things by A"),
    ):
        with pytest.raises(ValueError, match=said):
            merge_openapi({"one": one, "other": other}, "1.0.0")
    assert set(merge_openapi({"one": one, "other": document("/v1/b", "b", "same")}, "1.0.0")["paths"]) == {
        "/v1/a",
        "/v1/b",
    }


def test_a_name_that_vanishes_breaks_a_client() -> None:
    before = summarize_names(MERGED)
    assert find_breaks(before, before) == []
    lost = before.replace("\n  ApplicationView\n", "\n", 1)
    assert find_breaks(before, lost) == ["schemas: ApplicationView vanished"]


RAW = [(service, endpoint) for service, endpoint in EVERYTHING if endpoint.raw_body]


@pytest.mark.parametrize(("service", "endpoint"), RAW, ids=lambda each: getattr(each, "name", each))
def test_bodies_of_uploads_are_described(service: str, endpoint: Endpoint) -> None:
    operation = DOCUMENTS[service]["paths"][endpoint.path][endpoint.method.lower()]
    for media_type, content in operation["requestBody"]["content"].items():
        assert content["schema"] == {"type": "string", "format": "binary", "contentMediaType": media_type}


def test_headers_that_an_upload_and_a_settlement_file_need_are_described() -> None:
    picture = MERGED["paths"]["/v1/applications/{application_id}/documents/{document_id}/content"]
    sent = {part["name"]: part for part in picture["patch"]["parameters"] if part.get("in") == "header"}
    assert sent["Upload-Offset"]["required"] is True
    assert "Upload-Offset" in picture["patch"]["responses"]["200"]["headers"]
    assert {"Upload-Offset", "Upload-Length"} <= set(picture["head"]["responses"]["200"]["headers"])
    file = MERGED["paths"]["/v1/settlement-files"]["post"]
    sent = {part["name"]: part for part in file["parameters"] if part.get("in") == "header"}
    assert sent["X-Simponi-File-Signature"]["required"] is False


def test_every_header_that_a_handler_reads_is_described() -> None:
    """Names in `call.request.headers.get(...)` of routes, by the constant's value."""
    described = {header.name for _, endpoint in EVERYTHING for header in endpoint.request_headers}
    shared = "".join(path.read_text(encoding="utf-8") for path in sorted((PROJECT / "shared" / "http").glob("*.py")))
    read = set()
    for path in (PROJECT / "services").rglob("*routes.py"):
        text = path.read_text(encoding="utf-8")
        constants = dict(re.findall(r'^(\w+): Final = "([^"]+)"', shared + text, re.M))
        read |= {constants.get(name, name) for name in re.findall(r"request\.headers\.get\((\w+)\)", text)}
    assert read - {"Idempotency-Key"} <= described, "the Idempotency-Key is described with every idempotent endpoint"


@pytest.mark.parametrize("service", SERVICES)
def test_answers_that_are_no_json_have_a_type(service: str) -> None:
    for path, methods in DOCUMENTS[service]["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                for media_type, content in answer.get("content", {}).items():
                    assert "schema" in content, f"{path} {status} {media_type}"
                    if media_type != JSON and not media_type.endswith("+json"):
                        assert content["schema"]["type"] == "string"
                        is_text = media_type.startswith("text/") or media_type == "application/x-ndjson"
                        assert (content["schema"].get("format") == "binary") is not is_text


def test_lines_and_events_have_a_schema() -> None:
    """A text that is read line by line says what a line is."""
    for call, operation in calls():
        for status, answer in operation["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                if media_type == NDJSON:
                    assert content["x-line-schema"]["$ref"].startswith("#/components/schemas/"), f"{call} {status}"
                if media_type == EVENT_STREAM:
                    assert "x-event-schema" in content, f"{call} {status}"


def test_every_member_that_holds_a_code_names_its_values() -> None:
    unnamed = {}
    for schema, member, part in schema_members(MERGED):
        is_text = any(kind.get("type") == "string" for kind in kinds_of(part))
        is_named = all("enum" in kind or "const" in kind for kind in kinds_of(part) if kind.get("type") != "null")
        if CODE_NAMES.match(member) and is_text and not is_named:
            unnamed[f"{schema}.{member}"] = part
    assert set(unnamed) - set(OPEN_CODES) == set()
    assert set(OPEN_CODES) - set(unnamed) == set(), "it has its values now, or is gone"


def test_parameters_that_hold_a_code_name_their_values() -> None:
    for call, operation in calls():
        for part in operation.get("parameters", ()):
            if CODE_NAMES.match(part.get("name", "")) and call not in OPEN_PARAMETERS:
                assert all("enum" in kind for kind in kinds_of(part["schema"])), f"{call} {part['name']}"


OPEN_PARAMETERS = {
    "GET /v1/staff/office-sign-in/{provider_id}/callback": "the opaque text of OAuth 2 (RFC 6749)",
    "PUT /v1/account/consents/{purpose}": "a purpose of the privacy notice, which a new version may add",
}
"""Calls with a parameter that is named like a code and has no fixed values, each with the reason."""


def values(enum: type[StrEnum]) -> set[str]:
    """The values of an enum."""
    return {code.value for code in enum}


def test_enums_that_are_shown_are_those_of_the_tables() -> None:
    assert values(ItemState) == values(DocumentState) | {MISSING, NOT_NEEDED}
    guidance = [found for found in _all_guidance() if isinstance(found, Guidance)]
    told = {step for found in guidance for step in (found.current_step, *found.remaining_steps)}
    assert told == values(BillStep)
    steps = [*STEPS.values(), *WAITING_STEPS.values()]
    assert {step for found in steps for step in (found.current_step, *found.remaining_steps)} <= values(VisitStep)


def _all_guidance() -> Iterator[Any]:
    for value in vars(texts).values():
        yield from value.values() if isinstance(value, Mapping) else (value,)


CREATING = [(service, endpoint) for service, endpoint in EVERYTHING if 201 in endpoint.answers]


@pytest.mark.parametrize(("service", "endpoint"), CREATING, ids=lambda each: getattr(each, "name", each))
def test_what_was_made_has_an_address_that_can_be_read(service: str, endpoint: Endpoint) -> None:
    assert endpoint.location, "name the address of what it makes"
    forms = {re.sub(r"{[^}]*}", "{}", other.path) for other in endpoints_of(service) if other.method == "GET"}
    assert re.sub(r"{[^}]*}", "{}", endpoint.location) in forms
    operation = DOCUMENTS[service]["paths"][endpoint.path][endpoint.method.lower()]
    assert "Location" in operation["responses"]["201"]["headers"]
    model = endpoint.answers[201]
    assert isinstance(model, type)
    for name in re.findall(r"{([^}]*)}", endpoint.location):
        first, _, rest = name.partition(".")
        inner: Any = model.model_fields[first].annotation if rest else model
        assert (rest or name) in inner.model_fields or name in endpoint.places, name


READ_ONCE = {"return_from_office": "the provider's answer counts once, and programs that look at links send HEAD"}
"""GETs beside which HEAD is not answered, each with the reason."""


@pytest.mark.parametrize("service", SERVICES)
def test_head_is_answered_wherever_get_is(service: str, parts: Mapping[str, Parts]) -> None:
    heads = {endpoint.path for endpoint in parts[service].endpoints if endpoint.method == "HEAD"}
    for endpoint in parts[service].endpoints:
        if endpoint.method == "GET":
            assert (endpoint.safe or endpoint.path in heads) is (endpoint.name not in READ_ONCE), endpoint.name


def has_list_of_things(endpoint: Endpoint) -> bool:
    """Whether the answer lists things: it is named after its plural, and its first list is one of objects."""
    model = endpoint.answers.get(200)
    if endpoint.method != "GET" or not isinstance(model, type):
        return False
    return endpoint.name.startswith(("list_", "search_", "find_")) or NEXT in model.model_fields


def test_all_lists_are_paged_alike() -> None:
    for service, endpoint in EVERYTHING:
        if not has_list_of_things(endpoint) or endpoint.name in NOT_PAGED:
            continue
        operation = DOCUMENTS[service]["paths"][endpoint.path]["get"]
        asked = {part.get("name") for part in operation.get("parameters", ()) if part.get("in") == "query"}
        assert {AFTER, LIMIT} <= asked, endpoint.name
        model = endpoint.answers[200]
        assert isinstance(model, type) and NEXT in model.model_fields, endpoint.name


def test_parameters_of_before_are_marked_as_deprecated() -> None:
    marked = {
        (call, part["name"])
        for call, operation in calls()
        for part in operation.get("parameters", ())
        if part.get("deprecated")
    }
    assert marked == {("GET /v1/cases", "from_due"), ("GET /v1/deliveries", "until"), ("GET /v1/staff/members", "from")}


STANDARD = frozenset({"detail", "detail_id", "field", "next_action", "next_action_id", "retry_after_seconds", "errors"})
"""Arguments of a refusal that are no facts."""


def refusals() -> dict[str, list[type[Refusal]]]:
    """Every class of refusals by its name."""
    found: dict[str, list[type[Refusal]]] = defaultdict(list)
    waiting = [Refusal]
    while waiting:
        known = waiting.pop()
        found[known.__name__].append(known)
        waiting.extend(known.__subclasses__())
    return found


def test_every_fact_that_a_refusal_tells_is_described() -> None:
    known = refusals()
    missing = []
    for path in sorted([*(PROJECT / "services").rglob("*.py"), *(PROJECT / "shared").rglob("*.py")]):
        for name, facts in _facts_in(ast.parse(path.read_text(encoding="utf-8"))):
            if name in known and facts:
                described = {fact for refusal in known[name] for fact in facts_of(refusal)}
                missing += [f"{path.name}: {name} tells {fact}" for fact in facts if fact not in described]
    assert missing == []


def _facts_in(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """The classes that are called, and in a class the one whose base's constructor is, with the names given to it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and ast.unparse(inner.func) == "super().__init__":
                    yield node.name, _named(inner)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, _named(node)


def _named(call: ast.Call) -> list[str]:
    return [word.arg for word in call.keywords if word.arg is not None and word.arg not in STANDARD]


def test_problems_with_facts_have_a_schema_of_their_code() -> None:
    sold_out = SCHEMAS["SessionSoldOutProblem"]
    assert sold_out["properties"]["code"]["const"] == "session_sold_out"
    assert {"earliest", "nearest", "trace_id"} <= set(sold_out["properties"])
    answer = MERGED["paths"]["/v1/appointments"]["post"]["responses"]["409"]["$ref"].rsplit("/", 1)[-1]
    content = MERGED["components"]["responses"][answer]["content"]["application/problem+json"]
    assert {"$ref": "#/components/schemas/SessionSoldOutProblem"} in content["schema"]["anyOf"]


def views(base: type[View] = View) -> Iterator[type[View]]:
    """Every class of answers."""
    for view in base.__subclasses__():
        yield view
        yield from views(view)


def test_indonesian_texts_are_named_so_and_their_old_names_are_on_the_way_out() -> None:
    for view in set(views()):
        for name in view.model_fields:
            bare = name.removesuffix(INDONESIAN_OF_OLD)
            if bare == name or bare not in view.model_fields or name in REAL_IDS | NAMED_OTHERWISE:
                continue
            if view.model_fields[bare].annotation != view.model_fields[name].annotation:
                continue
            assert bare in view.texts_in_indonesian, f"{view.__name__}.{name} is Indonesian: say in_indonesian"
    for schema, member, part in schema_members(MERGED):
        if member.endswith(INDONESIAN) and not schema.endswith(("Input", "MissingItem")):
            old = SCHEMAS[schema]["properties"].get(member.removesuffix(INDONESIAN) + INDONESIAN_OF_OLD)
            assert old is None or old.get("deprecated") is True, f"{schema}.{member}"
            assert part.get("readOnly") is None


@pytest.mark.acceptance("X16.versions_kept")
def test_what_is_deprecated_says_until_when() -> None:
    assert (SUNSET_AT - DEPRECATED_AT).days >= 365
    for call, operation in calls():
        for status, answer in operation["responses"].items():
            schema = answer.get("content", {}).get(JSON, {}).get("schema")
            if schema is not None:
                is_told = {"Deprecation", "Sunset"} <= set(answer.get("headers", {}))
                assert is_told is _holds_deprecated(schema, frozenset()), f"{call} {status}"


def _holds_deprecated(part: Any, above: frozenset[str]) -> bool:
    if isinstance(part, list):
        return any(_holds_deprecated(item, above) for item in part)
    if not isinstance(part, dict):
        return False
    reference = part.get("$ref")
    if isinstance(reference, str):
        return reference not in above and _holds_deprecated(SCHEMAS[reference.rsplit("/", 1)[-1]], above | {reference})
    return part.get("deprecated") is True or any(_holds_deprecated(item, above) for item in part.values())


def test_local_start_is_one_thing_everywhere() -> None:
    for schema, member, part in schema_members(MERGED):
        if member.startswith("local_") and not part.get("deprecated") and not member.endswith(INDONESIAN):
            assert part.get("format") == "date-time", f"{schema}.{member}"


def test_signatures_are_described_by_the_names_of_their_headers(parts: Mapping[str, Parts]) -> None:
    signed = [(service, endpoint) for service, endpoint in EVERYTHING if endpoint.access.door is Door.SIGNATURE]
    assert {endpoint.signature_prefix for _, endpoint in signed} == {"X-Simponi", "X-Sms"}
    schemes = MERGED["components"]["securitySchemes"]
    for service, endpoint in signed:
        operation = DOCUMENTS[service]["paths"][endpoint.path]["post"]
        names = {f"{endpoint.signature_prefix}-{word}" for word in ("Timestamp", "Signature")}
        assert operation["security"] == [{name: [] for name in names}]
        assert {schemes[name]["name"] for name in names} == names
        assert all("signed" in schemes[name]["description"] or "HMAC" in schemes[name]["description"] for name in names)
