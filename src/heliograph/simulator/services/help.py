"""help.*: the configuration that clients read before anything else."""

from __future__ import annotations

from telethon.tl import functions, types

from heliograph.simulator import rpc

CONFIG_SECONDS = 3600
COUNTRIES = (
    ("DE", "Germany", "49"),
    ("ES", "Spain", "34"),
    ("FI", "Finland", "358"),
    ("GB", "United Kingdom", "44"),
    ("US", "USA", "1"),
)

router = rpc.Router()


@router.on(functions.help.GetConfigRequest)
async def get_config(ctx: rpc.Context, request: functions.help.GetConfigRequest) -> object:
    """Name the data centres: all of them are this server, at the address that the client dialled."""
    now = int(ctx.server.now())
    return types.Config(
        date=now,
        expires=now + CONFIG_SECONDS,
        test_mode=False,
        this_dc=ctx.server.dc_id,
        dc_options=_data_centres(ctx),
        dc_txt_domain_name="localhost",
        chat_size_max=200,
        megagroup_size_max=200_000,
        forwarded_count_max=100,
        online_update_period_ms=210_000,
        offline_blur_timeout_ms=5_000,
        offline_idle_timeout_ms=30_000,
        online_cloud_timeout_ms=300_000,
        notify_cloud_delay_ms=30_000,
        notify_default_delay_ms=1_500,
        push_chat_period_ms=60_000,
        push_chat_limit=2,
        edit_time_limit=172_800,
        revoke_time_limit=2_147_483_647,
        revoke_pm_time_limit=2_147_483_647,
        rating_e_decay=2_419_200,
        stickers_recent_limit=200,
        channels_read_media_period=604_800,
        call_receive_timeout_ms=20_000,
        call_ring_timeout_ms=90_000,
        call_connect_timeout_ms=30_000,
        call_packet_timeout_ms=10_000,
        me_url_prefix="https://t.me/",
        caption_length_max=1_024,
        message_length_max=4_096,
        webfile_dc_id=ctx.server.dc_id,
        preload_featured_stickers=False,
        revoke_pm_inbox=True,
        suggested_lang_code="en",
        lang_pack_version=1,
        base_lang_pack_version=1,
        reactions_default=types.ReactionEmoji("👍"),
    )


@router.on(functions.help.GetNearestDcRequest)
async def get_nearest_dc(ctx: rpc.Context, request: functions.help.GetNearestDcRequest) -> object:
    """Name this data centre."""
    return types.NearestDc(country="FI", this_dc=ctx.server.dc_id, nearest_dc=ctx.server.dc_id)


@router.on(functions.help.GetAppConfigRequest)
async def get_app_config(ctx: rpc.Context, request: functions.help.GetAppConfigRequest) -> object:
    """Give the limits that clients read from here."""
    if request.hash == 1:
        return types.help.AppConfigNotModified()
    limits = {
        "channels_limit_default": 500,
        "channels_limit_premium": 1_000,
        "dialogs_pinned_limit_default": 5,
        "reactions_uniq_max": 11,
    }
    values = [types.JsonObjectValue(name, types.JsonNumber(value)) for name, value in limits.items()]
    return types.help.AppConfig(hash=1, config=types.JsonObject(values))


@router.on(functions.help.GetCountriesListRequest)
async def get_countries_list(ctx: rpc.Context, request: functions.help.GetCountriesListRequest) -> object:
    """List some countries for sign-in screens."""
    if request.hash == 1:
        return types.help.CountriesListNotModified()
    countries = [
        types.help.Country(iso2=iso, default_name=name, country_codes=[types.help.CountryCode(country_code=code)])
        for iso, name, code in COUNTRIES
    ]
    return types.help.CountriesList(countries=countries, hash=1)


@router.on(functions.help.GetCdnConfigRequest)
async def get_cdn_config(ctx: rpc.Context, request: functions.help.GetCdnConfigRequest) -> object:
    """There is no CDN."""
    return types.CdnConfig(public_keys=[])


@router.on(functions.help.GetAppUpdateRequest)
async def get_app_update(ctx: rpc.Context, request: functions.help.GetAppUpdateRequest) -> object:
    """There is no newer client."""
    return types.help.NoAppUpdate()


@router.on(functions.help.GetTermsOfServiceUpdateRequest)
async def get_terms(ctx: rpc.Context, request: functions.help.GetTermsOfServiceUpdateRequest) -> object:
    """There are no terms to accept."""
    return types.help.TermsOfServiceUpdateEmpty(expires=int(ctx.server.now()) + CONFIG_SECONDS)


@router.on(functions.help.GetPromoDataRequest)
async def get_promo_data(ctx: rpc.Context, request: functions.help.GetPromoDataRequest) -> object:
    """There is nothing to promote."""
    return types.help.PromoDataEmpty(expires=int(ctx.server.now()) + CONFIG_SECONDS)


@router.on(functions.help.GetPeerColorsRequest, functions.help.GetPeerProfileColorsRequest)
async def get_peer_colors(ctx: rpc.Context, request: functions.help.GetPeerColorsRequest) -> object:
    """Peers have no colours of their own."""
    return types.help.PeerColors(hash=0, colors=[])


@router.on(functions.help.GetTimezonesListRequest)
async def get_timezones(ctx: rpc.Context, request: functions.help.GetTimezonesListRequest) -> object:
    """The only time zone here is UTC."""
    return types.help.TimezonesList(timezones=[types.Timezone(id="UTC", name="UTC", utc_offset=0)], hash=0)


@router.on(functions.help.GetInviteTextRequest)
async def get_invite_text(ctx: rpc.Context, request: functions.help.GetInviteTextRequest) -> object:
    """Return the text of an invitation."""
    return types.help.InviteText(message="Join me.")


@router.on(functions.help.GetDeepLinkInfoRequest)
async def get_deep_link_info(ctx: rpc.Context, request: functions.help.GetDeepLinkInfoRequest) -> object:
    """Deep links mean nothing special here."""
    return types.help.DeepLinkInfoEmpty()


@router.on(functions.help.AcceptTermsOfServiceRequest, functions.help.SaveAppLogRequest)
async def accept(ctx: rpc.Context, request: object) -> object:
    """Take note."""
    return True


def _data_centres(ctx: rpc.Context) -> list[types.DcOption]:
    connection = ctx.session.connection
    host, port = connection.local_address if connection else (ctx.server.host, ctx.server.port)
    return [
        types.DcOption(id=dc_id, ip_address=host, port=port, ipv6=":" in host, this_port_only=True)
        for dc_id in ctx.server.dc_ids
    ]
