"""Owns embedded servers until it is ended: `python -m tests.servers.owner DATA_DIR {both,valkey} [fork]`.

Prints one line of JSON with the pids once they answer.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from graph_api.servers import ValkeyServer, open_servers
from graph_api.servers.process import data_dir_lock
from tests.servers.conftest import small_settings


def tell(**pids: int | None) -> None:
    print(json.dumps(pids), flush=True)


def main(data_dir: Path, what: str, *, fork: bool) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests under nohup hands down that it is ignored
    if what == "both":
        with open_servers(small_settings(data_dir)) as servers:
            assert servers.neo4j_process
            assert servers.redis_process
            tell(neo4j=servers.neo4j_process.pid, valkey=servers.redis_process.pid)
            time.sleep(300)
    with data_dir_lock(data_dir) as lock:
        valkey = ValkeyServer(data_dir / "valkey", lock=lock)
        valkey.start()
        # A fork has copies of every descriptor: of the keeper's pipe and of the data dir's lock.
        child = os.fork() if fork else None
        if child != 0:
            tell(valkey=valkey.pid, keeper=psutil.Process(valkey.pid).ppid(), child=child)
        time.sleep(300)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], fork="fork" in sys.argv)
