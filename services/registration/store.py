"""What registration keeps, and the questions it asks of it."""

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from services.registration.admission import registration_no
from services.registration.alumni import Alumnus
from services.registration.applicant import Applicant
from services.registration.catalogue import Offered
from services.registration.number_claims import NumberClaims
from services.registration.numbering import Numbers
from services.registration.reveals import Reveals
from services.registration.rotation import Rotation
from services.registration.vault import Vault
from shared.contracts.registration import Programme
from shared.storage import IndexModel, Storage, guarded

T = TypeVar("T")

_CHUNK = 1_000  # values in one query's $in
MOST_FOUND = 200
_NIK_CORRECTED = {"mistyped.0": {"$exists": True}}
_HAS_KPJ = {"kpj_token": {"$gt": ""}}  # trainees have one, of many who apply


class Standing(NamedTuple):
    """A registration that exists, and the request that made it."""

    applicant_id: str
    registration_no: str
    idempotency_key: str | None
    row: int


class Store:
    """The collections of registration; personal fields in them are sealed by `vault`."""

    def __init__(self, storage: Storage, vault: Vault) -> None:
        self.storage = storage
        self.vault = vault
        self.programmes = storage.documents("programmes", Offered, aggregate="programme")
        self.applicants = storage.documents(
            "applicants",
            Applicant,
            aggregate="applicant",
            indexes=[
                IndexModel([("programme_code", 1), ("person_id", 1)], unique=True),
                IndexModel([("person_id", 1)]),
                IndexModel([("programme_code", 1), ("number", 1)], unique=True),
                IndexModel([("programme_code", 1), ("name_tokens", 1), ("number", 1)]),
                IndexModel([("programme_code", 1), ("phone_token", 1)]),
                IndexModel([("mistyped", 1)], partialFilterExpression=_NIK_CORRECTED),
                IndexModel([("kpj_token", 1)], partialFilterExpression=_HAS_KPJ),
                # of two people of one programme; of two programmes: number_claims
                IndexModel([("programme_code", 1), ("kpj_token", 1)], unique=True, partialFilterExpression=_HAS_KPJ),
            ],
        )
        self.people = storage.documents("people", Alumnus, aggregate="person")
        self.reveals = Reveals(storage)
        self.rotations = storage.documents("key_rotations", Rotation, aggregate="key_rotation")
        self.numbers = Numbers(storage, self.applicants)
        self.number_claims = NumberClaims(storage, self.applicants)

    async def programme(self, code: str) -> Programme:
        """Raises NotFound and StorageAway."""
        return (await self.programmes.peek(code) or Offered(_id=code)).programme

    async def standing(self, programme_code: str, person_ids: Iterable[str]) -> dict[str, Standing]:
        """Those of the people who are registered in the programme, by person id."""
        fields = {"person_id": 1, "number": 1, "idempotency_key": 1, "row": 1}
        return {
            found["person_id"]: Standing(
                found["_id"],
                registration_no(programme_code, found["number"]),
                found.get("idempotency_key"),
                found.get("row", 0),
            )
            async for found in self._applicants_with(programme_code, "person_id", person_ids, fields)
        }

    async def corrected_from(self, programme_code: str, person_ids: Iterable[str]) -> list[Applicant]:
        """Those of a programme whose NIK was corrected, and was one of these people's before."""
        return [
            applicant
            for chunk in _chunks(set(person_ids), _CHUNK)
            for applicant in await self.applicants.find(
                {"programme_code": programme_code, "mistyped": {"$in": chunk}, **_NIK_CORRECTED}
            )
        ]

    async def registrations_of(self, person_id: str) -> list[Applicant]:
        """All registrations of one person, in every programme, the earliest first."""
        return await self.applicants.find({"person_id": person_id}, sort=[("registered_at", 1)])

    async def not_erased(self, programme_code: str) -> int:
        """How many applicants of a programme have personal data here."""
        where = {"programme_code": programme_code, "erased_at": None}
        return int(await guarded(self.applicants.raw.count_documents(where)))

    async def phone_holders(self, programme_code: str, numbers: Iterable[str]) -> dict[str, str]:
        """Person ids by phone number, of those numbers that an applicant of the programme gave."""
        holders: dict[str, str] = {}
        for chunk in _chunks(numbers, _CHUNK):
            by_token = {self.vault.phone_token(number): number for number in chunk}
            found = self._applicants_with(programme_code, "phone_token", by_token, {"phone_token": 1, "person_id": 1})
            holders.update({by_token[holder["phone_token"]]: holder["person_id"] async for holder in found})
        return holders

    async def kpj_holders(self, kpj: str) -> set[str]:
        """The person ids of those who hold a participant number, in any programme."""
        where = {"kpj_token": self.vault.kpj_token(kpj)}
        found = await guarded(self.applicants.raw.find(where, {"person_id": 1}).to_list(None))
        return {one["person_id"] for one in found}

    async def aged_otherwise(self, programme: Programme) -> list[str]:
        """Ids of applicants whose age was counted at another training start than the programme now has."""
        starts = programme.training.starts.isoformat()
        where = {"programme_code": programme.code, "aged_on": {"$ne": starts}, "erased_at": None}
        return [found["_id"] for found in await guarded(self.applicants.raw.find(where, {"_id": 1}).to_list(None))]

    async def search(self, where: dict[str, Any]) -> list[str]:
        """Applicant ids, in order of their numbers, MOST_FOUND at most."""
        cursor = self.applicants.raw.find(where, {"_id": 1}, sort=[("number", 1)], limit=MOST_FOUND)
        return [found["_id"] for found in await guarded(cursor.to_list(MOST_FOUND))]

    async def _applicants_with(
        self, programme_code: str, field: str, values: Iterable[str], fields: dict[str, int]
    ) -> AsyncIterator[dict[str, Any]]:
        for chunk in _chunks(set(values), _CHUNK):
            where = {"programme_code": programme_code, field: {"$in": chunk}}
            for found in await guarded(self.applicants.raw.find(where, fields).to_list(None)):
                yield found


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
