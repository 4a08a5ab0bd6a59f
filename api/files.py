"""Files over HTTP: `PUT /files` streams one in, `GET /files/{id}` streams it out again."""

from __future__ import annotations

from email.message import Message
from functools import partial
from urllib.parse import quote, unquote
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.authentication import Refused, authenticated
from api.lanes import in_lane
from api.quota import holder
from api.service import Service
from domain.entry import Stamp, Visibility
from domain.refusals import Busy, InvalidInput, LimitExceeded, Refusal, Unavailable
from workflows.access import Principal
from workflows.desk import Command
from workflows.files import Files, Upload
from workflows.visibility import bounds

MEDIA_TYPE = "application/octet-stream"


async def put_file(request: Request) -> Response:
    """Stores the body. Its name comes in Content-Disposition or `?name=`, the State it is for in
    `?addressee=`; `?visibility=` is internal unless said otherwise. Answers 201 with the id."""
    service: Service = request.app.state.service
    principal = await authenticated(request, service)
    addressee = request.query_params.get("addressee") or ""
    visibility = _visibility(request.query_params.get("visibility", bounds("store-file").usual))
    service.files.admit(principal, addressee)
    name = _name(request)
    media_type = request.headers.get("content-type", MEDIA_TYPE).split(";")[0].strip()
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > service.settings.file_bytes_max:
        raise LimitExceeded(f"A file may have {service.settings.file_bytes_max:,} bytes.")
    uploads, key = service.lanes.uploads, principal.key
    await in_lane(uploads, key, service.quota.look, request)
    with service.quota.room(holder(principal.speaker())) as room:
        room.take(int(declared) if declared.isdecimal() else 0)
        upload = await in_lane(uploads, key, service.files.upload, request)
        try:
            async for chunk in request.stream():
                room.take(upload.size + len(chunk))
                await in_lane(uploads, key, partial(upload.write, chunk), request)
        except ClientDisconnect:
            upload.drop()
            raise Refused(400, "The body ended too early.") from None
        except BaseException:
            upload.drop()
            raise
        said = addressee, visibility, name, media_type
        record = partial(_record, service, principal, upload, *said)
        try:
            body = await in_lane(service.lanes.mutations, key, record, request)
        except Busy:
            upload.drop()  # it was not begun
            raise
    return JSONResponse(body, 201, {"Location": f"/files/{upload.id}"})


def _record(
    service: Service,
    principal: Principal,
    upload: Upload,
    addressee: str,
    visibility: Visibility,
    name: str,
    media_type: str,
) -> dict[str, object]:
    command = f"put-file:{upload.id}"
    try:
        taken = service.files.record(
            principal,
            Command.of(command, principal, [name, media_type, upload.size]),
            upload,
            Stamp(command=command, speaker=principal.speaker(), visibility=visibility),
            addressee=addressee,
            name=name,
            media_type=media_type or MEDIA_TYPE,
        )
    except Unavailable:
        raise  # it may be recorded all the same, and then its bytes must be there
    except Refusal:
        upload.drop()
        raise
    service.wait_for(taken.appended.first)
    return {
        "id": str(upload.id),
        "name": name,
        "mediaType": media_type,
        "size": upload.size,
        "sha256": upload.digest,
        "logIndex": taken.appended.first,
    }


async def get_file(request: Request) -> Response:
    """A file, if it still is what was uploaded and this key may read it."""
    service: Service = request.app.state.service
    principal = await authenticated(request, service)
    try:
        id = UUID(request.path_params["id"])
    except ValueError:
        raise InvalidInput("That is no id of a file.") from None
    uploads, key = service.lanes.uploads, principal.key
    find = partial(service.files.find, principal, id)
    state, name = await in_lane(uploads, key, find, request)
    place = await in_lane(uploads, key, partial(service.files.path, id), request)
    return StreamingResponse(
        Files.chunks(place),
        media_type=state.media_type,
        headers={
            "Content-Length": str(state.size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            # Whatever somebody uploaded, it runs in nobody's browser.
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "no-store",
        },
    )


def _name(request: Request) -> str:
    header = Message()
    header["content-disposition"] = request.headers.get("content-disposition", "attachment")
    try:
        said = header.get_filename()
    except ValueError:  # it may name any codec, and some refuse what they are given
        raise InvalidInput(
            "The file's name can't be read: write `filename*=UTF-8''` and the name, encoded."
        ) from None
    found = said or unquote(request.query_params.get("name", ""))
    return found.replace("\\", "/").rpartition("/")[2][:200] or "file"


def _visibility(word: str) -> Visibility:
    try:
        return Visibility(word)
    except ValueError:
        words = ", ".join(v.value for v in Visibility)
        raise InvalidInput(f"`visibility` is one of {words}.") from None
