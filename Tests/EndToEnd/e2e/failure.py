"""A case's complaint: what was done, what was expected, what was found."""


class Failure(Exception):
    """Ends a case. The text is for whoever reads the run's output."""


def expect(condition, expected, found=""):
    """Fails unless `condition` holds."""
    if not condition:
        raise Failure(f"expected {expected}" + (f"; found {shorten(found)}" if found != "" else ""))


def equal(found, expected, what):
    """Fails unless both are the same."""
    if found != expected:
        raise Failure(f"expected {what} to be {expected!r}; found {shorten(repr(found))}")


def contains(text, part, what):
    """Fails unless `part` occurs in `text`."""
    if part not in text:
        raise Failure(f"expected {what} to contain {part!r}; found {shorten(repr(text))}")


def shorten(text, limit=1500):
    text = str(text)
    return text if len(text) <= limit else f"{text[: limit // 2]} … {text[-limit // 2 :]}"
