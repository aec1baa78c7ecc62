"""What a service message says besides its action: fields under Desktop's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from heliograph.domain import records
from heliograph.exchange.desktop.compose import media, peers

Fields = Callable[[records.Json, records.Message, peers.Names], records.Json]
"""What makes them of a descriptor, its message, and names."""

_NANO: Final = 1_000_000_000
_PRICE: Final = ("price_amount_whole", "price_amount_nano", "price_currency")
_HEAD: Final = frozenset(
    {"id", "type", "date", "date_unixtime", "edited", "edited_unixtime", "actor", "actor_id", "action"}
)
"""Keys that are the message's own."""


def nothing(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Say no more than the action."""
    return {}


def everything(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Copy what an action has that is not known here, but for objects."""
    return {key: value for key, value in service.items() if key not in _HEAD and not isinstance(value, dict)}


def same(**keys: str) -> Fields:
    """Copy fields: Desktop's key = our key. What is not there stays away."""

    def copy(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        return {theirs: service[ours] for theirs, ours in keys.items() if service.get(ours) not in (None, "")}

    return copy


def members(key: str) -> Fields:
    """Tell people by name."""

    def members(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        ids = service.get(key) or []
        known = [peers.name(names, each) for each in (ids if isinstance(ids, list) else [ids])]
        # An import knows people by name only.
        return {"members": known or service.get("members") or []}

    return members


def both(*each: Fields) -> Fields:
    """Say what each of them says, in this order."""

    def together(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        found: records.Json = {}
        for fields in each:
            found.update(fields(service, message, names))
        return found

    return together


def answered(label: str) -> Fields:
    """Tell the message that is answered."""

    def answered(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        found: records.Json = {}
        target = service.get("message_id") or message.reply_to_message_id
        if target:
            found[label] = target
            if message.reply_to_chat_id:
                found["reply_to_peer_id"] = peers.peer(message.reply_to_chat_id)
        return found

    return answered


def proximity(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell who came near whom, and how near in metres."""
    found: records.Json = {}
    for label in ("from", "to"):
        who = service.get(f"{label}_id")
        if isinstance(who, int):
            found[label] = peers.name(names, who)
            found[f"{label}_id"] = peers.peer(who)
    return {**found, "distance": service.get("distance", 0)}


def recurring(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell whether a payment is repeated."""
    if service.get("recurring_used"):
        return {"recurring": "used"}
    return {"recurring": "init"} if service.get("recurring_init") else {}


def photo(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell of a picture, which Desktop does in any case; what the message carries takes its place."""
    return {"photo": media.PLACEHOLDERS["not_included"]}


def flags(**keys: str) -> Fields:
    """Say yes or no: Desktop's key = our key."""

    def flags(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        return {theirs: bool(service.get(ours)) for theirs, ours in keys.items()}

    return flags


def lists(*keys: str) -> Fields:
    """Copy lists, which Desktop writes if they are empty as well."""

    def lists(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        return {key: service.get(key) or [] for key in keys}

    return lists


def named(label: str, key: str) -> Fields:
    """Tell somebody by name: under ``label``, where an import that knows no more has it as well."""

    def named(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        return {label: _name(names, service.get(key)) or service.get(label)}

    return named


def peer(label: str, key: str) -> Fields:
    """Tell somebody by id, as far as it is one."""

    def peer(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
        who = service.get(key)
        return {label: peers.peer(who)} if isinstance(who, int) else {}

    return peer


def ton(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell an amount of TON, which TL counts in billionths."""
    amount = service.get("crypto_amount")
    if not isinstance(amount, int):
        return same(amount_whole="amount_whole", amount_nano="amount_nano")(service, message, names)
    whole, nano = divmod(amount, _NANO)
    return {"amount_whole": whole, "amount_nano": nano}


def star_gift(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell what was given, and whether with a name."""
    is_anonymous = bool(service.get("is_anonymous") or service.get("name_hidden"))
    told = {key: service[key] for key in ("gift_id", "stars") if service.get(key) is not None}
    told |= {"is_limited": bool(service.get("is_limited")), "is_anonymous": is_anonymous}
    return {**told, "gift_text": service.get("text") or ""}


def tasks(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell what was added to a list, numbered from 1: which numbers it got there is not known."""
    return {"items": [{"text": text, "id": number} for number, text in enumerate(service.get("items") or [], 1)]}


def suggested(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell what became of a post that somebody suggested."""
    if service.get("rejected"):
        comment = service.get("reject_comment") or service.get("comment")
        return {"rejected": True, "comment": comment} if comment else {"rejected": True}
    date = service.get("schedule_date") or service.get("scheduled_date")
    price = {key: service[key] for key in _PRICE if service.get(key) is not None}
    return {**price, "scheduled_date": date} if date else price


def refunded(service: records.Json, message: records.Message, names: peers.Names) -> records.Json:
    """Tell whose wish it was that a suggested post was paid back."""
    return {"user_initiated": bool(service.get("payer_initiated") or service.get("user_initiated"))}


def _name(names: peers.Names, who: object) -> str | None:
    return peers.name(names, who) if isinstance(who, int) else None
