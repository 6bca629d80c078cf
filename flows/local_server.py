"""A Prefect server that lives as long as one script: no server, account or set-up is needed.

Prefect's own temporary server writes tracebacks to the console when it is stopped and gives up on its first
start before its database is made. This one logs to a file and is waited for. Nothing of the user's
Prefect is touched: its home is `.prefect/` in this folder, unless PREFECT_HOME names another.

Prefect reads its settings when it is imported, so this module imports nothing of Prefect's.
"""

import atexit
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST_START_SECONDS = 300.0  # 40 s on a quiet machine, for the database is made then
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "onecohort",
}


@dataclass(frozen=True)
class LocalServer:
    """A server that was started and may still be coming up."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def wait(self, seconds: float = FIRST_START_SECONDS) -> None:
        """Return when the server answers; raises RuntimeError where it died or takes too long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                    return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"Prefect's local server did not start; {self.log} says why")

    def stop(self) -> None:
        """End the server."""
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_unless_configured() -> LocalServer | None:
    """Start a server and point Prefect to it; None where PREFECT_API_URL names a standing one.

    It must be called before Prefect is imported.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    home = Path(os.environ.setdefault("PREFECT_HOME", str(ROOT / ".prefect")))
    if os.environ.get("PREFECT_API_URL"):
        return None
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = home / "local-server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "--factory"),
                "prefect.server.api.server:create_app",
                *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PREFECT_SERVER_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1"},
        )
    os.environ["PREFECT_API_URL"] = url
    server = LocalServer(process, url, log)
    atexit.register(server.stop)
    return server


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
