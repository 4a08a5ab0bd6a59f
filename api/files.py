"""Files over HTTP: `PUT /files` streams one in, `GET /files/{id}` streams it out again."""

from __future__ import annotations

from email.message import Message
from urllib.parse import quote, unquote
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from api.authentication import Refused, authenticated
from api.service import Service
from domain.entry import Stamp, Visibility
from domain.refusals import InvalidInput, Refusal
from workflows.access import Principal, authorise
from workflows.desk import Command
from workflows.files import Files, Upload

MEDIA_TYPE = "application/octet-stream"


async def put_file(request: Request) -> Response:
    """Stores the body. Its name comes in Content-Disposition or `?name=`, the State it is for in
    `?addressee=`; `?visibility=` is internal unless said otherwise. Answers 201 with the id."""
    service: Service = request.app.state.service
    principal = await authenticated(request, service)
    addressee = request.query_params.get("addressee") or ""
    visibility = _visibility(request.query_params.get("visibility", "internal"))
    authorise(principal, "store-file", addressee)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > service.settings.file_bytes_max:
        raise Refused(413, f"A file may have {service.settings.file_bytes_max:,} bytes.")
    upload = await run_in_threadpool(service.files.upload)
    try:
        async for chunk in request.stream():
            await run_in_threadpool(upload.write, chunk)
    except ClientDisconnect:
        upload.drop()
        raise Refused(400, "The body ended too early.") from None
    except BaseException:
        upload.drop()
        raise
    media_type = request.headers.get("content-type", MEDIA_TYPE).split(";")[0].strip()
    body = await run_in_threadpool(
        _record, service, principal, upload, addressee, visibility, _name(request), media_type
    )
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
    state, name = await run_in_threadpool(service.files.find, principal, id)
    place = await run_in_threadpool(service.files.path, id)
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
    found = header.get_filename() or unquote(request.query_params.get("name", ""))
    return found.replace("\\", "/").rpartition("/")[2][:200] or "file"


def _visibility(word: str) -> Visibility:
    try:
        return Visibility(word)
    except ValueError:
        words = ", ".join(v.value for v in Visibility)
        raise InvalidInput(f"`visibility` is one of {words}.") from None
