"""Messages of every kind, drawn at random, as a crawler or an import leaves them in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from heliograph.domain import identity, records
from heliograph.exchange import model

START = datetime(2018, 6, 1, tzinfo=UTC)
OWNER = 777_000_111
TARGETS = {
    "channel": (identity.channel_space(1_500_000_001), identity.channel_peer(1_500_000_001)),
    "supergroup": (identity.channel_space(1_500_000_002), identity.channel_peer(1_500_000_002)),
    "forum": (identity.channel_space(1_500_000_003), identity.channel_peer(1_500_000_003)),
    "group": (identity.mailbox_space(OWNER), identity.chat_peer(4_001)),
    "private": (identity.mailbox_space(OWNER), identity.user_peer(5_001)),
}


def target(kind: str) -> model.Target:
    """What messages of a chat of this kind are normalised for."""
    space_id, chat_id = TARGETS[kind]
    owner = OWNER if space_id < 0 else None
    return model.Target(
        space_id=space_id,
        chat_id=chat_id,
        kind=kind,
        self_user_id=owner,
        timezone=ZoneInfo("UTC"),  # type: ignore[arg-type]
    )


ids = st.integers(1, 2**40)
small = st.integers(1, 2**31 - 1)
moments = st.integers(0, 250_000_000).map(lambda seconds: START + timedelta(seconds=seconds))
exact_moments = st.integers(0, 10**14).map(lambda micros: START + timedelta(microseconds=micros))
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=24) | st.sampled_from(
    [
        "",
        "plain",
        "line\nbreak",
        "👩‍👩‍👧 family",
        "مرحبا",
        "a\u2028b\x07",
        '<b>"quoted"\\',
        "(File not included. Well.)",
        "=1+1",
    ]
)
some_words = words.filter(bool)
peers = st.one_of(
    ids.map(identity.user_peer), st.integers(1, 2**30).map(identity.chat_peer), ids.map(identity.channel_peer)
)
PLAIN = ["mention", "hashtag", "bot_command", "url", "email", "bold", "italic", "code", "phone", "cashtag", "underline"]
PLAIN += ["strike", "blockquote", "bank_card", "spoiler", "unknown"]
ARGUMENTS = {"text_url": words, "mention_name": ids, "pre": words, "custom_emoji": ids, "formatted_date": small}


@st.composite
def entities(draw: st.DrawFn, text: str) -> list[records.Entity] | None:
    """Entities somewhere in a text; they overlap, and some reach beyond its end, as files may claim."""
    size = len(text.encode("utf-16-le")) // 2
    found = []
    for kind in draw(st.lists(st.sampled_from([*PLAIN, *ARGUMENTS]), max_size=4)):
        entity: records.Entity = [kind, draw(st.integers(0, size)), draw(st.integers(0, size + 1))]
        found.append([*entity, draw(ARGUMENTS[kind])] if kind in ARGUMENTS else entity)
    return found or None


def _some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


files = _some(
    id=ids, mime_type=st.sampled_from(["image/jpeg", "video/mp4", "audio/ogg", "application/pdf"]), size=small,
    file_name=some_words, duration=st.integers(0, 9000) | st.floats(0.5, 100), width=small, height=small,
    title=some_words, performer=some_words, emoji=some_words, is_spoiler=st.just(True), ttl_seconds=small,
)  # fmt: skip
places = _some(latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))
OTHERS = {
    "photo": _some(id=ids, width=small, height=small, is_spoiler=st.just(True), ttl_seconds=small),
    "web_page": _some(url=words, title=words, description=words, site_name=words),
    "poll": st.fixed_dictionaries({
        "id": ids, "question": words, "options": st.lists(words, max_size=4), "is_quiz": st.booleans(),
        "is_multiple": st.booleans(), "is_closed": st.booleans(),
    }),
    "contact": st.fixed_dictionaries({"first_name": words, "last_name": words, "user_id": ids}),
    "geo": places,
    "geo_live": places,
    "venue": st.builds(lambda place, rest: place | rest, places, _some(title=words, address=words)),
    "dice": st.fixed_dictionaries({"emoji": words, "value": st.integers(0, 6)}),
    **dict.fromkeys(["game", "invoice"], st.fixed_dictionaries({"title": words})),
    "todo": st.fixed_dictionaries({"title": words}, optional={"items": st.lists(words, max_size=3)}),
}  # fmt: skip
FILES = ["video", "round_video", "animation", "audio", "voice", "document", "sticker"]


@st.composite
def media(draw: st.DrawFn) -> records.Json:
    """The descriptor of any kind of media."""
    kind = draw(st.sampled_from(records.MEDIA_KINDS))
    return {"kind": kind, **draw(files if kind in FILES else OTHERS.get(kind, st.just({})))}


SERVICES = [
    *("chat_create", "chat_edit_title", "chat_edit_photo", "chat_delete_photo", "chat_add_user", "chat_delete_user"),
    *("chat_joined_by_link", "chat_joined_by_request", "channel_create", "chat_migrate_to", "channel_migrate_from"),
    *("pin_message", "history_clear", "game_score", "payment_sent", "phone_call", "screenshot_taken", "custom_action"),
    *("bot_allowed", "secure_values_sent", "contact_sign_up", "geo_proximity_reached", "group_call", "topic_create"),
    *("invite_to_group_call", "set_messages_ttl", "group_call_scheduled", "set_chat_theme", "web_view_data_sent"),
    *("gift_premium", "topic_edit", "suggest_profile_photo", "requested_peer", "gift_code", "giveaway_launch"),
    *("giveaway_results", "set_chat_wall_paper", "boost_apply", "gift_stars", "an_action_of_next_year"),
    *("star_gift", "todo_append_tasks"),
]
services = st.builds(
    lambda kind, fields: {"type": kind, **fields},
    st.sampled_from(SERVICES),
    _some(
        title=words, text=words, user_id=ids, user_ids=st.lists(ids, min_size=1, max_size=3), inviter_id=ids,
        message_id=small, score=small, duration=small, total_amount=ids, currency=some_words, from_id=peers,
        to_id=peers, distance=small, period=small, emoticon=some_words, months=small, stars=small, boosts=small,
        attach_menu=st.just(True), same=st.just(True), recurring_used=st.just(True), slug=some_words,
        items=st.lists(words, min_size=1, max_size=2), schedule_date=small, icon_emoji_id=ids, unclaimed=st.just(True),
    ),
)  # fmt: skip
forwards = st.builds(
    lambda date, rest: {"date": date, **rest},
    small,
    _some(from_id=peers, from_name=words, message_id=small, author_signature=words, saved_from_id=peers),
)


@st.composite
def messages(draw: st.DrawFn, kind: str, message_id: int | None = None) -> records.Message:
    """A message of a chat of this kind."""
    space_id, chat_id = TARGETS[kind]
    text = draw(words)
    service = draw(st.none() | services)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "sender_id": peers, "author_signature": some_words, "reply_to_message_id": small, "reply_to_chat_id": peers,
        "reply_quote": words, "topic_id": small, "album_id": st.integers(-(2**63), 2**63 - 1), "forward": forwards,
        "edit_date": moments, "is_edit_hidden": st.booleans(), "is_outgoing": st.booleans(), "is_pinned": st.booleans(),
        "via_bot_id": ids, "ttl_seconds": small,
    }  # fmt: skip
    if service is None:
        optional |= {"media": media(), "entities": entities(text)}
    elif service["type"] in ("chat_edit_photo", "suggest_profile_photo"):
        optional |= {"media": OTHERS["photo"].map(lambda found: {"kind": "photo", **found})}
    return records.Message(
        space_id=space_id,
        message_id=draw(small) if message_id is None else message_id,
        chat_id=chat_id,
        date=draw(moments),
        as_of=records.IMPORTED_AS_OF,
        text=text if service is None else "",
        service=service,
        **draw(_some(**optional)),
    )


def observations(message: records.Message) -> st.SearchStrategy[records.Observation]:
    """Counters of a message."""
    count = st.none() | small
    reaction = st.one_of(
        st.fixed_dictionaries({"emoji": some_words, "count": small}),
        st.fixed_dictionaries({"custom_emoji_id": st.none() | ids, "count": small}),
        st.fixed_dictionaries({"is_paid": st.just(True), "count": small}),
    )
    votes = st.dictionaries(st.sampled_from(["00", "01", "30", "31", "ff"]), small, max_size=3)
    return st.builds(
        records.Observation,
        space_id=st.just(message.space_id),
        message_id=st.just(message.message_id),
        observed_at=exact_moments,
        views=count,
        forwards=count,
        replies=count,
        reactions=st.none() | st.lists(reaction, max_size=3),
        poll=st.none() | st.fixed_dictionaries({"total": small, "votes": votes}),
    )


revisions = st.builds(
    model.Revision, text=words, entities=st.none(), media=st.none() | media(), edit_date=st.none() | moments,
    until_date=st.none() | moments,
)  # fmt: skip


@st.composite
def imported(draw: st.DrawFn, kind: str) -> model.Imported:
    """A message with all that may be kept beside it."""
    message = draw(messages(kind))
    return model.Imported(
        message=message,
        observation=draw(st.none() | observations(message)),
        deleted_at=draw(st.none() | exact_moments),
        text_date=draw(st.none() | moments | st.just(message.edit_date)),
        revisions=draw(st.lists(revisions, max_size=2)),
        names=draw(st.dictionaries(peers, some_words, max_size=2)),
    )
