"""Every fault, operation and record through the control API, on a simulator that really listens."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from telethon.tl import functions
from tests.simulator.wire_client import WireClient, signed_in

from heliograph.simulator import faults
from heliograph.simulator.server import Simulator
from heliograph.simulator.world import model

PAGE = Path(__file__).parents[2] / "docs/howto/simulator.md"
STATE = functions.updates.GetStateRequest()

# One valid request for each kind; CHAT, USER and BOX are filled in.
EXAMPLES: dict[str, dict[str, Any]] = {
    "flood": {"method": "messages.*", "seconds": 3, "user_id": "USER", "name": "FLOOD_PREMIUM_WAIT"},
    "refuse": {"method": "updates.getChannelDifference", "error": "CHANNEL_PRIVATE", "times": None, "chat": "CHAT"},
    "limit_rate": {"method": "messages.getHistory", "requests": 3, "seconds": 10},
    "silence": {"method": "messages.getHistory", "times": 2},
    "slow": {"method": "upload.getFile", "seconds": 0.5, "times": None},
    "undecodable_answers": {"method": "messages.getPeerDialogs", "times": None, "chat": "CHAT"},
    "ban": {"user_id": "USER", "error": "USER_DEACTIVATED"},
    "unban": {"user_id": "USER"},
    "revoke": {"user_id": "USER"},
    "drop_updates": {"n": 3, "chat": "CHAT"},
    "duplicate_updates": {"n": 1, "user_id": "USER"},
    "reorder_updates": {"n": 1},
    "delay_updates": {"n": 1, "seconds": 0.5},
    "lose_updates": {"share": 0.1},
    "be_passive": {"chat": "CHAT", "seconds": 5},
    "coalesce_albums": {"n": 2},
    "undecodable_updates": {"n": 1, "chat": "CHAT"},
    "unnamed_updates": {},
    "number_updates": {"n": 2, "how": "gap"},
    "resend_updates": {"n": 1},
    "cut_after_updates": {"n": 1},
    "say_too_long": {"chat": "CHAT", "pts": "real"},
    "cut": {"seconds": 0, "user_id": "USER"},
    "stall": {"seconds": 0.1, "user_id": "USER"},
    "new_session": {"user_id": "USER"},
    "change_salt": {"user_id": "USER"},
    "resend_unacked": {},
    "kill_duplicates": {"value": True},
    "shift_clock": {"seconds": 30},
    "retain": {"box": "CHAT", "events": 5, "seconds": 60},
    "roll_back": {"box": "USER", "events": 1},
    "undecodable_differences": {"n": None, "box": "CHAT"},
    "expire_references": {"parts": 2, "times": 1},
    "migrate_files": {"dc_id": 4},
    "clear": {},
    "too_long": {"value": "strict"},
    "pts_style": {"value": "final"},
    "difference_limit": {"value": 10},
    "min_entities": {"value": True},
}


@pytest.fixture
async def client(simulator: Simulator) -> WireClient:
    return await signed_in(simulator)


@pytest.fixture
def group(simulator: Simulator) -> model.Chat:
    return simulator.world.chats_of("supergroup")[0]


@pytest.fixture
async def http(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=simulator.control_url, trust_env=False) as opened:
        yield opened


async def test_every_kind_can_be_turned_on_over_http(
    simulator: Simulator, client: WireClient, group: model.Chat, http: httpx.AsyncClient
) -> None:
    places = {"CHAT": group.peer, "USER": client.user_id}
    for kind in faults.KINDS:
        given = {name: places.get(value, value) for name, value in EXAMPLES[kind].items()}  # type: ignore[call-overload]
        answer = await http.post("/faults", json={"kind": kind} | given)
        assert answer.status_code == 200, (kind, answer.text)
    assert not simulator.failures


def test_every_kind_is_documented_with_its_parameters() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    documented = {
        kind: set(re.findall(r"`([a-z_]+)`", line.split("|")[2]))
        for line in rows
        for kind in re.findall(r"`([a-z_]+)`", line.split("|")[1])
    }
    for kind, method in faults.KINDS.items():
        known = set(inspect.signature(method).parameters) - {"self", "faults"}
        assert known <= documented.get(kind, set()), kind


async def test_wrong_kind_parameter_or_box_is_refused_in_words(http: httpx.AsyncClient) -> None:
    for body in (
        {"kind": "earthquake"},
        {"kind": "flood", "method": "a.b", "seconds": 1, "colour": "red"},
        {"kind": "retain", "box": 5, "events": 1},
        {"kind": "too_long", "value": "sometimes"},
        {"kind": "number_updates", "how": "sideways"},
    ):
        answer = await http.post("/faults", json=body)
        assert answer.status_code == 400, body
        assert answer.json()["title"]


async def test_fault_over_http_is_met_on_the_wire(client: WireClient, http: httpx.AsyncClient) -> None:
    await http.post("/faults", json={"kind": "refuse", "method": "updates.getState", "error": "NO_LUCK"})
    assert (await client.call(STATE)).error_message == "NO_LUCK"
    assert (await client.call(STATE)).pts


async def test_operations_run_by_name_and_events_tell_what_they_did(
    simulator: Simulator, group: model.Chat, http: httpx.AsyncClient
) -> None:
    member = next(user_id for user_id, m in group.members.items() if m.role == "member")
    body = {"operation": "ban", "chat": group.peer, "user_id": member, "admin_id": simulator.world.owner(group)}
    assert (await http.post("/operations", json=body)).status_code == 200
    assert member in group.banned
    await http.post("/post", json={"chat": group.peer, "text": "Told"})
    lines = (await http.get("/events", params={"box": group.peer})).content.splitlines()
    told = [orjson.loads(line) for line in lines]
    assert told == list(simulator.world.events(group.peer))
    assert told[-1]["text"] == "Told"
    for wrong in ({"operation": "explode"}, {"operation": "ban", "chat": 1}):
        assert (await http.post("/operations", json=wrong)).status_code == 400
    assert (await http.get("/events", params={"box": 12345})).status_code == 400


async def test_storms_and_bots_over_http(simulator: Simulator, group: model.Chat, http: httpx.AsyncClient) -> None:
    counts = (await http.post("/storm", json={"chat": group.peer, "edits": 5, "reactions": 5})).json()
    assert counts["edits"] == 5
    assert sum(1 for _ in simulator.world.events(group.peer)) == 5 + counts["hidden_edits"]
    made = await http.post("/operations", json={"operation": "create_bot", "name": "B", "username": "b_bot"})
    (bot,) = [each for each in (await http.get("/bots")).json() if each["username"] == "b_bot"]
    assert bot["user_id"] == made.json()["result"]
