"""Log lines name nobody, whatever a message or an exception quotes."""

import io
import json
import logging
import re
import sys
from datetime import datetime
from typing import Literal

import pytest
from pydantic import BaseModel

from shared import context, logs
from shared.logs import Discreet, DiscreetJson
from shared.settings import ServiceSettings

NIK, NAME = "3376014107990012", "Siti Nur Aminah"


class Form(BaseModel):
    age: int


def logged(message: str, *arguments: object, error: BaseException | None = None) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    record = logging.LogRecord(
        "uji", logging.ERROR, __file__, 1, message, arguments, (type(error), error, None) if error else None
    )
    handler.handle(record)
    return stream.getvalue()


@pytest.mark.parametrize("written", [NIK, "3376.0141.0799.0012", "0812-3450-0987", "+62 812 3450 0987", "a@b.id"])
def test_numbers_and_addresses_of_people_are_taken_out(written: str) -> None:
    line = logged("row of %s refused, try %d", written, 3)
    assert written not in line
    assert "row of … refused, try 3" in line


def test_the_time_of_a_line_stays() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ERROR uji: a\n", logged("a"))


def quoting() -> list[BaseException]:
    errors: list[BaseException] = [KeyError(NAME), ValueError(f"invalid literal: {NAME}"), TypeError(NAME)]
    try:
        Form.model_validate({"age": NAME})
    except ValueError as invalid:
        errors.append(invalid)
    try:
        try:
            {}[NAME]  # type: ignore[index]
        except KeyError as cause:
            raise RuntimeError(f"after {NIK}") from cause
    except RuntimeError as error:
        errors.append(error)
    return [*errors, ExceptionGroup("several", [KeyError(NAME), OSError(NIK)])]


@pytest.mark.parametrize("error", quoting(), ids=lambda error: type(error).__name__)
def test_what_an_exception_quotes_is_withheld(error: BaseException) -> None:
    line = logged("import failed", error=error)
    assert NAME not in line and NIK not in line
    assert type(error).__qualname__ in line


def test_the_trace_tells_where_it_happened() -> None:
    error = next(one for one in quoting() if isinstance(one, RuntimeError))
    line = logged("import failed", error=error)
    assert "which led to:" in line and "in quoting" in line and "RuntimeError: after …" in line


def test_missing_settings_are_named_without_the_secrets_beside_them() -> None:
    with pytest.raises(ValueError, match="actor_public_keys") as missing:
        ServiceSettings(amqp_url="amqp://jalur:sandi-rahasia@host/", _secrets_dir=None)  # type: ignore[arg-type, call-arg]
    assert "sandi-rahasia" not in str(missing.value)


def logged_as_json(message: str, *arguments: object, error: BaseException | None = None) -> dict[str, str]:
    record = logging.LogRecord(
        "uji", logging.ERROR, __file__, 1, message, arguments, (type(error), error, None) if error else None
    )
    line = DiscreetJson("selection").format(record)
    assert "\n" not in line
    read: dict[str, str] = json.loads(line)
    return read


def test_a_line_is_one_json_object_that_names_the_request_it_was_written_for() -> None:
    token = context.correlation_id.set("formulir-17")
    read = logged_as_json("row of %s refused,\ntry %d", NIK, 3)
    context.correlation_id.reset(token)
    assert datetime.fromisoformat(read.pop("time")).tzinfo is not None
    assert read == {
        "level": "ERROR",
        "service": "selection",
        "logger": "uji",
        "message": "row of … refused,\ntry 3",
        "correlation": "formulir-17",
    }


@pytest.mark.parametrize("error", quoting(), ids=lambda error: type(error).__name__)
def test_an_exception_is_shown_in_json_without_the_values_it_quotes(error: BaseException) -> None:
    read = logged_as_json("something went wrong", error=error)
    assert NAME not in json.dumps(read, ensure_ascii=False) and type(error).__name__ in read["error"]


@pytest.mark.parametrize("form", ["json", "plain"])
def test_the_setting_decides_the_form(
    form: Literal["json", "plain"], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure("INFO", "selection", form)
        logging.getLogger("uji").info("a line")
    finally:
        root.handlers[:], root.level = before, level
    assert capsys.readouterr().err.startswith("{") is (form == "json")
