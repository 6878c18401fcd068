"""Commands for staff accounts. A password is asked for at the terminal, or read as the first line of the input."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from cypher import staff as statements
from cypher.staff import Account
from graph_api.actions import staff
from graph_api.errors import NotFound
from graph_api.opening import Opened
from graph_api.passwords import Passwords
from graph_api.rules.calendar import local_text
from graph_api.rules.staff import ROLES, name_error, password_error
from graph_api.terminal import DataDir, now, settings_of, with_store

ACTOR = "staff"
PAGE = 200

StaffRole = StrEnum("StaffRole", {role: role for role in ROLES})  # type: ignore[misc]
Locale = StrEnum("Locale", {"zh": "zh", "en": "en"})

app = typer.Typer(no_args_is_help=True, help="Accounts of those who sign in to the console.")

Name = Annotated[str, typer.Argument(help="1-40 of a-z, 0-9 and, inside, . _ -")]
Roles = Annotated[
    list[StaffRole],
    typer.Option("--role", case_sensitive=False, help="Again for more; the first is taken at sign-in."),
]


@app.command()
def add(
    name: Name,
    role: Roles,
    locale: Annotated[Locale, typer.Option(help="Language of its pages.")] = Locale.zh,
    subject: Annotated[
        str | None,
        typer.Option(help="'ISSUER SUBJECT' of an identity provider: signs in there, and has no password here."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make an account."""
    error = name_error(name)
    if error is not None:
        raise error
    password = _password(name) if subject is None else None

    async def work(running: Opened) -> None:
        kept = await Passwords().hash(password) if password is not None else None
        stores, roles = running.stores, [each.value for each in role]
        await staff.add(
            stores.store,
            stores.pii,
            name=name,
            roles=roles,
            locale=locale.value,
            password_hash=kept,
            subject=subject,
            actor=ACTOR,
            now=now(),
        )

    with_store(settings_of(data_dir), work)
    print(f"{name} may sign in")


@app.command("list")
def list_accounts(data_dir: DataDir = None) -> None:
    """Print every account."""

    async def work(running: Opened) -> list[Account]:
        found: list[Account] = []
        page = await statements.accounts(running.store, after="", first=PAGE)
        while page:
            found += page
            page = await statements.accounts(running.store, after=found[-1].name, first=PAGE)
        return found

    for account in with_store(settings_of(data_dir), work):
        state = "active" if account.active else "disabled"
        last = local_text(account.signed_in_at) if account.signed_in_at is not None else "never signed in"
        print(f"{account.name}\t{state}\t{', '.join(account.roles)}\t{account.locale}\t{last}")


@app.command()
def password(name: Name, data_dir: DataDir = None) -> None:
    """Give an account another password: whoever is signed in is so no more, and nobody has to wait."""
    given = _password(name)

    async def work(running: Opened) -> None:
        stores = running.stores
        if await statements.account(stores.store, name=name) is None:
            raise NotFound(f"no account {name[:40]!r}")
        kept = await Passwords().hash(given)
        await staff.set_password(stores.store, stores.pii, name=name, password_hash=kept, actor=ACTOR, now=now())

    with_store(settings_of(data_dir), work)
    print(f"{name} has another password and is signed out everywhere")


@app.command()
def roles(name: Name, role: Roles, data_dir: DataDir = None) -> None:
    """Give an account these roles in place of those it has."""

    async def work(running: Opened) -> None:
        await staff.set_roles(running.store, name=name, roles=[each.value for each in role], actor=ACTOR, now=now())

    with_store(settings_of(data_dir), work)
    print(f"{name} has these roles from the next request on")


@app.command()
def disable(name: Name, data_dir: DataDir = None) -> None:
    """End an account: it is signed out everywhere and does not sign in again; its name stays taken."""

    async def work(running: Opened) -> None:
        await staff.disable(running.store, name=name, actor=ACTOR, now=now())

    with_store(settings_of(data_dir), work)
    print(f"{name} is disabled and signed out everywhere")


def _password(name: str) -> str:
    if sys.stdin.isatty():
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    error = password_error(given, name=name)
    if error is not None:
        raise error
    return given
