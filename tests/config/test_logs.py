"""What may be written to the log: no secret, and one line a record."""

from __future__ import annotations

import io
import logging

import pytest

from config.logs import OneLine, RedactSecrets

TOKEN = "kQ3vTz81LmXb2WcR7sYpN5dHf0GjA9eU4oViBt6C"
OURS = "pcs_user_3kQ9LmX2bWc7KsT3kQ9LmX2bWc7KsT0123"


@pytest.fixture
def written():
    """A logger through our own filter and formatter, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactSecrets())
    handler.setFormatter(OneLine("{levelname} {name}: {message}", style="{"))
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (f"sent {TOKEN}", ()),
        ("sent %s to %s", (TOKEN, "fra1")),
        ("headers %s", ({"X-API-TOKEN": TOKEN, "Accept": "application/json"},)),
        ("headers %s", ({"Authorization": f"Bearer {TOKEN}"},)),
        ("send: %r", (f"GET / HTTP/1.1\r\nX-API-TOKEN: {TOKEN}\r\n\r\n".encode(),)),
        ("Authorization: Basic %s", ("c2FuZGJveDpzZWNyZXQ=",)),
        ("our own %s", (OURS,)),
    ],
)
def test_no_secret_is_written(written, message, arguments):
    logger, stream = written
    logger.debug(message, *arguments)
    said = stream.getvalue()
    assert "[redacted]" in said
    for secret in (TOKEN, OURS, "c2FuZGJveDpzZWNyZXQ="):
        assert secret not in said


def test_a_traceback_holds_none_either(written):
    logger, stream = written
    try:
        raise ValueError(f"refused: {TOKEN}")
    except ValueError:
        logger.exception("failed with %s", TOKEN)
    assert "ValueError: refused: [redacted]" in stream.getvalue()
    assert TOKEN not in stream.getvalue()


def test_other_words_stay(written):
    logger, stream = written
    logger.info("GET fra1.qualtrics.com /API/v3/surveys/SV_3kQ9LmX2bWc7KsT 200 17 ms request %s", "d3046225-ad6f-4c19")
    assert stream.getvalue() == (
        "INFO tests.logs: GET fra1.qualtrics.com /API/v3/surveys/SV_3kQ9LmX2bWc7KsT 200 17 ms request d3046225-ad6f-4c19\n"
    )


def test_a_line_break_forges_no_record(written):
    logger, stream = written
    logger.info("name %s", "x\r\nERROR tests.logs: all is lost")
    assert stream.getvalue().count("\n") == 1
