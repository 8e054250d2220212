"""Waiting for something to become true."""
import time

from .failure import Failure, shorten


def wait(what, probe, timeout=30, pause=0.1):
    """Calls `probe` until it returns something true, and returns that.

    `probe` may raise Failure or OSError meanwhile; the last complaint is part of the message when time is up.
    """
    deadline = time.monotonic() + timeout
    complaint = ""
    while True:
        try:
            value = probe()
            if value:
                return value
            complaint = ""
        except (Failure, OSError) as error:
            complaint = str(error)
        if time.monotonic() > deadline:
            raise Failure(f"expected {what} within {timeout} s" + (f"; last: {shorten(complaint)}" if complaint else ""))
        time.sleep(pause)
