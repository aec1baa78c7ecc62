"""auth.*: signing up, in and out."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from heliograph.simulator import logins, rpc
from heliograph.simulator.services import people, places
from heliograph.simulator.wire import binding
from heliograph.simulator.world import bots, tl_peers

router = rpc.Router()


@router.on(functions.auth.SendCodeRequest)
async def send_code(ctx: rpc.Context, request: functions.auth.SendCodeRequest) -> object:
    """Send the login code; the api_id and api_hash are checked here."""
    ctx.server.check_api(request.api_id, request.api_hash)
    return _sent(ctx, logins.phone_of(request.phone_number))


@router.on(functions.auth.ResendCodeRequest)
async def resend_code(ctx: rpc.Context, request: functions.auth.ResendCodeRequest) -> object:
    """Send another code in place of the last one."""
    return _sent(ctx, logins.phone_of(request.phone_number))


@router.on(functions.auth.CancelCodeRequest)
async def cancel_code(ctx: rpc.Context, request: functions.auth.CancelCodeRequest) -> object:
    """Make a code void."""
    ctx.server.logins.finish(request.phone_code_hash)
    return True


@router.on(functions.auth.SignInRequest)
async def sign_in(ctx: rpc.Context, request: functions.auth.SignInRequest) -> object:
    """Sign in by code; a new number must sign up, a protected account must check its password."""
    phone = logins.phone_of(request.phone_number)
    ctx.server.logins.confirm(phone, request.phone_code_hash, request.phone_code)
    user = ctx.world.user_by_phone(phone)
    if user is None:
        return types.auth.AuthorizationSignUpRequired()
    ctx.server.logins.finish(request.phone_code_hash)
    if ctx.server.logins.verifier(user) is not None:
        key = ctx.session.key
        key.password_user_id = user.id
        ctx.server.hub.keys.save(key)
        raise rpc.RpcError(401, "SESSION_PASSWORD_NEEDED")
    return _authorise(ctx, user)


@router.on(functions.auth.SignUpRequest)
async def sign_up(ctx: rpc.Context, request: functions.auth.SignUpRequest) -> object:
    """Make an account for a number whose code was right."""
    phone = logins.phone_of(request.phone_number)
    ctx.server.logins.require_confirmed(phone, request.phone_code_hash)
    if ctx.world.user_by_phone(phone) is not None:
        raise rpc.RpcError(400, "PHONE_NUMBER_OCCUPIED")
    if not request.first_name.strip():
        raise rpc.RpcError(400, "FIRSTNAME_INVALID")
    ctx.server.logins.finish(request.phone_code_hash)
    user = ctx.world.sign_up(phone, request.first_name.strip(), request.last_name.strip())
    return _authorise(ctx, user)


@router.on(functions.auth.CheckPasswordRequest)
async def check_password(ctx: rpc.Context, request: functions.auth.CheckPasswordRequest) -> object:
    """Finish a sign-in with the two-step password."""
    user = people.password_owner(ctx)
    ctx.server.logins.prove(user, request.password)
    return _authorise(ctx, user)


@router.on(functions.auth.LogOutRequest)
async def log_out(ctx: rpc.Context, request: functions.auth.LogOutRequest) -> object:
    """End this auth key's sign-in; the key itself stays usable."""
    _sign_out(ctx, ctx.session.key)
    return types.auth.LoggedOut()


@router.on(functions.auth.ResetAuthorizationsRequest)
async def reset_authorizations(ctx: rpc.Context, request: functions.auth.ResetAuthorizationsRequest) -> object:
    """Sign every other auth key of this user out."""
    for key in ctx.server.hub.keys.of_user(ctx.require_user()):
        if key is not ctx.session.key:
            _sign_out(ctx, key)
    return True


@router.on(functions.auth.ExportAuthorizationRequest)
async def export_authorization(ctx: rpc.Context, request: functions.auth.ExportAuthorizationRequest) -> object:
    """Hand out a token for a file connection's own auth key."""
    user_id = ctx.require_user()
    if request.dc_id not in ctx.server.dc_ids:
        raise rpc.RpcError(400, "DC_ID_INVALID")
    return types.auth.ExportedAuthorization(user_id, ctx.server.logins.export(user_id))


@router.on(functions.auth.ImportAuthorizationRequest)
async def import_authorization(ctx: rpc.Context, request: functions.auth.ImportAuthorizationRequest) -> object:
    """Sign a key in with an exported token."""
    user_id = ctx.server.logins.redeem(request.id, request.bytes)
    return _authorise(ctx, ctx.world.users[user_id], is_imported=True)


@router.on(functions.auth.ImportBotAuthorizationRequest)
async def import_bot_authorization(ctx: rpc.Context, request: functions.auth.ImportBotAuthorizationRequest) -> object:
    """Sign a bot in by its token; its chats are those that it is in."""
    ctx.server.check_api(request.api_id, request.api_hash)
    user = bots.by_token(ctx.world, request.bot_auth_token)
    if user is None:
        raise rpc.RpcError(400, "ACCESS_TOKEN_INVALID")
    if user.id not in ctx.world.accounts:
        ctx.world.run("start_bot", user_id=user.id)
    return _authorise(ctx, user)


@router.on(functions.auth.BindTempAuthKeyRequest)
async def bind_temporary_key(ctx: rpc.Context, request: functions.auth.BindTempAuthKeyRequest) -> object:
    """Let the asking temporary key stand for a permanent one, which the encrypted message proves to be known."""
    key, hub = ctx.session.key, ctx.server.hub
    permanent = hub.keys.get(binding.key_id(request.perm_auth_key_id))
    if key.expires_at is None or permanent is None or permanent.expires_at is not None:
        raise rpc.RpcError(400, "ENCRYPTED_MESSAGE_INVALID")
    expires_at = places.unix(request.expires_at)
    if expires_at <= hub.now():
        raise rpc.RpcError(400, "EXPIRES_AT_INVALID")
    wanted = binding.Binding(
        nonce=request.nonce,
        temporary=key.number,
        permanent=permanent.number,
        session_id=ctx.session.session_id,
        expires_at=expires_at,
        msg_id=ctx.msg_id,
    )
    if binding.opened(permanent.key, request.encrypted_message) != wanted:
        raise rpc.RpcError(400, "ENCRYPTED_MESSAGE_INVALID")
    hub.keys.bind(key, permanent, expires_at)
    return True


@router.on(functions.auth.DropTempAuthKeysRequest)
async def drop_temporary_keys(ctx: rpc.Context, request: functions.auth.DropTempAuthKeysRequest) -> object:
    """Forget the temporary keys of this sign-in but the named ones and the one that asks."""
    keys, own = ctx.server.hub.keys, ctx.session.key
    permanent = own if own.permanent is None else keys.get(bytes.fromhex(own.permanent))
    kept = {binding.key_id(number) for number in request.except_auth_keys} | {own.key_id}
    for key in keys.bound_to(permanent) if permanent is not None else ():
        if key.key_id not in kept:
            keys.remove(key)
    return True


def _sent(ctx: rpc.Context, phone: str) -> object:
    code_hash = ctx.server.logins.send(phone)
    kind = types.auth.SentCodeTypeApp(length=len(ctx.server.logins.code))
    return types.auth.SentCode(type=kind, phone_code_hash=code_hash, timeout=120)


def _authorise(ctx: rpc.Context, user: Any, *, is_imported: bool = False) -> object:
    ctx.server.hub.keys.sign_in(ctx.session.key, user.id, is_imported=is_imported)
    return types.auth.Authorization(user=tl_peers.user(ctx.world, user.id, user.id))


def _sign_out(ctx: rpc.Context, key: Any) -> None:
    ctx.server.hub.keys.end(key)
