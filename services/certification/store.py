"""Certification's collections and its named queries."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from services.certification.cover import Alike
from services.certification.enrolment import last_class
from services.certification.programme import OpenProgramme
from services.certification.trainee import Certificate, Trainee, TrainingCertificate
from services.certification.training_certificate import Numbered, following
from shared.contracts import Event
from shared.contracts.certification import Result
from shared.contracts.registration import Programme
from shared.judging import Change
from shared.rehearsing import Changing
from shared.storage import IndexModel, Storage, guarded

NUMBER_KEY = "certificates.number_key"
_ID = "certificates.certificate_id"
_CODE = "certificates.verify_code"
_APPEALED = "appeals.number"
_COVERED = {"covers.0": {"$exists": True}}
_COMPETENT = {"attempts.result": Result.COMPETENT.value}
_OF_TRAINING = "training_certificates"
_TRAINING_CLASS = f"{_OF_TRAINING}.class_code"
_TRAINING_CODE = f"{_OF_TRAINING}.verify_code"
# by index: whose cover, or whether they need one, is not as of everybody who has just got a place
_TOLD_APART: dict[str, dict[str, Any]] = {
    "covered": _COVERED,
    "withdrawn": {"withdrawn": True},
    "noted": {"attendance.note": {"$type": "string"}},
}


def _of_certificates(field: str) -> IndexModel:
    # partial, because trainees without a certificate would all hold the same: none
    return IndexModel([(field, 1)], unique=True, partialFilterExpression={field: {"$exists": True}})


class Store:
    """A certificate lives inside its holder's document: finding somebody competent and certifying them is one write."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.programmes = storage.documents("programmes", OpenProgramme, aggregate="programme")
        self.trainees = storage.documents(
            "trainees",
            Trainee,
            aggregate="trainee",
            indexes=[
                IndexModel([("programme_code", 1), ("class_code", 1)]),
                *(
                    IndexModel([("programme_code", 1)], name=name, partialFilterExpression=those)
                    for name, those in {**_TOLD_APART, "competent": _COMPETENT}.items()
                ),
                # partial: appeals are few
                IndexModel(
                    [("programme_code", 1), (_APPEALED, 1)], partialFilterExpression={_APPEALED: {"$exists": True}}
                ),
                *map(_of_certificates, (NUMBER_KEY, _ID, _CODE, _TRAINING_CODE)),
                # no number of a class is given twice, whoever counts
                IndexModel(
                    [("programme_code", 1), (_TRAINING_CLASS, 1), (f"{_OF_TRAINING}.number", 1)],
                    unique=True,
                    partialFilterExpression={_TRAINING_CLASS: {"$exists": True}},
                ),
            ],
        )

    async def programme(self, code: str) -> Programme | None:
        """The definition of a programme, None while it has not arrived."""
        found = await self.programmes.peek(code)
        return None if found is None else found.definition

    async def of_class(self, code: str, class_code: str) -> list[Trainee]:
        """The trainees of a class, those who withdrew from it too, in the order of their ids."""
        found = await self.trainees.find({"programme_code": code, "class_code": class_code})
        return sorted(found, key=lambda trainee: trainee.id)

    async def to_be_covered(self, programme: Programme) -> dict[str, list[Alike]]:
        """Whoever has a place in a class, by class: those alike in their covers and in whether they have left."""
        codes = [offer.code for offer in programme.classes]
        of_class = {code: {"programme_code": programme.code, "class_code": code} for code in codes}
        everybody, told_apart = await asyncio.gather(
            self.trainees.count_each(of_class),
            asyncio.gather(*(self._told_apart(programme.code, index) for index in _TOLD_APART)),
        )
        alike: dict[str, list[Alike]] = {code: [] for code in codes}
        for group in (group for groups in told_apart for group in groups):
            code = group.one.class_code
            if code in alike:
                alike[code].append(group)
                everybody[code] -= group.number
        for code, number in everybody.items():
            alike[code].append(Alike(Trainee(_id="", class_code=code), max(number, 0)))
        return alike

    async def _told_apart(self, programme_code: str, index: str) -> list[Alike]:
        """Those of a programme who are in one of these indexes, and in none before it."""
        names = list(_TOLD_APART)
        before = [_TOLD_APART[name] for name in names[: names.index(index)]]
        where = {"programme_code": programme_code, **_TOLD_APART[index], **({"$nor": before} if before else {})}
        shown = {
            "class_code": "$class_code",
            "withdrawn": {"$ifNull": ["$withdrawn", False]},
            "covers": {"$ifNull": ["$covers", []]},
        }
        group = {
            "_id": {**shown, "note": "$attendance.note"},
            **{name: {"$first": value} for name, value in {**shown, "attendance": "$attendance"}.items()},
            "number": {"$sum": 1},
        }
        found = await self.trainees.aggregate([{"$match": where}, {"$group": group}], hint=index)
        return [Alike(Trainee.model_validate({**one, "_id": ""}), one["number"]) for one in found]

    async def formerly_covered(self, code: str) -> dict[str, list[Trainee]]:
        """Whoever has covers, but no place any more, by the class that they were the last to have one in."""
        of_class: dict[str, list[Trainee]] = {}
        where = {"programme_code": code, "class_code": None, **_COVERED}
        for trainee in await self.trainees.find(where, hint="covered"):
            of_class.setdefault(last_class(trainee) or "", []).append(trainee)
        return of_class

    async def running(self, today: date) -> list[Programme]:
        """Programmes whose training has not ended, the next one to begin first."""
        found = [one.definition for one in await self.programmes.find({}) if one.definition is not None]
        running = [one for one in found if one.training.ends >= today]
        return sorted(running, key=lambda one: (one.training.starts, one.code))

    async def competent(self, programme: Programme) -> list[Trainee]:
        """Whoever passed an assessment and has a place in a class, with results and certificates alone."""
        where = {
            "programme_code": programme.code,
            "class_code": {"$in": [offer.code for offer in programme.classes]},
            **_COMPETENT,
        }
        fields = {"class_code": 1, "attempts": 1, "certificates": 1}
        cursor = self.trainees.raw.find(where, fields, hint="competent")
        return [Trainee.model_validate(found) for found in await guarded(cursor.to_list(None))]

    async def appellants(self, code: str) -> list[Trainee]:
        """Whoever has appealed in a programme."""
        return await self.trainees.find({"programme_code": code, _APPEALED: {"$exists": True}})

    async def record(
        self, applicant_id: str, rule: Callable[[Trainee], Change | None], trainees: Changing[Trainee] | None = None
    ) -> Change | None:
        """Let a rule change one trainee, or one of the `trainees` given. Raises what the rule raises, and Taken."""
        change: Change | None = None

        def decide(trainee: Trainee) -> list[Event] | None:
            nonlocal change
            change = rule(trainee)
            return None if change is None else change.events

        await (trainees or self.trainees).change(applicant_id, decide)
        return change

    async def holders(self, number_keys: Iterable[str]) -> dict[str, str]:
        """Who holds these certificate numbers: number key → applicant."""
        keys = list(set(number_keys))
        cursor = self.trainees.raw.find({NUMBER_KEY: {"$in": keys}}, {NUMBER_KEY: 1})
        return {
            held["number_key"]: trainee["_id"]
            for trainee in await guarded(cursor.to_list(None))
            for held in trainee["certificates"]
        }

    async def certificate(self, certificate_id: str) -> tuple[Trainee, Certificate] | None:
        """A certificate and its holder."""
        return await self._certificate(_ID, certificate_id)

    async def certificate_by_code(self, verify_code: str) -> tuple[Trainee, Certificate] | None:
        """The certificate with that verification code, and its holder."""
        return await self._certificate(_CODE, verify_code)

    async def next_of_training(self, code: str, class_code: str) -> Numbered:
        """The number of the next training certificate of a class; whoever gets there second is told Taken."""
        skipped = (await self.storage.restored()).numbers_skipped
        cursor = self.trainees.raw.find({"programme_code": code, _TRAINING_CLASS: class_code}, {_OF_TRAINING: 1})
        given = [
            Numbered(one["number"], one["skipped"])
            for found in await guarded(cursor.to_list(None))
            for one in found[_OF_TRAINING]
            if one["class_code"] == class_code
        ]
        return following(given, skipped)

    async def training_certificate_by_code(self, verify_code: str) -> tuple[Trainee, TrainingCertificate] | None:
        """The training certificate with that verification code, and its holder."""
        for trainee in await self.trainees.find({_TRAINING_CODE: verify_code}, limit=1):
            for held in trainee.training_certificates:
                if held.verify_code == verify_code:
                    return trainee, held
        return None

    async def _certificate(self, field: str, value: str) -> tuple[Trainee, Certificate] | None:
        for trainee in await self.trainees.find({field: value}, limit=1):
            for held in trainee.certificates:
                if value in (held.certificate_id, held.verify_code):
                    return trainee, held
        return None
