"""Keys: granted and revoked by events, kept only as digests."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID, uuid4

from domain import credential
from domain.addressees import addressee
from domain.credential import Credential, Holder
from domain.entry import Authority, AuthorityKind, Entry, Speaker, Stamp, Visibility
from domain.institution import coined, institution_id
from domain.institution import fold as fold_institution
from domain.refusals import InvalidInput, NotFound
from workflows.access import Principal, Role
from workflows.log import Log

KEY_PREFIX = "suivi_"


def digest(key: str) -> str:
    """The SHA-256 of a key, by which it is known."""
    return hashlib.sha256(key.encode()).hexdigest()


def operator(institution: str = "operator") -> Speaker:
    """Whoever holds the installation's own command line: the root of all other authority."""
    return Speaker(
        system="suivi",
        role="operator",
        institution=institution,
        on_behalf_of=institution,
        authority=Authority(kind=AuthorityKind.MANDATE, reference="holds the installation"),
    )


def create_key(
    log: Log,
    *,
    role: str,
    institution: str,
    actor: str | None,
    system: str | None,
    authority: Authority | None,
    addressees: tuple[str, ...] = (),
    represents: tuple[str, ...] = (),
    by: Speaker | None = None,
) -> tuple[UUID, str]:
    """Grants a key and returns its id and the key itself, which is shown this once."""
    try:
        known = Role(role)
    except ValueError:
        raise InvalidInput(
            f"There is no role “{role}”; roles are {', '.join(r.value for r in Role)}."
        ) from None
    if known is Role.FOCAL_POINT and not addressees:
        raise InvalidInput(
            f"A focal point works for one State's institution: say whose “{institution[:80]}” it "
            "is, with --addressee SVN."
        )
    for code in addressees:
        if addressee(code) is None:
            raise InvalidInput(f"“{code}” is no addressee; give an ISO 3166 code such as SVN.")
    for code in (institution, *represents):
        if not any(_has(log, state, code) for state in addressees):
            coined(code)
    id = uuid4()
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    if actor is None and system is None:
        actor = f"p-{id.hex[:8]}"
    command = f"grant-key:{id}"
    event = credential.grant(
        Stamp(command=command, speaker=by or operator(), visibility=Visibility.INTERNAL),
        digest(key),
        Holder(
            role=known.value,
            institution=institution,
            authority=authority or Authority(kind=AuthorityKind.MANDATE, reference=f"key {id}"),
            actor=actor,
            system=system,
            addressees=addressees,
            represents=represents,
        ),
    )
    log.append(command, id.bytes, [Entry(id, 1, "", event)])
    return id, key


def revoke_key(log: Log, id: UUID, by: Speaker | None = None) -> None:
    """Revokes a key at once and for good."""
    held = log.load(id, credential.fold)
    if held is None:
        raise NotFound(f"There is no key {id}; `suivi key list` shows them.")
    command = f"revoke-key:{id}"
    event = held.revoke(
        Stamp(command=command, speaker=by or operator(), visibility=Visibility.INTERNAL)
    )
    log.append(command, id.bytes, [Entry(id, held.version + 1, "", event)])


def principal_of(held: Credential) -> Principal:
    """Whom a credential speaks for."""
    holder = held.holder
    return Principal(
        key=held.id,
        role=Role(holder.role),
        institution=holder.institution,
        authority=holder.authority,
        actor=holder.actor,
        system=holder.system,
        addressees=holder.addressees,
        represents=holder.represents,
    )


def _has(log: Log, addressee: str, code: str) -> bool:
    """True if an addressee has an institution of just this code: older ones keep theirs."""
    return log.load(institution_id(addressee, code), fold_institution) is not None
