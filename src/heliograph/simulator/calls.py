"""Run requests: unwrap, remember layer and device, ask the faults, dispatch, answer or refuse."""

from __future__ import annotations

import asyncio
import math
import struct
from typing import TYPE_CHECKING

from telethon.tl.tlobject import TLObject

from heliograph import log
from heliograph.simulator import rpc
from heliograph.simulator.wire import unwrap
from heliograph.simulator.wire.session import Session
from heliograph.simulator.world import tl_updates

if TYPE_CHECKING:
    from heliograph.simulator.server import Simulator

RPC_ERROR = 0x2144CA19

# Asking for these does not make a connection the one that updates go to: file connections ask for them as well.
NEUTRAL = frozenset({"help.getConfig", "help.getCdnConfig", "auth.importAuthorization", "auth.exportAuthorization"})

# A key whose sign-in has ended may ask for these: they lead to the next one.
OPEN = ("auth.", "help.")
# The history is not for bots: they get what is pushed to them, and single messages by id.
NOT_FOR_BOTS = frozenset(
    {
        *("messages.getHistory", "messages.getDialogs", "messages.getPeerDialogs", "messages.search"),
        *("messages.searchGlobal", "messages.readHistory", "channels.readHistory", "channels.joinChannel"),
        *("messages.importChatInvite", "contacts.getContacts"),
    }
)

logger = log.get("simulator.calls")


class Calls:
    """The runner of requests of one server."""

    def __init__(self, server: Simulator) -> None:
        self._server = server

    def start(self, session: Session, msg_id: int, body: bytes) -> None:
        """Begin to answer a request; what takes longer than this loop turn is acked by itself."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._run(session, msg_id, body))
        session.running[msg_id] = task
        task.add_done_callback(lambda _: session.running.pop(msg_id, None))
        loop.call_soon(_ack_if_running, session, msg_id, task)

    async def _run(self, session: Session, msg_id: int, body: bytes) -> None:
        name = "?"
        try:
            call = unwrap.unwrap(body)
            name = rpc.method_name(type(call.request))
            found = await self._answer(session, msg_id, call, name)
            if self._server.faults.is_unreadable(session.user_id, name, call.request, found):
                found = tl_updates.unknown()
            answer = rpc.serialise(found)
            await self._wait(session, call, name)
        except rpc.RpcError as error:
            session.failed.append(msg_id)
            logger.debug("rpc_error", method=name, error=error.message)
            answer = _error(error)
        except Exception as error:
            # The outermost edge of a request: a handler's defect must not take the connection with it.
            session.failed.append(msg_id)
            logger.exception("handler_failed", method=name)
            self._server.failures.append(f"{name}: {error!r}")
            answer = _error(rpc.RpcError(500, "INTERNAL_SERVER_ERROR"))
        session.answer(msg_id, answer)

    async def _wait(self, session: Session, call: unwrap.Call, name: str) -> None:
        """Hold an answer back that a fault makes late; one that never comes waits for its session to end."""
        seconds = self._server.faults.delay_of(session.user_id, name, call.request)
        if math.isinf(seconds):
            await asyncio.get_running_loop().create_future()
        elif seconds > 0:
            await asyncio.sleep(seconds)

    async def _answer(self, session: Session, msg_id: int, call: unwrap.Call, name: str) -> object:
        self._initialise(session, call)
        self._choose_main(session, call, name)
        for earlier in call.after:
            await _wait_for(session, earlier)
        self._refuse(session, call, name)
        layer = session.key.layer
        if layer is None:
            raise rpc.RpcError(400, "CONNECTION_NOT_INITED")
        context = rpc.Context(
            server=self._server,
            world=self._server.world,
            session=session,
            user_id=session.user_id,
            layer=layer,
            msg_id=msg_id,
        )
        return await self._server.router.dispatch(context, call.request)

    def _refuse(self, session: Session, call: unwrap.Call, name: str) -> None:
        """Refuse what the key, the account or a fault does not allow."""
        key = session.key
        if key.ended is not None and (key.is_dead or not name.startswith(OPEN)):
            raise rpc.RpcError(406 if key.is_dead else 401, key.ended)
        if key.expires_at is not None and key.permanent is None and not name.startswith(OPEN):
            raise rpc.RpcError(401, "AUTH_KEY_PERM_EMPTY")
        user = self._server.world.users.get(session.user_id or 0)
        if user is not None and user.is_bot and name in NOT_FOR_BOTS:
            raise rpc.RpcError(400, "BOT_METHOD_INVALID")
        fault = self._server.faults.before_rpc(session.user_id, name, call.request, is_imported=key.is_imported)
        if fault is not None:
            raise fault

    def _initialise(self, session: Session, call: unwrap.Call) -> None:
        if call.api_id is not None:
            self._server.check_api(call.api_id)
        key = session.key
        known = (key.layer, key.api_id, key.device)
        if call.layer is not None:
            key.layer = call.layer
        if call.api_id is not None:
            key.api_id, key.device = call.api_id, call.device
        if known != (key.layer, key.api_id, key.device):
            self._server.hub.keys.save(key)
        if call.is_without_updates or call.api_id is not None:
            session.no_updates = call.is_without_updates

    def _choose_main(self, session: Session, call: unwrap.Call, name: str) -> None:
        main = session.key.main
        if session.no_updates or name.startswith("upload."):
            return
        if name not in NEUTRAL or main is None or main.connection is None:
            self._server.hub.make_main(session, is_certain=name not in NEUTRAL)


async def _wait_for(session: Session, earlier: int) -> None:
    task = session.running.get(earlier)
    if task is not None:
        await asyncio.wait([task])
    elif not session.knows(earlier):
        raise rpc.RpcError(400, "MSG_WAIT_TIMEOUT")
    if earlier in session.failed:
        raise rpc.RpcError(400, "MSG_WAIT_FAILED")


def _ack_if_running(session: Session, msg_id: int, task: asyncio.Task[None]) -> None:
    if not task.done():
        session.ack(msg_id)


def _error(error: rpc.RpcError) -> bytes:
    message: bytes = TLObject.serialize_bytes(error.message)
    return struct.pack("<Ii", RPC_ERROR, error.code) + message
