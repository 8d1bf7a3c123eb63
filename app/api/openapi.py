"""The hot doors in OpenAPI: they are served in front of the framework, and documented here by hand."""

from typing import Any

from fastapi import FastAPI

from app.api.doors import EVENTS_PATH
from app.api.hooks_door import HOOKS_PREFIX

_PROBLEM = {"content": {"application/problem+json": {"schema": {"type": "object"}}}}


def _refusals(*codes: str) -> dict[str, Any]:
    said = {
        "401": "not known here",
        "404": "no such source",
        "413": "too large",
        "415": "not CloudEvents",
        "422": "something in it is wrong; the field is named",
        "503": "nothing was stored; come back after Retry-After seconds",
    }
    return {code: {"description": said[code], **_PROBLEM} for code in codes}


_EVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string"},
        "type": {"type": "string", "description": "see /v1/schemas"},
        "time": {"type": "string", "format": "date-time"},
        "subject": {"type": "string", "description": "the contact, the agent or the customer"},
        "data": {"type": "object"},
    },
}

PATHS: dict[str, Any] = {
    EVENTS_PATH: {
        "post": {
            "tags": ["events"],
            "summary": "Send CloudEvents 1.0: one, a batch, one a line, or binary",
            "security": [{"bearer": []}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/cloudevents+json": {"schema": _EVENT},
                    "application/cloudevents-batch+json": {
                        "schema": {"type": "array", "items": _EVENT}
                    },
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            },
            "responses": {
                "202": {
                    "description": "durable: accepted, duplicates, conflicts, refused by index"
                },
                **_refusals("401", "413", "415", "422", "503"),
            },
        }
    },
    f"{HOOKS_PREFIX}{{source_id}}": {
        "post": {
            "tags": ["events"],
            "summary": "What a configured tool sends",
            "parameters": [
                {"name": "source_id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "responses": {
                "202": {"description": "durable, or kept for later where it was not understood"},
                **_refusals("401", "404", "413", "503"),
            },
        }
    },
}


def document(app: FastAPI) -> None:
    """Add the hot doors to the application's OpenAPI."""
    generated = app.openapi()
    generated["paths"] = {**PATHS, **generated["paths"]}
    schemes = generated.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["bearer"] = {"type": "http", "scheme": "bearer"}
    app.openapi_schema = generated
