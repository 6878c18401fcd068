"""Staff accounts and sessions: each change is journalled, and none ever names a password."""

from __future__ import annotations

from collections.abc import Sequence

from cypher import staff
from cypher.staff import Account
from cypher.store import Store, Transaction
from graph_api.errors import Conflict, Invalid, NotFound
from graph_api.pii import Pii
from graph_api.rules.staff import LOCALES, name_error, roles_error


async def add(
    store: Store,
    pii: Pii,
    *,
    name: str,
    roles: Sequence[str],
    locale: str,
    password_hash: str | None,
    subject: str | None = None,
    actor: str,
    now: int,
) -> None:
    """Make an account. The hash is sealed: whoever may ask the graph anything still reads none."""
    for error in (name_error(name), roles_error(roles)):
        if error is not None:
            raise error
    if locale not in LOCALES:
        raise Invalid(f"a locale is {' or '.join(LOCALES)}", field=["locale"])

    async def work(transaction: Transaction) -> None:
        if await staff.account(transaction, name=name) is not None:
            raise Conflict(f"there is an account {name} already", field=["name"])
        sealed = pii.seal(password_hash) if password_hash is not None else None
        properties: dict[str, object] = {
            "roles": list(roles),
            "locale": locale,
            "password_sealed": sealed,
            "subject": subject,
            "version": 1,
            "made_by": actor,
        }
        await staff.put(transaction, name=name, at=now, properties=properties)
        transaction.journal("staff_added", at=now, actor=actor, name=name, roles=list(roles), by_provider=bool(subject))

    await store.write(work, now=now)


async def set_password(store: Store, pii: Pii, *, name: str, password_hash: str, actor: str, now: int) -> None:
    """Another password; whoever is signed in under the old one is no more."""
    properties: dict[str, object] = {"password_sealed": pii.seal(password_hash), "attempts": 0, "waits_until": None}
    await _revoke(store, name, properties, "staff_password_set", actor=actor, now=now)


async def disable(store: Store, *, name: str, actor: str, now: int) -> None:
    """End an account; its name stays taken, so the journal names one person by it for ever."""
    await _revoke(store, name, {"active": False, "password_sealed": None}, "staff_disabled", actor=actor, now=now)


async def set_roles(store: Store, *, name: str, roles: Sequence[str], actor: str, now: int) -> None:
    """Other roles, from the next request on; sessions in a role that is taken away end."""
    if (error := roles_error(roles)) is not None:
        raise error

    async def work(transaction: Transaction) -> None:
        account = await _account(transaction, name)
        if account.roles != list(roles):
            await staff.put(transaction, name=name, at=now, properties={"roles": list(roles)})
            transaction.journal(
                "staff_roles_set", at=now, actor=actor, name=name, roles=list(roles), before=account.roles
            )

    await store.write(work, now=now)


async def begin_session(
    store: Store, *, name: str, version: int, id: str, role: str | None, now: int, ends_at: int
) -> str | None:
    """Sign somebody in; the role taken, or None if the account was ended or its password changed meanwhile."""

    async def work(transaction: Transaction) -> str | None:
        began = await staff.begin_session(
            transaction, name=name, version=version, id=id, role=role, at=now, ends_at=ends_at
        )
        if began is None:
            return None
        transaction.journal("staff_signed_in", at=now, actor=f"{began.role}:{name}", name=name, role=began.role)
        return began.role

    await staff.sweep(store.unjournalled, at=now, name=None)
    return await store.write(work, now=now)


async def take_role(store: Store, *, id: str, new_id: str, name: str, role: str, now: int) -> bool:
    """Another of the account's roles for a session; whether it has it."""

    async def work(transaction: Transaction) -> bool:
        if await staff.change_session(transaction, id=id, new_id=new_id, role=role, at=now) is None:
            return False
        transaction.journal("staff_role_taken", at=now, actor=f"{role}:{name}", name=name, role=role)
        return True

    return await store.write(work, now=now)


async def end_session(store: Store, *, id: str, now: int) -> None:
    """Sign out; what is over already stays so."""

    async def work(transaction: Transaction) -> None:
        ended = await staff.end_session(transaction, id=id)
        if ended is not None:
            transaction.journal("staff_signed_out", at=now, actor=f"{ended.role}:{ended.name}", name=ended.name)

    await store.write(work, now=now)


async def note_refusals(store: Store, *, name: str, attempts: int, now: int) -> None:
    """Journal that an account has begun to wait, or waits longer: it is the trace that guessing leaves."""

    async def work(transaction: Transaction) -> None:
        transaction.journal("staff_sign_in_refused", at=now, actor="nobody", name=name, attempts=attempts)

    await store.write(work, now=now)


async def _revoke(store: Store, name: str, properties: dict[str, object], kind: str, *, actor: str, now: int) -> None:
    """Change an account so that no session of before is one any more."""

    async def work(transaction: Transaction) -> None:
        account = await _account(transaction, name)
        await staff.put(transaction, name=name, at=now, properties={**properties, "version": account.version + 1})
        await staff.sweep(transaction, at=now, name=name)
        transaction.journal(kind, at=now, actor=actor, name=name)

    await store.write(work, now=now)


async def _account(transaction: Transaction, name: str) -> Account:
    account = await staff.account(transaction, name=name)
    if account is None:
        raise NotFound(f"no account {name[:40]!r}", field=["name"])
    return account
