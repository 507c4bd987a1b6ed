"""What may stand in a log line: nothing by which a person could be recognised, and no secret."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Literal

from shared import context, tracing
from shared.free_text import scrubbed

# what these say often quotes the value that was wrong: pydantic's ValidationError, KeyError, UnicodeDecodeError …
_QUOTING: Final = (ValueError, LookupError, TypeError, AttributeError)
_WITHHELD: Final = "(message withheld: it may quote what somebody entered)"


class Discreet(logging.Formatter):
    """Takes numbers and addresses of people out of messages, and shows exceptions without the values they quote."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = scrubbed(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return _told(ei[1])


class DiscreetJson(Discreet):
    """One JSON object a line: what a line says, and which request or event it was written for."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": scrubbed(record.getMessage()),
            "correlation": context.correlation_id.get(),
            "trace": tracing.trace_id(),
            "error": self.formatException(record.exc_info) if record.exc_info and record.exc_info[1] else None,
        }
        return json.dumps({name: value for name, value in said.items() if value is not None}, ensure_ascii=False)


def configure(level: str, service: str, form: Literal["json", "plain"]) -> None:
    """All log lines of this process, and what ends it, go to stderr in this form."""
    handler = logging.StreamHandler()
    plain = Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(DiscreetJson(service) if form == "json" else plain)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("aio_pika", "aiormq", "httpx", "opentelemetry", "pymongo"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    sys.excepthook = _log_the_end


def _log_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(__name__).critical("the process ends", exc_info=(kind, error, trace))


def _told(error: BaseException) -> str:
    """The stack trace, with the errors it came of before it and those it holds behind it."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    said = _WITHHELD if isinstance(error, _QUOTING) else scrubbed(str(error))
    lines = [
        *([_told(earlier), "which led to:"] if earlier is not None else []),
        "".join(traceback.format_tb(error.__traceback__)).rstrip(),
        f"{type(error).__module__}.{type(error).__qualname__}: {said}",
    ]
    if isinstance(error, BaseExceptionGroup):
        lines += [_told(one) for one in error.exceptions]
    return "\n".join(line for line in lines if line)
