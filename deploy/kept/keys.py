"""The keys and passwords of a deployment, kept apart from its data: together they tell everything about everybody."""

import hashlib
import hmac
import shutil
from pathlib import Path
from typing import Any

from deploy.kept.files import Unusable, private

_PERSON_KEY, _FIELD_KEYS = "jalur_person_key", "field_key"
_WITHOUT_ID = "local"  # what a field key is called that stands alone in its file


def copy(source: Path, target: Path) -> None:
    """Every file below `source`, for its owner alone. Raises Unusable when `target` exists and is not empty."""
    if target.exists() and any(target.iterdir()):
        raise Unusable(f"{target} is not empty; keys are never written over")
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    if not any(path.name == _PERSON_KEY for path in files):
        raise Unusable(f"{source} does not hold the keys of a deployment: there is no {_PERSON_KEY}")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)
    for path in files:
        copied = target / path.relative_to(source)
        for made in reversed(copied.relative_to(target).parents):
            (target / made).mkdir(mode=0o700, exist_ok=True)
        with private(copied) as file, path.open("rb") as original:
            shutil.copyfileobj(original, file)


def fingerprints(secrets: Path) -> dict[str, Any] | None:
    """By which the keys can be known again and not be guessed; None when they are not in this directory."""
    try:
        person_key, field_keys = (secrets / _PERSON_KEY).read_text(), (secrets / _FIELD_KEYS).read_text()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unusable(f"the keys in {secrets} cannot be read: {error.strerror}") from error
    each = (one.rpartition(":") for one in field_keys.strip().split(","))
    return {
        "person_key": _fingerprint(person_key),
        "field_keys": {id_ or _WITHOUT_ID: _fingerprint(secret) for id_, _, secret in each},
    }


def check(wanted: dict[str, Any] | None, secrets: Path) -> None:
    """Raises Unusable unless the directory holds the keys with which the data were written."""
    if wanted is None:
        return
    there = fingerprints(secrets)
    if there is None:
        raise Unusable(
            f"there are no keys in {secrets}: name the ones kept apart with --keys, "
            "or nobody's name can be read and nobody is recognised"
        )
    if there["person_key"] != wanted["person_key"]:
        raise Unusable(
            f"the person key in {secrets} is another: nobody would be recognised and all could register twice"
        )
    for id_, fingerprint in wanted["field_keys"].items():
        if there["field_keys"].get(id_) != fingerprint:
            raise Unusable(f"the field key {id_!r} is missing in {secrets}, or is another: names could not be read")


def _fingerprint(secret: str) -> str:
    return hmac.new(secret.strip().encode(), b"jalur backup", hashlib.sha256).hexdigest()[:16]
