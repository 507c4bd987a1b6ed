"""Settings of registration: the keys of personal fields, beside what every service has."""

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class Settings(ServiceSettings):
    field_keys: SecretStr = Field(
        description="Encrypt personal fields: <key id>:<secret>[,…], secrets of 32 characters or more, the first seals."
    )
    person_key: SecretStr = Field(
        description="Makes person ids of NIKs; 32 characters or more, never changed: it is the index by NIK."
    )
