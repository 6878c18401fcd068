"""The command line: one way to settings, servers and store for every command, and messages instead of tracebacks."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cypher.store import StoreTimeout, StoreUnavailable
from graph_api import auth, trusted
from graph_api.actions.recompute import Recount
from graph_api.actions.recompute import recompute as recompute_store
from graph_api.batched.drift import CacheAway, CacheDrift, cache_drift
from graph_api.doctor import findings as findings_of
from graph_api.doctor import has_promoters
from graph_api.errors import DomainError, ManyErrors
from graph_api.listening import CannotListen, listen, terminable
from graph_api.money_commands import app as money_app
from graph_api.opening import Opened
from graph_api.providers.choice import ProviderNotConfigured
from graph_api.risk_commands import app as risk_app
from graph_api.servers import (
    AdminToolFailed,
    DataDirInUse,
    JarDownloadFailed,
    ServerDidNotStart,
)
from graph_api.settings import Settings
from graph_api.staff_commands import app as staff_app
from graph_api.terminal import (
    DataDir,
    NotAnswered,
    err,
    fail,
    now,
    on_servers,
    pii_of,
    secret_of,
    settings_of,
    starting,
    stopped,
    with_store,
)
from graph_api.viewer import Role
from loaders.progress import shown
from loaders.report import Report
from loaders.sources import SourceError, sources

KNOWN_ERRORS = (
    ProviderNotConfigured,
    AdminToolFailed,
    CannotListen,
    DataDirInUse,
    DomainError,
    JarDownloadFailed,
    ManyErrors,
    NotAnswered,
    OSError,
    ServerDidNotStart,
    SourceError,
    StoreTimeout,
    StoreUnavailable,
    ValueError,
    auth.WeakSecret,
)

app = typer.Typer(
    name="promograph",
    help="A promoter network service: who referred whom in Neo4j, served through GraphQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(money_app)
app.add_typer(risk_app)
app.add_typer(staff_app, name="staff")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")]


def main() -> None:
    """Run a command; whatever goes wrong is told in a sentence, with exit status 1."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except ValidationError as error:
        fail("; ".join(f"PROMOGRAPH_{str(wrong['loc'][0]).upper()}: {wrong['msg']}" for wrong in error.errors()))
    except KNOWN_ERRORS as error:
        fail(str(error) or type(error).__name__)
    except Exception as error:
        fail(f"unexpected: {type(error).__name__}: {error}")


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
    empty: Annotated[bool, typer.Option("--empty", help="Start without demonstration data; deletes nothing.")] = False,
    no_jobs: Annotated[bool, typer.Option("--no-jobs", help="Leave the scheduler off; only calls move time.")] = False,
) -> None:
    """Serve the API until Ctrl-C or SIGTERM, which also stop every server that was started for it."""
    from graph_api.serving import run  # HTTP takes long to import, and most commands do without

    settings = settings_of(data_dir)
    secret_of(settings)
    bound, address = listen(host, port)
    with bound, terminable():
        try:
            with starting(settings) as servers:
                err.print(servers.describe(), markup=False)
                filled = asyncio.run(on_servers(settings, servers, has_promoters))

                def ready() -> None:
                    print(f"promograph answers at {address.url}", flush=True)
                    print(f"GraphQL: {address.url}/graphql", flush=True)
                    if not filled and not empty:
                        err.print(
                            "The store is empty. Load files with `promograph import DIR`, or see `promograph demo`."
                        )

                run(settings, servers, bound=bound, workers=workers, runs_jobs=not no_jobs, on_ready=ready)
        except KeyboardInterrupt:
            err.print("stopped")


@app.command()
def token(
    role: Annotated[Role, typer.Option(case_sensitive=False, help="Whose rights it carries.")],
    promoter: Annotated[str | None, typer.Option(help="The promoter that a PROMOTER token stands for.")] = None,
    ttl: Annotated[int, typer.Option(min=1, max=auth.TTL_SECONDS_MAX, help="Seconds it is valid.")] = auth.TTL_SECONDS,
    data_dir: DataDir = None,
) -> None:
    """Print a signed token."""
    settings = settings_of(data_dir)
    if (role is Role.PROMOTER) != (promoter is not None):
        fail("--role PROMOTER needs --promoter CODE, and no other role takes it")
    print(auth.issue(secret_of(settings), role, promoter_code=promoter, ttl_seconds=ttl))


@app.command("import")
def import_(
    directory: Annotated[
        Path, typer.Argument(help="Holds promoters, products, orders, identifiers as CSV or Parquet.")
    ],
    rejected: Annotated[Path | None, typer.Option(help="Where rows go that could not be loaded.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Bulk-build an empty store.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Load files. Exit status 0: all loaded; 3: with rejected or quarantined rows; 1: stopped, run it again to go on."""
    settings = settings_of(data_dir)
    sources(directory)  # what cannot be loaded is told before any server is started for it
    report = (imported_offline if offline else imported)(settings, directory, rejected)
    for subject, counts in report.counts.items():
        err.print(
            f"{subject}: {counts.loaded:,} loaded, {counts.unchanged:,} unchanged,"
            f" {counts.rejected:,} rejected, {counts.quarantined:,} quarantined",
            markup=False,
        )
    print(report.json())
    raise typer.Exit(report.exit_status)


def imported(settings: Settings, directory: Path, rejected: Path | None) -> Report:
    """Load into the store."""
    from loaders.load import load  # polars takes half a second to import, and most commands do without

    async def work(running: Opened) -> Report:
        with shown() as progress:
            stores = running.stores
            return await load(stores.store, stores.pii, directory, rejected=rejected, now=now(), progress=progress)

    return with_store(settings, work)


def imported_offline(settings: Settings, directory: Path, rejected: Path | None) -> Report:
    """Build the files of the embedded Neo4j while it is stopped."""
    from loaders.offline import StoreNotEmpty
    from loaders.offline import build as build_offline

    if settings.neo4j_uri is not None:
        fail("--offline builds the files of an embedded Neo4j; PROMOGRAPH_NEO4J_URI names another one")
    try:
        with shown() as progress, stopped(settings, progress) as neo4j:
            built = build_offline(neo4j, pii_of(settings), directory, now=now(), rejected=rejected, progress=progress)
            return asyncio.run(built)
    except StoreNotEmpty as error:
        fail(str(error))


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(help="Where the files go.")],
    data_dir: DataDir = None,
) -> None:
    """Write the same files that import reads; they hold raw names and phones."""
    from loaders.export import export as export_files

    async def work(running: Opened) -> dict[str, int]:
        with shown() as progress:
            return await export_files(running.store, running.stores.pii, directory, progress=progress)

    written = with_store(settings_of(data_dir), work)
    for subject, count in written.items():
        print(f"{subject}.csv: {count:,} rows")


@app.command()
def recompute(data_dir: DataDir = None) -> None:
    """Recount every stored and cached sum from the graph, print what drifted, repair it."""

    async def work(running: Opened) -> tuple[Recount, list[CacheDrift]]:
        with shown() as progress:
            found = await recompute_store(
                running.store,
                actor="recompute",
                now=now(),
                on_progress=lambda done: progress("recounting", done, 0),
            )
            await running.stores.cache.follow_once(running.store)
            try:
                cached = await cache_drift(running.store, running.stores.cache)
            except CacheAway as error:
                err.print(str(error))
                cached = []
        if cached:
            await running.stores.cache.drop(running.store)
        return found, cached

    found, cached = with_store(settings_of(data_dir), work)
    for line in found.drift:
        print(line)
    for drift in cached:
        print(f"cached {drift.field} of {drift.code or 'everybody'}: {drift.cached}, counted {drift.counted}")
    print(
        f"{found.promoters:,} promoters, {found.orders:,} orders in {found.seconds} s: {found.drift_count:,} drifted,"
        f" {found.repaired:,} repaired; {len(cached):,} cached values drifted"
    )


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check settings, servers, schema and sums, and say what to do."""
    settings = settings_of(data_dir)
    findings = with_store(settings, lambda running: findings_of(running, settings))
    for finding in findings:
        print(finding.line)
    if any(not finding.fine for finding in findings):
        raise typer.Exit(1)


@app.command("export-schema")
def export_schema() -> None:
    """Print the SDL."""
    from graph_api.app import SCHEMA  # the API takes as long to import as all the rest
    from graph_api.schema import build

    print(build.sdl(SCHEMA), end="")


@app.command("export-documents")
def export_documents(
    promoters: Annotated[bool, typer.Option("--promoters", help="Leave out what only staff may ask for.")] = False,
) -> None:
    """Print the trusted documents as a manifest, JSON of id and text, for clients that ask by documentId."""
    settings = settings_of(None)
    policy = settings.documents
    known = {} if promoters else trusted.staff_documents(policy)
    known |= trusted.documents(policy, settings.documents_dir)
    print(json.dumps(known, ensure_ascii=False, indent=1))


@app.command()
def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: DataDir = None,
    promoters: Annotated[int, typer.Option(min=100, help="Size of the generated network.")] = 5000,
    exit: Annotated[bool, typer.Option("--exit", help="Stop when its past is made too, as for a check.")] = False,
) -> None:
    """Serve with a generated network, loaded if the store is empty; prints addresses, tokens and queries to try."""
    from graph_api.demonstration import demonstrate

    began = time.monotonic()
    settings = settings_of(data_dir)
    secret_of(settings)
    bound, address = listen(host, port)
    with bound, terminable():
        try:
            with starting(settings) as servers:
                demonstrate(settings, servers, bound, address, promoters=promoters, began=began, stop=exit)
        except KeyboardInterrupt:
            err.print("stopped")
