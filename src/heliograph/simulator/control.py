"""The control API: what a test in another process turns on a running simulator, over HTTP on loopback.

``GET /truth?users=1,2&since=…`` and ``GET /events?box=…`` (JSON lines), ``GET /stats``, ``/chats``, ``/bots``,
``POST /traffic``, ``/faults``, ``/post``, ``/edit``, ``/delete``, ``/operations``, ``/storm``, ``/quiesce`` with
JSON bodies. The Host header must name loopback and a page of
another origin is refused, so that no web site can reach it through a browser.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from heliograph.simulator import faults as fault_kinds
from heliograph.simulator import rpc, storms, traffic
from heliograph.simulator.world import bots, model

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})

_SIMULATOR: web.AppKey[Any] = web.AppKey("simulator", object)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """The running API."""

    url: str
    runner: web.AppRunner

    async def stop(self) -> None:
        """Stop listening."""
        await self.runner.cleanup()


async def start(simulator: Any, *, host: str = "127.0.0.1", port: int = 0) -> Control:
    """Listen on loopback for a simulator with ``world``, ``faults`` and ``traffic``."""
    runner = web.AppRunner(application(simulator), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound = runner.addresses[0][1]
    return Control(url=f"http://{host}:{bound}", runner=runner)


def application(simulator: Any) -> web.Application:
    """Return the aiohttp application."""
    app = web.Application(middlewares=[_guard], client_max_size=16 * 1024 * 1024)
    app[_SIMULATOR] = simulator
    app.add_routes(
        [
            web.get("/truth", _truth),
            web.get("/stats", _stats),
            web.get("/chats", _chats),
            web.post("/traffic", _traffic),
            web.post("/faults", _faults),
            web.post("/post", _post),
            web.post("/edit", _edit),
            web.post("/delete", _delete),
            web.get("/events", _events),
            web.get("/bots", _bots),
            web.post("/operations", _operations),
            web.post("/storm", _storm),
            web.post("/quiesce", _quiesce),
        ]
    )
    return app


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if name not in HOSTS or "Origin" in request.headers:
        return _problem(403, "This address answers local programs only.")
    try:
        return await handler(request)
    except rpc.RpcError as error:
        return _problem(400, error.message)
    except (KeyError, TypeError, ValueError, fault_kinds.NoStage) as error:
        return _problem(400, f"{type(error).__name__}: {error}")


async def _truth(request: web.Request) -> web.StreamResponse:
    """Every message that the accounts of these user ids should have mirrored, one JSON object a line."""
    world = request.app[_SIMULATOR].world
    query = request.query
    users = _numbers(query.get("users"))
    filters: dict[str, Any] = {"include_private": query.get("private") == "1"}
    if "since" in query:
        filters["since"] = float(query["since"])
    if "mailboxes" in query:
        filters["mailboxes"] = _numbers(query["mailboxes"])
    # Made in one go: the world must not move between the first line and the last.
    lines = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in world.truth(users, **filters))
    return web.Response(body=lines, content_type="application/x-ndjson")


async def _events(request: web.Request) -> web.StreamResponse:
    """Everything that happened in one box, one JSON object a line: a channel's marked id or a user id."""
    found = request.app[_SIMULATOR].world.events(int(request.query["box"]))
    lines = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in found)
    return web.Response(body=lines, content_type="application/x-ndjson")


async def _bots(request: web.Request) -> web.StreamResponse:
    """The bots of the world and their tokens."""
    world = request.app[_SIMULATOR].world
    found = [user for user in world.users.values() if user.is_bot]
    return _json([{"user_id": u.id, "username": u.username, "token": bots.token(world, u)} for u in found])


async def _operations(request: web.Request) -> web.StreamResponse:
    """Run any operation of the world by its name: ``{"operation": "ban", "chat": …, "user_id": …, "admin_id": …}``."""
    body = await request.json()
    result = request.app[_SIMULATOR].world.run(body.pop("operation"), **body)
    return _json(
        {"result": result if isinstance(result, int) else getattr(result, "peer", getattr(result, "id", None))}
    )


async def _storm(request: web.Request) -> web.StreamResponse:
    """Edit and react in one chat many times in one go."""
    world = request.app[_SIMULATOR].world
    body = await request.json()
    return _json(storms.storm(world, world.find(body.pop("chat")), **body))


async def _stats(request: web.Request) -> web.StreamResponse:
    simulator = request.app[_SIMULATOR]
    world, running = simulator.world, simulator.traffic
    return _json(
        {
            "seed": world.seed,
            "created_at": world.created_at,
            "chats": len(world.chats),
            "users": len(world.users),
            "messages": sum(chat.alive for chat in world.chats.values()),
            "accounts": [
                {"user_id": account.user.id, "phone": account.user.phone, "pts": account.box.pts}
                for account in world.accounts.values()
            ],
            "traffic": {"rate": running.rate, "operations": running.count, "is_running": running.is_running},
            "violations": list(getattr(simulator, "violations", ())),
        }
    )


async def _chats(request: web.Request) -> web.StreamResponse:
    world = request.app[_SIMULATOR].world
    return _json([_describe(chat) for chat in world.chats.values()])


async def _traffic(request: web.Request) -> web.StreamResponse:
    """Set the rate (0 stops) and, when given, the shares of edits, deletions and so on."""
    running: traffic.Traffic = request.app[_SIMULATOR].traffic
    body = await request.json()
    rate = float(body.pop("rate"))
    if body:
        running.shares = dataclasses.replace(running.shares, **{name: float(part) for name, part in body.items()})
    running.rate = rate
    if rate > 0:
        running.start()
    else:
        await running.stop()
    return _json({"rate": running.rate, "operations": running.count})


async def _faults(request: web.Request) -> web.StreamResponse:
    """Turn on a fault: ``{"kind": "flood", "method": "messages.getHistory", "seconds": 3}``."""
    body = await request.json()
    kind = fault_kinds.KINDS[body.pop("kind")]
    result = kind(request.app[_SIMULATOR].faults, **body)
    return _json({"result": result if isinstance(result, int) else None})


async def _post(request: web.Request) -> web.StreamResponse:
    world = request.app[_SIMULATOR].world
    body = await request.json()
    chat = world.find(body.pop("chat"))
    sender = body.pop("sender", None) or next(iter(chat.members), None)
    message = world.post(chat, sender, body.pop("text", ""), **body)
    return _json({"chat_id": chat.peer, "message_id": message.id, "pushed_at": message.pushed_at})


async def _edit(request: web.Request) -> web.StreamResponse:
    world = request.app[_SIMULATOR].world
    body = await request.json()
    chat = world.find(body["chat"])
    message = world.edit(chat, int(body["message_id"]), str(body["text"]))
    return _json({"chat_id": chat.peer, "message_id": message.id, "pushed_at": message.pushed_at})


async def _delete(request: web.Request) -> web.StreamResponse:
    world = request.app[_SIMULATOR].world
    body = await request.json()
    chat = world.find(body["chat"])
    deleted = world.delete(chat, [int(number) for number in body["message_ids"]])
    return _json({"chat_id": chat.peer, "deleted": [message.id for message in deleted]})


async def _quiesce(request: web.Request) -> web.StreamResponse:
    """Stop the traffic and end all faults."""
    simulator = request.app[_SIMULATOR]
    await simulator.traffic.stop()
    simulator.faults.clear()
    return _json({"operations": simulator.traffic.count})


def _describe(chat: model.Chat) -> dict[str, Any]:
    return {
        "chat_id": chat.peer,
        "kind": chat.kind,
        "title": chat.title,
        "username": chat.username,
        "messages": chat.alive,
        "members": len(chat.members),
        "pts": chat.box.pts if chat.box is not None else None,
    }


def _numbers(text: str | None) -> list[int] | None:
    return None if not text else [int(part) for part in text.split(",")]


def _json(content: Any) -> web.Response:
    return web.Response(body=orjson.dumps(content), content_type="application/json")


def _problem(status: int, title: str) -> web.Response:
    body = orjson.dumps({"title": title, "status": status})
    return web.Response(body=body, status=status, content_type="application/problem+json")
