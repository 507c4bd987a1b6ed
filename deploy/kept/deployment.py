"""Which servers, keys and names a backup is taken of, or restored to."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.kept.files import Unusable
from deploy.management import Management
from deploy.urls import beside, vhost_of


@dataclass(frozen=True)
class Deployment:
    """As the operator. Without `management_url` nothing is known of outside subscribers."""

    mongo_url: str
    amqp_url: str
    management_url: str | None
    prefix: str
    secrets: Path

    @classmethod
    def elsewhere(cls) -> Self | None:
        """As JALUR_{MONGO,AMQP,AMQP_MANAGEMENT}_URL say; None when neither server is named. Raises Unusable."""
        mongo, amqp = os.environ.get("JALUR_MONGO_URL"), os.environ.get("JALUR_AMQP_URL")
        if not mongo and not amqp:
            return None
        if not mongo or not amqp:
            raise Unusable("JALUR_MONGO_URL and JALUR_AMQP_URL belong together: set both, or neither for the local run")
        return cls(mongo, amqp, os.environ.get("JALUR_AMQP_MANAGEMENT_URL") or None, prefix(), secrets())

    @classmethod
    def running(cls) -> Self:
        """As the environment says, else the run of JALUR_HOME. Raises Unusable when there is none."""
        given = cls.elsewhere()
        if given is not None:
            return given
        try:
            known = json.loads((home() / "credentials.json").read_text())
            mongo, amqp = str(known["mongo_url"]), str(known["amqp_url"])
            management = known.get("amqp_management_url") or _management_beside(amqp)
        except (OSError, KeyError, ValueError):
            raise Unusable(
                f"there is no running Jalur in {home()}: start it with `make up`, or set JALUR_MONGO_URL, "
                "JALUR_AMQP_URL and JALUR_AMQP_MANAGEMENT_URL"
            ) from None
        return cls(mongo, amqp, management, prefix(), secrets())

    @property
    def management(self) -> Management | None:
        return Management(self.management_url, vhost_of(self.amqp_url)) if self.management_url else None


def home() -> Path:
    return Path(os.environ.get("JALUR_HOME") or ".local")


def secrets() -> Path:
    """Where the keys are: JALUR_SECRETS, by default in the home."""
    return Path(os.environ.get("JALUR_SECRETS") or home() / "secrets")


def prefix() -> str:
    return os.environ.get("JALUR_DB_PREFIX") or "jalur"


def _management_beside(amqp_url: str) -> str:
    ports = json.loads((home() / "run" / "ports.json").read_text())
    return beside(amqp_url, ports["amqp"], ports["management"])
