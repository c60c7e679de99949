import io
import struct
import zipfile
import zlib

import pytest

from services.signature.clients.asic.archive import MIME_TYPE, ArchiveRefused, pack, unpack

FILES = {"filing.json": b'{"a":"1"}' * 40, "META-INF/ASiCManifest001.xml": b"<x/>"}
PLAIN = pack(FILES)


def packed(*entries, mimetype=MIME_TYPE):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), mimetype)
        for name, content in entries:
            archive.writestr(name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def an_entry(name, **attributes):
    entry = zipfile.ZipInfo(name)
    for attribute, value in attributes.items():
        setattr(entry, attribute, value)
    return entry


def test_what_is_packed_is_unpacked():
    assert unpack(PLAIN) == FILES


def test_packing_twice_gives_the_same_bytes():
    assert pack(FILES) == pack(FILES)


def test_the_mimetype_can_be_read_at_a_fixed_place_as_the_standard_asks():
    assert PLAIN[30:38] == b"mimetype"
    assert PLAIN[38 : 38 + len(MIME_TYPE)] == MIME_TYPE


def test_a_container_streamed_by_another_program_is_read():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.sent = bytearray()

        def writable(self):
            return True

        def write(self, chunk):
            self.sent += chunk
            return len(chunk)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), MIME_TYPE)
        archive.writestr("a.txt", b"hello")

    assert pipe.sent[6] & 0x08
    assert unpack(bytes(pipe.sent)) == {"a.txt": b"hello"}


def test_our_own_repetitive_filing_is_never_mistaken_for_a_bomb():
    files = {"filing.json": b"0" * 5_000_000}

    assert unpack(pack(files)) == files


def lying_about_size():
    honest = packed((an_entry("a.txt", compress_type=zipfile.ZIP_DEFLATED), b"0" * 5000))
    return honest.replace(struct.pack("<I", 5000), struct.pack("<I", 50))


def overlapping():
    """Two directory entries that share one local entry, as in the overlapping-files bomb."""
    honest = packed(("a.txt", b"hello"))
    start, end = honest.index(b"PK\x01\x02", 60), len(honest) - 22
    second = honest.index(b"PK\x01\x02", start + 4)
    twin = honest[second:end].replace(b"a.txt", b"b.txt")
    head, tail = honest[:end], bytearray(honest[end:])
    struct.pack_into("<HHI", tail, 8, 3, 3, end - start + len(twin))
    return head + twin + bytes(tail)


REFUSED = {
    "nothing": b"",
    "noise": b"noise" * 20,
    "no mimetype": PLAIN.replace(b"mimetype", b"mimetypo"),
    "another mimetype": packed(("a", b"a"), mimetype=b"application/epub+zip"),
    "a prefix": b"MZ" + PLAIN,
    "a suffix": PLAIN + b"\n",
    "a comment": PLAIN[:-2] + b"\x01\x00!",
    "truncated": PLAIN[:-30],
    "a path that climbs": packed(("../a.txt", b"a")),
    "an absolute path": packed(("/etc/passwd", b"a")),
    "a backslash": packed(("a\\b.txt", b"a")),
    "a folder": packed(("folder/", b"")),
    "a hidden file": packed((".hidden", b"a")),
    "a control character": packed(("a\x01.txt", b"a")),
    "names that differ by case": packed(("a.txt", b"a"), ("A.txt", b"b")),
    "a symbolic link": packed((an_entry("a.txt", external_attr=0o120777 << 16), b"/etc/passwd")),
    "an exotic method": packed((an_entry("a.txt", compress_type=zipfile.ZIP_BZIP2), b"a")),
    "a bomb": packed((an_entry("a.txt", compress_type=zipfile.ZIP_DEFLATED), b"0" * 20_000_000)),
    "a size that lies": lying_about_size(),
    "overlapping entries": overlapping(),
    "a local name that differs": PLAIN.replace(b"filing.json", b"filinG.json", 1),
    "a damaged byte": packed(("a.txt", b"hello")).replace(b"hello", b"hallo"),
}


@pytest.mark.parametrize("trick", REFUSED)
def test_a_trick_is_refused(trick):
    with pytest.raises(ArchiveRefused):
        unpack(REFUSED[trick])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused():
    with pytest.raises(ArchiveRefused, match="same name"):
        unpack(packed(("a.txt", b"a"), ("a.txt", b"b")))


def test_a_container_of_too_many_entries_is_refused():
    with pytest.raises(ArchiveRefused):
        unpack(packed(*((f"f{number}.txt", b"") for number in range(2_001))))


def test_bytes_hidden_between_entries_are_refused():
    directory_at = struct.unpack("<I", PLAIN[-6:-2])[0]
    moved = PLAIN[:directory_at] + b"hidden" + PLAIN[directory_at:-6]

    with pytest.raises(ArchiveRefused):
        unpack(moved + struct.pack("<IH", directory_at + 6, 0))


def outcome(container):
    try:
        return unpack(container)
    except ArchiveRefused:
        return None


def test_no_changed_byte_passes_unseen_or_crashes():
    changed = [PLAIN[:place] + bytes([PLAIN[place] ^ 0x41]) + PLAIN[place + 1 :] for place in range(len(PLAIN))]

    read = [files for files in map(outcome, changed) if files is not None]

    assert all(files == FILES or files.keys() != FILES.keys() for files in read)


def test_an_unsafe_name_is_never_written():
    with pytest.raises(ArchiveRefused):
        pack({"../a.txt": b"a"})


def test_the_stored_form_is_what_zlib_makes_of_it():
    with zipfile.ZipFile(io.BytesIO(PLAIN)) as archive:
        entry = archive.getinfo("filing.json")

    assert entry.compress_size == len(zlib.compress(FILES["filing.json"], 6)) - 6
