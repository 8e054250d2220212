"""Where things are, and programs that are run to their end."""
import os
import pathlib
import shutil
import subprocess

from .failure import Failure, shorten

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Another build, such as .build/release.
PRODUCTS = pathlib.Path(os.environ.get("PINTLE_PRODUCTS", ROOT / ".build" / "debug")).resolve()
PINTLE = PRODUCTS / "pintle"
IMAGES = ROOT / ".build" / "images"
EXAMPLES = ROOT / "Examples"
WORK = pathlib.Path(os.environ.get("PINTLE_E2E_DIR", ROOT / ".build" / "e2e")).resolve()
OLD_KUBECTL = ROOT / ".build" / "tools" / "kubectl-1.20"


def kubectls():
    """Every kubectl of this machine by a short name: Debian's 1.20, and its own if it has one."""
    found = {}
    own = shutil.which("kubectl")
    if own:
        found["kubectl"] = own
    if OLD_KUBECTL.exists():
        found["kubectl-1.20"] = str(OLD_KUBECTL)
    return found


class Result:
    """How a program ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __str__(self):
        return f"code {self.code}, stdout {shorten(self.out)!r}, stderr {shorten(self.err)!r}"


def execute(*command, input=None, check=True, timeout=60, env=None, cwd=None):
    """Runs a program. `check` makes another exit code than 0 a failure."""
    command = [str(part) for part in command]
    given = input.encode() if isinstance(input, str) else input
    try:
        done = subprocess.run(
            command, input=given, stdin=subprocess.DEVNULL if given is None else None, capture_output=True,
            timeout=timeout, env={**os.environ, **(env or {})}, cwd=cwd)
    except subprocess.TimeoutExpired as late:
        raise Failure(
            f"expected `{shorten(' '.join(command), 300)}` to end within {timeout} s; its output so far: "
            f"{shorten((late.stdout or b'').decode(errors='replace'))} {shorten((late.stderr or b'').decode(errors='replace'))}")
    result = Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    if check and result.code != 0:
        raise Failure(f"expected `{shorten(' '.join(command), 300)}` to succeed; found {result}")
    return result
