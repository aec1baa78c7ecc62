"""The API's description, from which the front end's client is generated.

``python -m heliograph.web.openapi`` prints it, in an order that only a change of the API changes. The events of the
live stream, which OpenAPI has no place for, are in its components.
"""

from __future__ import annotations

import sys
from typing import Any

import orjson
from fastapi import FastAPI
from pydantic import TypeAdapter

from heliograph.web import schemas

_REF = "#/components/schemas/{model}"


def complete(app: FastAPI) -> None:
    """Add the live events and the problem to what the app says of itself."""
    plain = app.openapi

    def whole() -> dict[str, Any]:
        description = plain()
        components = description.setdefault("components", {}).setdefault("schemas", {})
        models: dict[str, Any] = {"LiveEvent": schemas.LiveEvent, "Problem": schemas.Problem}
        for name, model in models.items():
            schema = TypeAdapter(model).json_schema(ref_template=_REF)
            components.update(schema.pop("$defs", {}))
            components[name] = schema
        return description

    app.openapi = whole  # type: ignore[method-assign]


def text() -> bytes:
    """Return the description as it is kept in frontend/openapi.json."""
    from heliograph.web import app  # noqa: PLC0415 - the app completes its description with this module

    return orjson.dumps(app.describe(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(text())
