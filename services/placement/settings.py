"""Settings of placement: those every service has, and which places are near each other."""

from pydantic import Field

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    neighbouring_places: dict[str, list[str]] = Field(
        default={"Kota Pekalongan": ["Kabupaten Pekalongan", "Kabupaten Batang"]},
        description="For matching: places and their neighbours, valid both ways. JSON in the environment.",
    )
