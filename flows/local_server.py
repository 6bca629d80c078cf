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
import threading
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
    "PREFECT_CLIENT_MAX_RETRIES": "3",  # a server that is gone before its script does not come back
}


class ServerFailed(Exception):
    """The server did not start; the message says where its log is."""


@dataclass(frozen=True)
class LocalServer:
    """A server that was started and may still be coming up."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def wait(self, seconds: float = FIRST_START_SECONDS) -> None:
        """Return when the server answers; raises ServerFailed where it died or takes too long."""
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
        raise ServerFailed(f"Prefect's local server did not start; {self.log} says why")

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
            [sys.executable, "-m", "flows.local_server", str(port)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PREFECT_SERVER_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1"},
            start_new_session=True,  # Ctrl-C is for the script, which then tells the server how it ended
        )
    os.environ["PREFECT_API_URL"] = url
    server = LocalServer(process, url, log)
    atexit.register(server.stop)
    return server


def serve_for_parent(port: int) -> None:
    """Be the server until told to stop, or until the script that started it is gone, killed perhaps."""
    import uvicorn

    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=port,
        log_level="warning",
    )


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def free_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


if __name__ == "__main__":
    serve_for_parent(int(sys.argv[1]))
