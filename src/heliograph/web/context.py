"""What routes share: the settings, the open database and the live feed, and how an answer is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Query, Response
from starlette.requests import HTTPConnection

from heliograph import config
from heliograph.exchange import media as storage
from heliograph.store import database as store_database
from heliograph.web import live

_BIGINT = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Context:
    """The parts that one web process is made of."""

    settings: config.Settings
    database: store_database.Database
    feed: live.Feed

    @cached_property
    def media(self) -> storage.Storage:
        """Return media storage. Raises BadInput when its settings cannot be used."""
        return storage.open_storage(self.settings)


def context(connection: HTTPConnection) -> Context:
    """Return the app's parts."""
    found: Context = connection.app.state.context
    return found


Parts = Annotated[Context, Depends(context)]
ChatId = Annotated[int, Path(ge=-_BIGINT, le=_BIGINT)]
MessageId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=200)]


def answer(view: Any) -> Response:
    """Write a view as JSON. Views have the API's shape already, so nothing is validated again here."""
    return Response(orjson.dumps(view, option=orjson.OPT_UTC_Z), media_type="application/json")
