"""A Pintle node of its own: data directory, port, process."""
import os
import signal
import socket
import subprocess
import threading

from .api import API
from .failure import Failure, expect
from .leftovers import leftovers
from .places import IMAGES, PINTLE, WORK, execute
from .waiting import wait


class Node:
    """One `pintle up`. Its files are in .build/e2e/NAME; log.txt there has its output."""

    _ports = threading.Lock()
    _given = set()

    def __init__(self, name, options=(), data=None):
        self.name = name
        self.directory = WORK / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data = data or self.directory / "data"
        self.log = self.directory / "log.txt"
        self.port = self.free_port()
        self.options = list(options)
        self.process = None
        self.api = None

    @classmethod
    def free_port(cls):
        """A port of loopback that nobody listens on and that was not given out before."""
        with cls._ports:
            while True:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", 0))
                    port = probe.getsockname()[1]
                if port not in cls._given:
                    cls._given.add(port)
                    return port

    @property
    def kubeconfig(self):
        return self.data / "kubeconfig"

    @property
    def id(self):
        return (self.data / "instance-id").read_text().strip()

    def command(self):
        return [str(PINTLE), "up", "--data-dir", str(self.data), "--listen", f"127.0.0.1:{self.port}",
                "--node-name", self.name, "--log-format", "json", *self.options]

    def start(self, environment=None):
        """Starts the process and waits until it is ready."""
        expect(self.process is None, "no process of this node to run")
        self.launch(environment)
        wait(f"node {self.name} to be ready", self._is_ready, timeout=60, pause=0.05)
        return self

    def launch(self, environment=None):
        """Starts the process, which may have ended before it is ready."""
        output = open(self.log, "ab")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, "SWIFT_BACKTRACE": "enable=no", **(environment or {})})
        output.close()

    def _is_ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"node {self.name} ended with code {self.process.returncode}:\n{self.tail()}")
        if not self.kubeconfig.exists():
            return False
        self.api = API(self.kubeconfig, self.directory)
        status, _, _ = self.api.request("GET", "/readyz")
        return status == 200

    def tail(self, lines=40):
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def pintle(self, *arguments, **options):
        """Runs a subcommand that concerns this node."""
        command = list(arguments)
        split = 2 if command[0] == "image" else 1
        return execute(PINTLE, *command[:split], "--data-dir", self.data, *command[split:], **options)

    def load_images(self, *names):
        for name in names:
            self.pintle("image", "import", IMAGES / f"{name}.tar", timeout=120)

    def stop(self, how=signal.SIGTERM, timeout=30):
        """Ends the process and returns its exit code; pods stay."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.process = None
            raise Failure(f"expected `pintle up` to end within {timeout} s of {how.name}; it was killed\n{self.tail(15)}")
        self.process = None
        return code

    def restart(self, how=signal.SIGKILL):
        self.stop(how)
        return self.start()

    def down(self, timeout=120):
        """`pintle down --purge`, which ends a running process too, and the search for what is left."""
        identity = self.id if (self.data / "instance-id").exists() else None
        result = execute(PINTLE, "down", "--purge", "--data-dir", self.data, timeout=timeout, check=False)
        still_runs = False
        if self.process is not None:
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                still_runs = True
                self.process.kill()
                self.process.wait()
            self.process = None
        expect(result.code == 0, "`pintle down --purge` to succeed", result)
        expect(not still_runs, "`pintle up` to end when its node is taken down", f"it had to be killed\n{self.tail(15)}")
        expect(not self.data.exists(), f"{self.data} to be deleted")
        if identity:
            self.expect_nothing(identity)
        return result

    def expect_nothing(self, identity):
        """Fails when anything of the instance is still there. The kernel ends namespaces a little later."""
        rest = []

        def is_clean():
            rest[:] = leftovers(identity, self.data)
            return not rest

        try:
            wait("nothing to be left", is_clean, timeout=15, pause=0.3)
        except Failure:
            raise Failure(f"expected nothing of {identity} to be left; found {'; '.join(rest)}")
