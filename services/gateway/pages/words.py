"""The office's words for what the system calls by codes; their English stands in the catalogue like any other text."""

from services.gateway import messages

_WORDS: dict[str, dict[str, str]] = {
    "stage": {
        "registered": "Terdaftar",
        "refused": "Tidak lolos administrasi",
        "passed": "Lolos administrasi",
        "scored": "Sudah dinilai",
        "accepted": "Diterima",
        "reserve": "Cadangan",
        "rejected": "Tidak diterima",
        "withdrawn": "Mengundurkan diri",
        "completed": "Selesai pelatihan",
        "dropped_out": "Tidak selesai",
        "assessed": "Sudah diuji",
        "competent": "Kompeten",
        "not_yet_competent": "Belum kompeten",
        "certified": "Bersertifikat",
        "matched": "Diusulkan ke lowongan",
        "placed": "Terserap kerja",
    },
    "reason": {
        "not_resident": "Bukan warga kota ini",
        "under_age": "Belum cukup umur saat pelatihan dimulai",
        "not_healthy": "Belum ada surat keterangan sehat",
        "trained_before": "Sudah pernah ikut pelatihan",
        "employed": "Sudah bekerja",
        "studying": "Masih sekolah atau kuliah",
        "no_social_media": "Belum mengikuti media sosial dinas",
        "below_pass_mark": "Nilai di bawah batas lulus",
        "absent": "Tidak hadir tes atau wawancara",
        "no_seat": "Kursi kelas pilihan sudah penuh",
        "same_vocation": "Kejuruan sama",
        "education_suffices": "Pendidikan memenuhi",
        "same_city": "Satu kota",
        "neighbouring_city": "Kota tetangga",
        "other_city": "Kota lain",
    },
    "status": {
        "employed": "Bekerja",
        "self_employed": "Wirausaha",
        "studying": "Melanjutkan studi",
        "unemployed": "Belum bekerja",
        "unreachable": "Tidak dapat dihubungi",
    },
    "vacancy": {
        "open": "Terbuka",
        "filled": "Terisi",
        "expired": "Lewat batas",
        "closed": "Ditutup",
    },
    "standing": {
        "proposed": "Diusulkan",
        "accepted": "Satu pihak setuju",
        "agreed": "Disepakati",
        "refused": "Ditolak",
    },
    "wave": {
        "planned": "Belum dimulai",
        "open": "Berjalan",
        "closed": "Selesai",
    },
    "mine": {
        "employed": "Saya bekerja",
        "self_employed": "Saya punya usaha sendiri",
        "unemployed": "Saya belum bekerja",
        "studying": "Saya kuliah atau sekolah",
    },
    "party": {
        "graduate": "Lulusan",
        "employer": "Perusahaan",
    },
    "placing": {
        "reason_missing": "Tulis alasannya; alasan disimpan bersama tindakannya.",
        "not_a_date": "Isi tanggalnya.",
        "changed_meanwhile": "Petugas lain sudah mencatat jawaban sejak halaman ini dibuka. "
        "Lihat keadaannya sekarang, lalu putuskan lagi.",
        "match_over": "Usulan ini sudah ditolak, jadi sudah berakhir.",
        "unknown_number": "Tidak ada pendaftar dengan nomor ini pada program itu.",
        "withdrawn": "Peserta sudah mengundurkan diri.",
        "not_a_graduate": "Orang ini tidak menyelesaikan pelatihan.",
        "already_proposed": "Lulusan ini sedang diusulkan ke lowongan lain.",
        "already_placed": "Lulusan ini sudah bekerja, berwirausaha, atau melanjutkan studi.",
        "refused_before": "Pasangan ini sudah pernah ditolak.",
        "vacancy_closed": "Lowongan ini sudah ditutup.",
        "no_seat_left": "Semua kursi lowongan ini sudah diusulkan kepada orang lain.",
        "matching_busy": "Pencocokan sedang berjalan; coba lagi sebentar.",
        "other_vocation": "Kejuruannya lain daripada yang dicari.",
        "education_too_low": "Pendidikannya di bawah yang diminta.",
        "no_valid_certificate": "Tidak ada sertifikat yang berlaku hari ini.",
        "name_missing": "Tulis nama gelombangnya.",
        "closes_before_it_opens": "Hari terakhir harus sesudah hari pertama.",
        "wave_changed_meanwhile": "Petugas lain mengubah gelombang ini sejak halaman dibuka. "
        "Simpan lagi jika isian Anda yang benar.",
        "answered_meanwhile": "Jawaban lulusan ini sudah masuk sejak halaman dibuka, jadi catatan Anda tidak disimpan.",
        "vacancy_expired": "Batas lamarannya sudah lewat.",
    },
    "role": {
        "admin": "Administrator",
        "registrar": "Petugas pendaftaran",
        "selector": "Petugas seleksi",
        "certifier": "Petugas sertifikasi",
        "placement": "Petugas penempatan",
        "operator": "Operator sistem",
        "viewer": "Pengamat",
    },
    "field": {
        "name": "Nama",
        "nik": "NIK",
        "birth_date": "Tanggal lahir",
        "gender": "Jenis kelamin",
        "phone": "Telepon",
        "address": "Alamat",
        "city": "Kota",
        "district": "Kecamatan",
        "education": "Pendidikan",
        "occupation": "Status saat ini",
        "code": "Kode",
        "employer": "Perusahaan",
        "position": "Jabatan",
        "vocation": "Kejuruan",
        "seats": "Jumlah kursi",
        "location": "Lokasi kerja",
        "wage_min": "Upah paling rendah (Rp per bulan)",
        "wage_max": "Upah paling tinggi (Rp per bulan)",
        "closes_on": "Batas lamaran",
        "source": "Sumber",
    },
    "kind": {
        "applicants": "Pendaftar",
        "scores": "Nilai tes dan wawancara",
        "attendance": "Kehadiran",
        "assessments": "Hasil uji kompetensi",
        "certificates": "Sertifikat kompetensi",
        "tracer": "Penelusuran lulusan",
        "alumni": "Alumni pelatihan tahun lalu",
        "vacancies": "Lowongan kerja",
    },
    "sheet": {
        "programme_missing": "Pilih programnya: berkas jenis ini milik satu program.",
        "file_missing": "Pilih berkas yang akan diimpor.",
        "sheet_gone": "Berkas ini sudah tidak disimpan. Pilih berkasnya sekali lagi.",
        "not_a_spreadsheet": "Berkas ini bukan buku kerja Excel dan bukan CSV.",
        "empty": "Berkas ini kosong.",
        "no_rows": "Lembar ini hanya berisi judul kolom, tanpa baris di bawahnya.",
        "encrypted": "Buku kerja ini dilindungi kata sandi. Simpan tanpa kata sandi, lalu coba lagi.",
        "too_large": "Lembar ini terlalu besar. Bagi menjadi beberapa berkas.",
        "columns_missing": "Kolom yang diperlukan tidak ditemukan",
        "columns_ambiguous": "Beberapa kolom menyebut hal yang sama",
        "no_unit_columns": "Tidak ada kolom unit di antara Skema dan Rekomendasi.",
    },
    "service": {
        "registration": "Pendaftaran",
        "selection": "Seleksi",
        "certification": "Sertifikasi",
        "placement": "Penempatan",
        "gateway": "Laman dan API",
    },
}


# for which somebody may be refused or not accepted
REASONS = (
    *("not_resident", "under_age", "not_healthy", "trained_before", "employed", "studying", "no_social_media"),
    *("below_pass_mark", "absent", "no_seat"),
)


def say(kind: str, code: str) -> str:
    """A code in Indonesian words; one that has none yet is shown as it is, so that nothing is hidden."""
    found = _WORDS[kind].get(code)
    if found is None and kind == "reason" and code in messages.MESSAGES:
        return messages.message(code, "id")
    return found or code


def all_words() -> list[str]:
    """Every text here, for the catalogue."""
    return [text for words in _WORDS.values() for text in words.values()]
