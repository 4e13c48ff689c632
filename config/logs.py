"""What may be written to the log: one line a record, and no secret."""

import logging
import re

# Tokens of the survey vendor (40 letters and digits), our own API tokens, and header values that carry either.
_SECRETS = re.compile(
    r"(?i)(x-api-token|authorization)(['\"]?\s*[:=]\s*['\"]?)(?:bearer\s+|basic\s+)?[^\s'\",}]+"
    r"|\bpcs_[a-z]+_[0-9A-Za-z]{20,}"
    r"|\b(?=[A-Za-z0-9]{40}\b)(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{40}\b"
)


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    return _SECRETS.sub(lambda m: f"{m[1]}{m[2]}[redacted]" if m[1] else "[redacted]", text)


class RedactSecrets(logging.Filter):
    """Replaces secrets in the message before any handler writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        return True


class OneLine(logging.Formatter):
    """A line break inside a message cannot forge a record of its own; tracebacks keep theirs, without secrets."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)

    def formatException(self, ei) -> str:  # noqa: N802
        return redact(super().formatException(ei))
