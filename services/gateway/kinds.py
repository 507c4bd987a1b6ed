"""The kinds of sheets that can be imported: whose they are, and by which headings their columns are known."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Owner = Literal["registration", "selection", "certification", "placement"]


@dataclass(frozen=True)
class Column:
    """One column of ours: its name in docs/services.md, and the headings it goes by, our own wording first.

    `needed_for` names the rule of eligibility without which a sheet may lack the column.
    """

    name: str
    headings: tuple[str, ...]
    needed: bool = False
    needed_for: str | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of sheet. `path` is the owner's, `by_nik` says that a row names a registered person by NIK."""

    name: str
    owner: Owner
    path: str
    columns: tuple[Column, ...]
    by_nik: bool = False
    in_one_call: bool = False
    units_between: tuple[str, str] | None = field(default=None)

    @property
    def of_a_programme(self) -> bool:
        return "{code}" in self.path

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


def _column(name: str, *headings: str, needed: bool = False, needed_for: str | None = None) -> Column:
    return Column(name, headings, needed, needed_for)


_NIK = _column(
    "nik", "NIK", "No KTP", "Nomor KTP", "No NIK", "Nomor NIK", "NIK KTP", "Nomor Induk Kependudukan", needed=True
)
_NAME = _column("name", "Nama Lengkap", "Nama", "Nama Peserta", "Nama Pendaftar", "Nama Lengkap Sesuai KTP")
_MOST_CHOICES = 9
_ORDINALS = ("pertama", "kedua", "ketiga", "keempat", "kelima", "keenam", "ketujuh", "kedelapan", "kesembilan")


def _choice(number: int) -> Column:
    subjects = ("Pilihan Pelatihan", "Pilihan", "Pilihan Kelas", "Pilihan Kejuruan", "Pilihan Program", "Pelatihan")
    headings = [f"{subject} {said}" for subject in subjects for said in (number, _ORDINALS[number - 1])]
    if number == 1:
        headings += subjects
    return _column(f"choice_{number}", *headings, needed=number == 1)


APPLICANTS = Kind(
    "applicants",
    "registration",
    "/programmes/{code}/imports/applicants",
    (
        _column(
            "submitted_at",
            *("Timestamp", "Cap Waktu", "Stempel Waktu", "Waktu", "Waktu Daftar", "Waktu Pendaftaran"),
            *("Tanggal Daftar", "Tanggal Pendaftaran", "Submitted At"),
            needed=True,
        ),
        Column(_NAME.name, _NAME.headings, needed=True),
        _NIK,
        _column("birth_place", "Tempat Lahir"),
        _column("birth_date", "Tanggal Lahir", "Tgl Lahir", "Date of Birth", needed=True),
        _column("gender", "Jenis Kelamin", "Kelamin", "JK", "L/P", "Sex", needed=True),
        _column("address", "Alamat", "Alamat Lengkap", "Alamat KTP", "Alamat Sesuai KTP"),
        _column("village", "Kelurahan", "Desa", "Kelurahan/Desa", "Desa/Kelurahan"),
        _column("district", "Kecamatan"),
        _column(
            "city",
            *("Kota/Kabupaten", "Kabupaten/Kota", "Kota", "Kabupaten", "Kab/Kota", "Kota/Kab"),
            *("Kota/Kabupaten Sesuai KTP", "Kabupaten/Kota Sesuai KTP"),
            needed=True,
        ),
        _column(
            "phone",
            *("Nomor HP", "No HP", "Nomor HP WhatsApp", "No HP WhatsApp", "No WhatsApp", "Nomor WhatsApp", "WhatsApp"),
            *("HP", "No WA", "Nomor WA", "No HP/WA", "Telepon", "No Telepon", "Nomor Telepon", "No Telp"),
        ),
        _column("email", "Email", "E-mail", "Alamat Email", "Email Address"),
        _column("education", "Pendidikan Terakhir", "Pendidikan", needed=True),
        *(_choice(number) for number in range(1, _MOST_CHOICES + 1)),
        _column(
            "willing_to_move",
            *("Bersedia dialihkan ke kelas lain", "Bersedia dialihkan", "Bersedia pindah kelas", "Bersedia pindah"),
            needed=True,
        ),
        _column(
            "health_certificate",
            *("Surat Keterangan Sehat", "Surat Sehat", "Keterangan Sehat", "SKS", "Ada Surat Keterangan Sehat"),
            needed_for="healthy",
        ),
        _column(
            "trained_before",
            *("Pernah mengikuti pelatihan Dinperinaker", "Pernah mengikuti pelatihan", "Pernah ikut pelatihan"),
            *("Pernah pelatihan", "Pernah dilatih"),
            needed_for="never_trained",
        ),
        _column("occupation", "Status saat ini", "Status", "Pekerjaan", "Pekerjaan saat ini", needed=True),
        _column(
            "follows_social_media",
            *("Follow akun media sosial Dinperinaker", "Follow akun media sosial", "Follow media sosial"),
            *("Mengikuti akun media sosial", "Mengikuti media sosial", "Follow medsos", "Media sosial"),
            needed_for="follows_social_media",
        ),
    ),
    in_one_call=True,
)

SCORES = Kind(
    "scores",
    "selection",
    "/programmes/{code}/scores",
    (
        _NIK,
        _NAME,
        _column("written", "Nilai Tes Tertulis", "Tes Tertulis", "Nilai Tertulis", "Tertulis", needed=True),
        _column("interview", "Nilai Wawancara", "Wawancara", needed=True),
        _column("note", "Keterangan", "Catatan", "Ket"),
    ),
    by_nik=True,
)

ATTENDANCE = Kind(
    "attendance",
    "certification",
    "/programmes/{code}/attendance",
    (
        _NIK,
        _NAME,
        _column("class", "Kelas", "Kode Kelas", needed=True),
        _column("days", "Hari Pelatihan", "Jumlah Hari", "Jumlah Hari Pelatihan", "Hari", needed=True),
        _column("present", "Hadir", "Hari Hadir", "Jumlah Hadir", "Kehadiran", needed=True),
        _column("note", "Keterangan", "Catatan", "Ket"),
    ),
    by_nik=True,
)

BPJS = Kind(
    "bpjs",
    "registration",
    "/programmes/{code}/participant-numbers/rows",
    (
        _NIK,
        _NAME,
        _column(
            "kpj",
            *("Nomor KPJ", "KPJ", "No KPJ", "Nomor Peserta", "No Peserta", "Nomor BPJS Ketenagakerjaan"),
            *("No BPJS Ketenagakerjaan", "Nomor BPJS TK", "No BPJS TK"),
            needed=True,
        ),
    ),
    by_nik=True,
)

ASSESSMENTS = Kind(
    "assessments",
    "certification",
    "/programmes/{code}/assessments",
    (
        _NIK,
        _NAME,
        _column("scheme", "Skema Sertifikasi", "Skema", needed=True),
        _column("recommendation", "Rekomendasi", "Hasil", "Keputusan", needed=True),
        _column("assessed_on", "Tanggal Asesmen", "Tanggal Uji", "Tanggal", "Tanggal Assessment", needed=True),
        _column("assessor", "Asesor", "Nama Asesor"),
    ),
    by_nik=True,
    units_between=("scheme", "recommendation"),
)

CERTIFICATES = Kind(
    "certificates",
    "certification",
    "/programmes/{code}/certificates",
    (
        _NIK,
        _NAME,
        _column("scheme", "Skema", "Skema Sertifikasi", needed=True),
        _column("lsp", "LSP", "Nama LSP", "Lembaga Sertifikasi Profesi", "Certification Body"),
        _column("certificate_no", "Nomor Sertifikat", "No Sertifikat", "Certificate Number", needed=True),
        _column("issued_on", "Tanggal Terbit", "Terbit", "Tanggal Sertifikat", needed=True),
        _column("valid_until", "Berlaku Sampai", "Berlaku Hingga", "Masa Berlaku"),
    ),
    by_nik=True,
)

TRACER = Kind(
    "tracer",
    "placement",
    "/programmes/{code}/tracer",
    (
        _NIK,
        _NAME,
        _column("wave", "Bulan ke-", "Bulan", "Gelombang", "Tracer Bulan ke", needed=True),
        _column("status", "Status", "Status saat ini", needed=True),
        _column("employer", "Perusahaan / Usaha", "Perusahaan", "Nama Perusahaan", "Tempat Kerja", "Usaha"),
        _column("started_on", "Mulai", "Mulai Bekerja", "Tanggal Mulai"),
    ),
    by_nik=True,
)

ALUMNI = Kind(
    "alumni",
    "registration",
    "/alumni",
    (
        _NIK,
        _NAME,
        _column("year", "Tahun", "Tahun Pelatihan", needed=True),
        _column("training", "Pelatihan", "Nama Pelatihan", "Jenis Pelatihan", "Kejuruan", needed=True),
    ),
)

VACANCIES = Kind(
    "vacancies",
    "placement",
    "/vacancies",
    (
        _column("code", "Kode", "Kode Lowongan", needed=True),
        _column("employer", "Perusahaan", "Nama Perusahaan", "Pemberi Kerja", needed=True),
        _column("position", "Jabatan", "Posisi", needed=True),
        _column("vocation", "Kejuruan", "Bidang", needed=True),
        _column("seats", "Jumlah", "Jumlah Lowongan", "Kebutuhan", needed=True),
        _column("location", "Lokasi", "Penempatan", "Lokasi Kerja", needed=True),
        _column("education", "Pendidikan Minimal", "Pendidikan", "Pendidikan Terakhir", needed=True),
        _column("wage_min", "Upah Minimal", "Gaji Minimal", "Upah Min", needed=True),
        _column("wage_max", "Upah Maksimal", "Gaji Maksimal", "Upah Maks", needed=True),
        _column("closes_on", "Batas Lamaran", "Batas Akhir", "Ditutup", needed=True),
        _column("source", "Sumber"),
    ),
)

PROGRAMME_KINDS = (APPLICANTS, SCORES, BPJS, ATTENDANCE, ASSESSMENTS, CERTIFICATES, TRACER)
OTHER_KINDS = (ALUMNI, VACANCIES)
BY_NAME = {kind.name: kind for kind in (*PROGRAMME_KINDS, *OTHER_KINDS)}
