"""account.*: the two-step password, signed-in devices, and the settings that clients read when they sign in."""

from __future__ import annotations

import secrets

from telethon.tl import functions, types

from heliograph.simulator import rpc, srp
from heliograph.simulator.services import people

router = rpc.Router()


@router.on(functions.account.GetPasswordRequest)
async def get_password(ctx: rpc.Context, request: functions.account.GetPasswordRequest) -> object:
    """Return the two-step parameters and a challenge."""
    challenge = ctx.server.logins.ask(people.password_owner(ctx))
    return types.account.Password(
        new_algo=srp.fresh_algorithm(),
        new_secure_algo=types.SecurePasswordKdfAlgoUnknown(),
        secure_random=secrets.token_bytes(32),
        has_password=challenge is not None,
        current_algo=challenge and challenge.verifier.algorithm,
        srp_B=challenge and challenge.public.to_bytes(srp.SIZE, "big"),
        srp_id=challenge and challenge.srp_id,
        hint=challenge and challenge.verifier.hint,
    )


@router.on(functions.account.GetPasswordSettingsRequest)
async def get_password_settings(ctx: rpc.Context, request: functions.account.GetPasswordSettingsRequest) -> object:
    """Return what the password protects: nothing more than the sign-in."""
    ctx.require_user()
    ctx.server.logins.prove(people.password_owner(ctx), request.password)
    return types.account.PasswordSettings()


@router.on(functions.account.UpdatePasswordSettingsRequest)
async def update_password(ctx: rpc.Context, request: functions.account.UpdatePasswordSettingsRequest) -> object:
    """Set, change or remove the two-step password."""
    ctx.require_user()
    user = people.password_owner(ctx)
    if ctx.server.logins.verifier(user) is not None:
        ctx.server.logins.prove(user, request.password)
    new = request.new_settings
    verifier = _verifier(new) if new.new_password_hash else None
    # From now on only the client's verifier counts: the server never learns the password itself.
    ctx.world.set_password(user, None)
    ctx.server.logins.set_verifier(user, verifier)
    return True


@router.on(functions.account.GetAuthorizationsRequest)
async def get_authorizations(ctx: rpc.Context, request: functions.account.GetAuthorizationsRequest) -> object:
    """List the auth keys that this user is signed in with."""
    keys = ctx.server.hub.keys.of_user(ctx.require_user())
    found = [
        types.Authorization(
            hash=0 if key is ctx.session.key else key.number >> 1,
            current=key is ctx.session.key,
            device_model=key.device,
            platform="",
            system_version="",
            api_id=key.api_id or 0,
            app_name="",
            app_version="",
            date_created=int(key.created_at),
            date_active=int(ctx.server.now()),
            ip=key.address,
            country="",
            region="",
        )
        for key in keys
    ]
    return types.account.Authorizations(authorization_ttl_days=180, authorizations=found)


@router.on(functions.account.ResetAuthorizationRequest)
async def reset_authorization(ctx: rpc.Context, request: functions.account.ResetAuthorizationRequest) -> object:
    """Sign one other device out."""
    for key in ctx.server.hub.keys.of_user(ctx.require_user()):
        if key.number >> 1 == request.hash and key is not ctx.session.key:
            key.user_id = None
            ctx.server.hub.keys.save(key)
            return True
    raise rpc.RpcError(400, "HASH_INVALID")


@router.on(functions.account.InitTakeoutSessionRequest)
async def init_takeout(ctx: rpc.Context, request: functions.account.InitTakeoutSessionRequest) -> object:
    """Open a takeout; requests inside it are answered like any other."""
    ctx.require_user()
    return types.account.Takeout(id=secrets.randbits(62))


@router.on(functions.account.GetAccountTTLRequest)
async def get_account_ttl(ctx: rpc.Context, request: functions.account.GetAccountTTLRequest) -> object:
    """Accounts are kept for a year."""
    ctx.require_user()
    return types.AccountDaysTTL(days=365)


@router.on(functions.account.GetNotifySettingsRequest)
async def get_notify_settings(ctx: rpc.Context, request: functions.account.GetNotifySettingsRequest) -> object:
    """Nothing is muted."""
    ctx.require_user()
    return types.PeerNotifySettings()


@router.on(functions.account.GetNotifyExceptionsRequest)
async def get_notify_exceptions(ctx: rpc.Context, request: functions.account.GetNotifyExceptionsRequest) -> object:
    """No peer is an exception."""
    ctx.require_user()
    return types.Updates(updates=[], users=[], chats=[], date=int(ctx.server.now()), seq=0)


@router.on(functions.account.GetGlobalPrivacySettingsRequest)
async def get_global_privacy(ctx: rpc.Context, request: functions.account.GetGlobalPrivacySettingsRequest) -> object:
    """Return the defaults."""
    ctx.require_user()
    return types.GlobalPrivacySettings()


@router.on(functions.account.GetPrivacyRequest)
async def get_privacy(ctx: rpc.Context, request: functions.account.GetPrivacyRequest) -> object:
    """Everything is open to everybody."""
    ctx.require_user()
    return types.account.PrivacyRules(rules=[types.PrivacyValueAllowAll()], chats=[], users=[])


@router.on(functions.account.GetContentSettingsRequest)
async def get_content_settings(ctx: rpc.Context, request: functions.account.GetContentSettingsRequest) -> object:
    """Nothing is hidden."""
    ctx.require_user()
    return types.account.ContentSettings()


@router.on(functions.account.GetThemesRequest, functions.account.GetChatThemesRequest)
async def get_themes(ctx: rpc.Context, request: functions.account.GetThemesRequest) -> object:
    """There are no themes."""
    return types.account.Themes(hash=0, themes=[])


@router.on(functions.account.GetSavedRingtonesRequest)
async def get_saved_ringtones(ctx: rpc.Context, request: functions.account.GetSavedRingtonesRequest) -> object:
    """There are no ringtones."""
    return types.account.SavedRingtones(hash=0, ringtones=[])


@router.on(
    functions.account.GetDefaultEmojiStatusesRequest,
    functions.account.GetRecentEmojiStatusesRequest,
    functions.account.GetChannelDefaultEmojiStatusesRequest,
)
async def get_emoji_statuses(ctx: rpc.Context, request: object) -> object:
    """There are no emoji statuses."""
    return types.account.EmojiStatuses(hash=0, statuses=[])


@router.on(functions.account.GetWebAuthorizationsRequest)
async def get_web_authorizations(ctx: rpc.Context, request: object) -> object:
    """No website is signed in."""
    ctx.require_user()
    return types.account.WebAuthorizations(authorizations=[], users=[])


@router.on(
    functions.account.UpdateStatusRequest,
    functions.account.RegisterDeviceRequest,
    functions.account.UnregisterDeviceRequest,
    functions.account.UpdateDeviceLockedRequest,
    functions.account.UpdateNotifySettingsRequest,
    functions.account.FinishTakeoutSessionRequest,
    functions.account.SetAccountTTLRequest,
    functions.account.SetAuthorizationTTLRequest,
    functions.account.GetContactSignUpNotificationRequest,
)
async def acknowledge(ctx: rpc.Context, request: object) -> object:
    """Take note; nobody else in this world sees these."""
    ctx.require_user()
    return True


def _verifier(new: types.account.PasswordInputSettings) -> srp.Verifier:
    algorithm = new.new_algo
    if getattr(algorithm, "p", None) != srp.P_BYTES or algorithm.g != srp.G:
        raise rpc.RpcError(400, "NEW_SETTINGS_INVALID")
    value = int.from_bytes(new.new_password_hash, "big")
    return srp.Verifier(salt1=algorithm.salt1, salt2=algorithm.salt2, value=value, hint=new.hint)
