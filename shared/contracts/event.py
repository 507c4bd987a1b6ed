"""What every published event has in common: its name, version, routing key and CloudEvents type."""

import re
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Contract(BaseModel):
    """A value inside an event. Unknown fields are ignored, so that publishers may add optional ones."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Event(Contract):
    """The body of one event, one subclass per event and version.

    `service` is set once per module by an abstract subclass; `version` is raised only by a new subclass published
    beside the old one. Each event says whether it `touches_health`, by a fact, a reason code, or a reason in somebody's
    own words: such an event travels between our services only, and is never granted to an outside subscriber.
    """

    service: ClassVar[str]
    touches_health: ClassVar[bool]
    version: ClassVar[int] = 1
    event_name: ClassVar[str]

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.event_name = cls.__name__

    @classmethod
    @cache
    def slug(cls) -> str:
        """The name in snake case: `applicant_registered`."""
        return _CAPITAL.sub("_", cls.event_name).lower()

    @classmethod
    def routing_key(cls) -> str:
        """The key on `jalur.events`: `registration.applicant_registered.v1`."""
        return f"{cls.service}.{cls.slug()}.v{cls.version}"

    @classmethod
    def ce_type(cls) -> str:
        """The CloudEvents type: `jalur.registration.ApplicantRegistered.v1`."""
        return f"jalur.{cls.service}.{cls.event_name}.v{cls.version}"


class AboutApplicant(Event):
    """Every event about an applicant says who (by our own id, never by NIK) and in which programme."""

    applicant_id: str
    programme_code: str
