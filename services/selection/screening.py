"""Seleksi administrasi: which of a programme's rules an applicant does not meet, and the facts that show it."""

from collections.abc import Collection
from typing import NamedTuple

from shared.cells import word
from shared.contracts.registration import Eligibility, Facts, Occupation

NOT_RESIDENT = "not_resident"
UNDER_AGE = "under_age"
NOT_HEALTHY = "not_healthy"
TRAINED_BEFORE = "trained_before"
EMPLOYED = "employed"
STUDYING = "studying"
NO_SOCIAL_MEDIA = "no_social_media"

REASONS = (NOT_RESIDENT, UNDER_AGE, NOT_HEALTHY, TRAINED_BEFORE, EMPLOYED, STUDYING, NO_SOCIAL_MEDIA)


class Finding(NamedTuple):
    """A rule that is not met: its reason code and the fact it saw."""

    reason: str
    saw: str


def screen(
    rules: Eligibility, facts: Facts, trained_in: Collection[str], overruled: Collection[str] = ()
) -> list[Finding]:
    """Every rule that fails, in the order of `REASONS`; empty means passed.

    `trained_in` is what we know of earlier trainings, whatever the applicant stated. Rules whose reason is in
    `overruled` are not applied.
    """
    findings: list[Finding] = []
    if rules.resident_of is not None and word(facts.city) != word(rules.resident_of):
        findings.append(Finding(NOT_RESIDENT, facts.city))
    if rules.minimum_age is not None and facts.age < rules.minimum_age:
        findings.append(Finding(UNDER_AGE, str(facts.age)))
    if rules.healthy and not facts.health_certificate:
        findings.append(Finding(NOT_HEALTHY, "no health certificate"))
    if rules.never_trained and (facts.trained_before or trained_in):
        findings.append(Finding(TRAINED_BEFORE, "; ".join(sorted(trained_in)) or "stated"))
    if rules.not_employed and facts.occupation is Occupation.EMPLOYED:
        findings.append(Finding(EMPLOYED, facts.occupation))
    if rules.not_studying and facts.occupation is Occupation.STUDYING:
        findings.append(Finding(STUDYING, facts.occupation))
    if rules.follows_social_media and not facts.follows_social_media:
        findings.append(Finding(NO_SOCIAL_MEDIA, "does not follow"))
    return [finding for finding in findings if finding.reason not in overruled]
