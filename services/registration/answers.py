"""What the words on a registration form mean: gender, education and occupation, as people write them."""

import re
from collections.abc import Mapping
from typing import Final

from shared.cells import BadCell, Cell, remembering, word
from shared.contracts.registration import Gender, Occupation


def _by_word(meanings: Mapping[str, str]) -> dict[str, str]:
    return {known.strip(): meaning for meaning, words in meanings.items() for known in words.split(",")}


_GENDERS: Final = _by_word(
    {
        Gender.MALE: "l, lk, laki, lakilaki, laki2, pria, cowok, male, m",
        Gender.FEMALE: "p, pr, perempuan, wanita, cewek, female, f",
    }
)

_LEVELS: Final = _by_word(
    {
        "SD": "sd, mi, sekolahdasar, paketa",
        "SMP": "smp, sltp, mts, mtsn, smpn, paketb, sekolahmenengahpertama",
        "SMA": "sma, slta, smu, ma, man, sman, paketc, sekolahmenengahatas",
        "SMK": "smk, stm, smea, smkn, mak, sekolahmenengahkejuruan",
        "D1": "d1, di, diploma1, diplomai, diplomasatu",
        "D2": "d2, dii, diploma2, diplomaii, diplomadua",
        "D3": "d3, diii, diploma3, diplomaiii, diplomatiga, amd, ahlimadya",
        "D4": "d4, div, diploma4, diplomaiv, diplomaempat, sarjanaterapan, str",
        "S1": "s1, strata1, stratasatu, sarjana",
        "S2": "s2, strata2, stratadua, magister, pascasarjana",
        "S3": "s3, strata3, stratatiga, doktor",
    }
)
_SAME_LEVEL: Final = {"SMK": "SMA", "D4": "S1"}
_AROUND_A_LEVEL = re.compile(r"\b(sederajat|setara|setingkat|lulusan|lulus|tamatan|tamat|negeri|swasta|atau|dan)\b")

_OCCUPATIONS: Final = _by_word(
    {
        Occupation.NONE: (
            "tidak belum bekerja, belum tidak bekerja,"
            "tidak bekerja, belum bekerja, tidak kerja, belum kerja, tidak ada pekerjaan, belum ada pekerjaan,"
            "tidak punya pekerjaan, belum punya pekerjaan, tidak sedang bekerja, sedang tidak bekerja,"
            "sudah tidak bekerja, tidak lagi bekerja, pencari kerja, mencari kerja, mencari pekerjaan, cari kerja,"
            "sedang mencari kerja, sedang mencari pekerjaan, menganggur, nganggur, pengangguran,"
            "ibu rumah tangga, irt, mengurus rumah tangga, rumah tangga"
        ),
        Occupation.STUDYING: (
            "kuliah, masih kuliah, sedang kuliah, sekolah, masih sekolah, sedang sekolah, mahasiswa, mahasiswi,"
            "pelajar, siswa, siswi, santri"
        ),
        Occupation.EMPLOYED: (
            "bekerja, sudah bekerja, sedang bekerja, masih bekerja, kerja, karyawan, karyawati, pegawai, pekerja,"
            "buruh, pns, asn, pppk, tni, polri, honorer, guru"
        ),
        Occupation.SELF_EMPLOYED: (
            "wirausaha, wirausahawan, wiraswasta, wiraswastawan, pengusaha, usaha sendiri, punya usaha,"
            "pedagang, berdagang, dagang, petani, nelayan"
        ),
    }
)
AS_ANSWERED: Final[Mapping[Occupation, str]] = {
    Occupation.NONE: "Tidak bekerja",
    Occupation.STUDYING: "Kuliah",
    Occupation.EMPLOYED: "Bekerja",
    Occupation.SELF_EMPLOYED: "Wirausaha",
}
_DENIES: Final = frozenset({"tidak", "belum", "bukan", "mantan", "sambil", "dan"})


@remembering
def gender(cell: Cell) -> Gender:
    """Laki-laki, L, pria … or perempuan, P, wanita …. Raises BadCell, "missing" or "unknown_gender"."""
    written = re.sub(r"[^a-z0-9]", "", _stated(cell))
    if written not in _GENDERS:
        raise BadCell("unknown_gender")
    return Gender(_GENDERS[written])


@remembering
def education(cell: Cell) -> str:
    """SD, SMP, SMA, SMK, D1 … D4, S1 … S3; "SLTA", "D-III", "SMA/SMK sederajat" and the like are understood.

    Raises BadCell, "missing" or "unknown_education".
    """
    parts = re.split(r"[/,()]", _AROUND_A_LEVEL.sub("/", _stated(cell)))
    levels = [_LEVELS.get(re.sub(r"[^a-z0-9]", "", part)) for part in parts]
    first = levels[0]
    if first is None or len({_SAME_LEVEL.get(level, level) for level in levels if level}) > 1:
        raise BadCell("unknown_education")
    return first


@remembering
def occupation(cell: Cell) -> Occupation:
    """What someone does now, judged by the words the answer begins with ("Karyawan swasta", "Mahasiswa semester 3").

    Raises BadCell, "missing" or "unknown_occupation" (also for an answer that states two things).
    """
    written = _stated(cell)
    whole = _OCCUPATIONS.get(" ".join(re.findall(r"\w+", written)))
    if whole is not None:  # "Tidak/Belum bekerja" is one answer
        return Occupation(whole)
    stated = [_occupation(part) for part in re.split(r"[/,;&+()]", written)]
    if stated[0] is None or len(set(stated) - {None}) > 1:
        raise BadCell("unknown_occupation")
    return stated[0]


def _occupation(written: str) -> Occupation | None:
    words = re.findall(r"\w+", written)
    for length in range(len(words), 0, -1):
        known = _OCCUPATIONS.get(" ".join(words[:length]))
        if known is not None:
            return None if _DENIES.intersection(words[length:]) else Occupation(known)
    return None


def _stated(cell: Cell) -> str:
    written = word(cell)
    if not written:
        raise BadCell("missing")
    return written
