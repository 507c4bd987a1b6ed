"""Who is about to be given a participant number: said before it is kept, so that two people are never given the same.

A unique index can say that a number stands once in a programme, but not that it is one person's in all of them.
"""

import contextlib
from typing import Final, NamedTuple
from uuid import uuid4

from services.registration.applicant import Applicant
from shared.contracts import Event
from shared.storage import Documents, DuplicateKeyError, IndexModel, Storage, StorageAway, Taken, guarded

_KEPT_S: Final = 24 * 3600  # one that a crash has left behind; no request lasts as long


class ClaimOvertaken(Exception):
    """Somebody else claimed the number, or changed the applicant, since the applicant was loaded: load it again."""


class Claim(NamedTuple):
    """A claim as it was made: `nonce` is another one each time, `alone` says that nobody else is in it."""

    token: str
    nonce: str
    alone: bool


class NumberClaims:
    """A claim lasts from before it is looked up who holds the number until the number is kept.

    It is `{_id: token, claimants: [applicant ids of one person], nonce, at}`. Whoever claims a number that another
    person has claimed saves that person's applicant anew, so that what the other was about to save, for which the
    applicant must be as it was loaded, is not saved any more. So of two people at most one is given it, however long
    either of them waits in between, and a claim that a crash has left behind is in nobody's way.
    """

    def __init__(self, storage: Storage, applicants: Documents[Applicant]) -> None:
        self._claims = storage.collection("kpj_claims")
        self._applicants = applicants
        self._prepared = False

    async def make(self, token: str, applicant: Applicant, *, yielding: bool) -> Claim:
        """Claim the number for the applicant as it was loaded; `yielding`, only if no other person has.

        Raises Taken when another person has, ClaimOvertaken, and StorageAway.
        """
        await self._prepare()
        seen = await guarded(self._claims.find_one({"_id": token}))
        others = []
        for other in (one for one in (seen["claimants"] if seen else ()) if one != applicant.id):
            known = await self._applicants.get(other)
            if known is not None and known.person_id == applicant.person_id:
                others.append(other)
            elif yielding:
                raise Taken(("kpj_token",))
            else:
                await self._stop(other, token)
        claim = Claim(token, uuid4().hex, alone=not others)
        made = {"$set": {"claimants": [*others, applicant.id], "nonce": claim.nonce}, "$currentDate": {"at": True}}
        where = {"_id": token, "nonce": seen["nonce"] if seen else ""}
        try:
            # where none was seen but there is one by now, the upsert finds its _id taken
            done = await guarded(self._claims.update_one(where, made, upsert=seen is None))
        except DuplicateKeyError:
            raise ClaimOvertaken from None
        if seen is not None and not done.matched_count:
            raise ClaimOvertaken
        return claim

    async def drop(self, claim: Claim) -> None:
        """The number is kept, or will not be. A claim that somebody else has joined or made anew stays theirs."""
        if claim.alone:
            with contextlib.suppress(StorageAway):  # left behind it is in nobody's way
                await guarded(self._claims.delete_one({"_id": claim.token, "nonce": claim.nonce}))

    async def _stop(self, applicant_id: str, token: str) -> None:
        """Save the applicant anew unless it holds the number by now: then whoever looks up the holders finds it."""

        def touch(applicant: Applicant) -> list[Event] | None:
            return None if not applicant.exists or applicant.kpj_token == token else []

        await self._applicants.change(applicant_id, touch)

    async def _prepare(self) -> None:
        if not self._prepared:
            lapsed = IndexModel([("at", 1)], expireAfterSeconds=_KEPT_S)
            await guarded(self._claims.create_indexes([lapsed]))
            self._prepared = True
