"""Write the jar lock anew: `python -m graph_api.servers.lock [VERSION]`, after raising NEO4J_VERSION.

jgo walks the POMs (30 s); the jars are then fetched once, compared with the SHA-1 the repository publishes
for each, and written down with their sha256. Review the difference before committing it.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import jgo

from graph_api.servers.jars import LOCK_PATH, NEO4J_VERSION, THREADS, LockedJar, repository_address
from graph_api.settings import Settings

HEADER = """\
# The jars of Neo4j {version} Community in class path order: sha256, bytes, path in a Maven repository.
# Written by `python -m graph_api.servers.lock`; do not edit.
"""


def resolved_paths(version: str, repository: str) -> list[str]:
    """Paths, below a Maven repository, of the server's jar and everything it needs at run time."""
    # `!` takes the POM as it stands; without it test jars come along.
    artifacts = jgo.resolve(f"org.neo4j:neo4j:{version}!", repositories={"central": repository})
    return [(artifact.component.path_prefix / artifact.filename).as_posix() for artifact in artifacts]


def locked(path: str, repository: str, session: httpx.Client) -> LockedJar:
    """Fetch one jar and take its sha256, refusing bytes that differ from the published SHA-1."""
    content = session.get(f"{repository}/{path}").raise_for_status().content
    published = session.get(f"{repository}/{path}.sha1").raise_for_status().text.split()[0]
    if hashlib.sha1(content).hexdigest() != published:  # noqa: S324
        raise SystemExit(f"{path}: not the bytes its repository publishes a SHA-1 of")
    return LockedJar(path=path, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


def text(jars: list[LockedJar], version: str) -> str:
    lines = [f"{jar.sha256} {jar.size_bytes} {jar.path}\n" for jar in jars]
    return HEADER.format(version=version) + "".join(lines)


def main(version: str = NEO4J_VERSION) -> None:
    repository = repository_address(Settings().maven_repository)
    paths = resolved_paths(version, repository)
    with httpx.Client(follow_redirects=True, timeout=60) as session, ThreadPoolExecutor(THREADS) as pool:
        jars = list(pool.map(lambda path: locked(path, repository, session), paths))
    place = LOCK_PATH.with_name(f"neo4j-{version}.lock")
    with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False, encoding="utf-8") as part:
        part.write(text(jars, version))
    Path(part.name).chmod(0o644)
    Path(part.name).replace(place)
    print(f"{place.name}: {len(jars)} jars, {sum(jar.size_bytes for jar in jars) / 1e6:.0f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:2])
