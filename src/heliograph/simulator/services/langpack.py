"""langpack.*: clients ask for translations while they start; there are none beyond their own."""

from __future__ import annotations

from telethon.tl import functions, types

from heliograph.simulator import rpc

VERSION = 1

router = rpc.Router()


@router.on(functions.langpack.GetLangPackRequest, functions.langpack.GetDifferenceRequest)
async def get_lang_pack(ctx: rpc.Context, request: functions.langpack.GetLangPackRequest) -> object:
    """Return a pack without strings."""
    since = getattr(request, "from_version", 0)
    return types.LangPackDifference(lang_code=request.lang_code, from_version=since, version=VERSION, strings=[])


@router.on(functions.langpack.GetStringsRequest)
async def get_strings(ctx: rpc.Context, request: functions.langpack.GetStringsRequest) -> object:
    """Return none of the strings."""
    return []


@router.on(functions.langpack.GetLanguagesRequest)
async def get_languages(ctx: rpc.Context, request: functions.langpack.GetLanguagesRequest) -> object:
    """List English."""
    return [_english()]


@router.on(functions.langpack.GetLanguageRequest)
async def get_language(ctx: rpc.Context, request: functions.langpack.GetLanguageRequest) -> object:
    """Describe English."""
    return _english()


def _english() -> types.LangPackLanguage:
    return types.LangPackLanguage(
        name="English",
        native_name="English",
        lang_code="en",
        plural_code="en",
        strings_count=0,
        translated_count=0,
        translations_url="",
        official=True,
    )
