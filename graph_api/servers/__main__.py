"""`python -m graph_api.servers`: fetch what the embedded servers need, and start nothing."""

from __future__ import annotations

import sys

from graph_api.servers import JarDownloadFailed, Progress, prepare
from graph_api.settings import Settings
from loaders.progress import shown


def main() -> None:
    settings = Settings()
    if settings.neo4j_uri is not None:
        print("Neo4j is given by the settings: nothing to fetch")
        return
    try:
        with shown() as progress:
            tell: Progress = lambda message, done, total: progress(message, done, total)  # noqa: E731
            jars = prepare(settings, tell)
    except (JarDownloadFailed, OSError) as error:
        sys.exit(f"promograph: {error}")
    print(f"Neo4j's {len(jars)} jars are ready")


if __name__ == "__main__":
    main()
