"""upload.*: file parts in and out, under Telegram's rules for offsets and sizes."""

from __future__ import annotations

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.world import model, tl_media

KB = 1024
BLOCK = 1024 * KB
"""A download request stays inside one block of this size."""
MAX_PART = 512 * KB
MAX_PARTS = 8000
_PHOTO_SIZE = 40_960

router = rpc.Router()


@router.on(functions.upload.SaveFilePartRequest)
async def save_file_part(ctx: rpc.Context, request: functions.upload.SaveFilePartRequest) -> object:
    """Keep a part of a small file."""
    return _save(ctx, request.file_id, request.file_part, request.bytes)


@router.on(functions.upload.SaveBigFilePartRequest)
async def save_big_file_part(ctx: rpc.Context, request: functions.upload.SaveBigFilePartRequest) -> object:
    """Keep a part of a big file."""
    return _save(ctx, request.file_id, request.file_part, request.bytes)


@router.on(functions.upload.GetFileRequest)
async def get_file(ctx: rpc.Context, request: functions.upload.GetFileRequest) -> object:
    """Return part of a file."""
    ctx.require_user()
    _check_range(request.offset, request.limit, is_precise=bool(request.precise))
    location = request.location
    if not isinstance(location, types.InputDocumentFileLocation | types.InputPhotoFileLocation):
        raise rpc.RpcError(400, "LOCATION_INVALID")
    if location.access_hash != tl_media.file_access_hash(location.id):
        raise rpc.RpcError(400, "FILE_ID_INVALID")
    spec = ctx.world.media_spec(location.id)
    if spec is None:
        raise rpc.RpcError(400, "LOCATION_INVALID")
    ctx.server.faults.before_part(ctx.world, location.id)
    if location.file_reference != tl_media.file_reference(spec):
        raise rpc.RpcError(400, "FILE_REFERENCE_EXPIRED")
    size = _size(spec, location)
    data = ctx.world.files.read(location.id, request.offset, request.limit, size)
    return types.upload.File(type=types.storage.FileUnknown(), mtime=int(ctx.server.now()), bytes=data)


def _save(ctx: rpc.Context, file_id: int, part: int, data: bytes) -> bool:
    user_id = ctx.require_user()
    if not 0 <= part < MAX_PARTS:
        raise rpc.RpcError(400, "FILE_PART_INVALID")
    if not data:
        raise rpc.RpcError(400, "FILE_PART_EMPTY")
    if len(data) > MAX_PART:
        raise rpc.RpcError(400, "FILE_PART_TOO_BIG")
    ctx.world.files.save_part(user_id, file_id, part, data)
    return True


def _check_range(offset: int, limit: int, *, is_precise: bool) -> None:
    step = KB if is_precise else 4 * KB
    if offset < 0 or offset % step:
        raise rpc.RpcError(400, "OFFSET_INVALID")
    if limit <= 0 or limit > BLOCK or limit % step or (not is_precise and BLOCK % limit):
        raise rpc.RpcError(400, "LIMIT_INVALID")
    if offset // BLOCK != (offset + limit - 1) // BLOCK:
        raise rpc.RpcError(400, "LIMIT_INVALID")


def _size(spec: model.Json, location: object) -> int:
    full = int(spec.get("size") or spec.get("_size") or _PHOTO_SIZE)
    is_thumb = isinstance(location, types.InputPhotoFileLocation) and location.thumb_size == "m"
    return full // 8 if is_thumb else full
