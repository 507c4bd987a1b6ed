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
    "role": {
        "admin": "Administrator",
        "registrar": "Petugas pendaftaran",
        "selector": "Petugas seleksi",
        "certifier": "Petugas sertifikasi",
        "placement": "Petugas penempatan",
        "operator": "Operator sistem",
        "viewer": "Pengamat",
        "public": "Pendaftar sendiri",
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
    },
    "group": {
        "diri": "Data diri",
        "alamat": "Alamat dan kontak",
        "pendidikan": "Pendidikan dan pekerjaan",
        "pilihan": "Pilihan kelas",
        "pernyataan": "Kesehatan dan persetujuan",
    },
    "ask": {
        "name": "Nama lengkap",
        "nik": "NIK",
        "birth_place": "Tempat lahir",
        "birth_date": "Tanggal lahir",
        "gender": "Jenis kelamin",
        "address": "Alamat",
        "village": "Kelurahan atau desa",
        "district": "Kecamatan",
        "city": "Kota atau kabupaten",
        "phone": "Nomor HP (WhatsApp)",
        "email": "Email",
        "education": "Pendidikan terakhir",
        "occupation": "Apa kegiatan Anda sekarang?",
        "trained_before": "Pernah ikut pelatihan kerja dari dinas ini?",
        "follows_social_media": "Sudah mengikuti media sosial dinas?",
        "choice_1": "Kelas pilihan pertama",
        "choice_2": "Kelas pilihan kedua",
        "choice_3": "Kelas pilihan ketiga",
        "willing_to_move": "Bersedia dipindah ke kelas lain jika pilihan Anda penuh?",
        "health_certificate": "Sudah punya surat keterangan sehat?",
        "consent": "Persetujuan",
    },
    "hint": {
        "name": "Seperti di KTP.",
        "nik": "16 angka, seperti di KTP.",
        "birth_date": "Contoh: 31/12/2001",
        "city": "Contoh: Kota Pekalongan, atau Kabupaten Batang",
        "phone": "Supaya kami dapat menghubungi Anda. Contoh: 0812 1234 5678",
        "education": "Yang sudah lulus.",
        "health_certificate": (
            "Dari puskesmas atau dokter. Belum punya? Jawab belum; surat diperlukan untuk lolos administrasi."
        ),
    },
    "answer": {
        "L": "Laki-laki",
        "P": "Perempuan",
        "Tidak bekerja": "Belum atau tidak bekerja",
        "Kuliah": "Sekolah atau kuliah",
        "Bekerja": "Bekerja",
        "Wirausaha": "Punya usaha sendiri",
        "ya": "Ya",
        "tidak": "Tidak atau belum",
    },
    "standing": {
        "registered": "Pendaftaran Anda sudah kami terima",
        "refused": "Anda tidak lolos seleksi administrasi",
        "passed": "Anda lolos seleksi administrasi",
        "scored": "Anda sudah mengikuti tes dan wawancara",
        "accepted": "Selamat, Anda diterima",
        "reserve": "Anda menjadi cadangan",
        "rejected": "Anda belum diterima",
        "withdrawn": "Anda tercatat mengundurkan diri",
        "completed": "Anda sudah menyelesaikan pelatihan",
        "dropped_out": "Anda tercatat tidak menyelesaikan pelatihan",
        "competent": "Anda dinyatakan kompeten",
        "not_yet_competent": "Anda dinyatakan belum kompeten",
        "certified": "Anda sudah bersertifikat",
        "placed": "Anda sudah bekerja, berusaha, atau melanjutkan studi",
    },
    "next": {
        "registered": "Berkas Anda diperiksa menurut syarat program. Lihat lagi halaman ini beberapa hari lagi.",
        "refused": "Jika menurut Anda ini keliru, datanglah ke kantor dinas dengan KTP.",
        "passed": "Ikuti tes tertulis dan wawancara. Jadwalnya diumumkan oleh dinas.",
        "scored": "Tunggu pengumuman hasil seleksi.",
        "accepted": "Datanglah pada hari pertama pelatihan dengan membawa KTP.",
        "reserve": "Jika ada kursi kosong sebelum pelatihan dimulai, Anda dihubungi. Pastikan nomor HP Anda aktif.",
        "rejected": "Anda boleh mendaftar lagi pada program berikutnya.",
        "withdrawn": "Jika ini keliru, datanglah ke kantor dinas dengan KTP.",
        "completed": "Ikuti uji kompetensi. Jadwalnya diumumkan oleh dinas.",
        "dropped_out": "Jika ini keliru, datanglah ke kantor dinas dengan KTP.",
        "competent": "Sertifikat Anda sedang diterbitkan oleh lembaga sertifikasi.",
        "not_yet_competent": "Tanyakan kepada dinas tentang uji ulang.",
        "certified": "Dinas akan menanyakan pekerjaan Anda 3, 6, dan 12 bulan setelah pelatihan.",
        "placed": "Terima kasih sudah mengabari kami.",
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
