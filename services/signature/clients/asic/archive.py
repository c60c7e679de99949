"""The ZIP of a container: written the same way every time, read with distrust.

A container comes from anywhere, so reading checks the shape before it expands anything: bounded size and ratio, no
duplicate, no path that leaves the folder, and every byte of the file accounted for by exactly one entry, so that two
readers cannot see two different containers.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping

MIME_TYPE = b"application/vnd.etsi.asic-e+zip"

MOST_BYTES = 100_000_000
"""Largest container, packed or unpacked."""
MOST_ENTRIES = 2_000
HIGHEST_RATIO = 100

_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.\-]*/)*[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_ENCRYPTED, _DESCRIPTOR, _UNICODE = 0x01, 0x08, 0x800
_DESCRIPTOR_SIZES = (12, 16)


class ArchiveRefused(ValueError):
    """The bytes are not an archive that we read; the sentence says why."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the archive: ``mimetype`` first and plain, then the files in the order given, no date, no extra field.

    Raises:
        ArchiveRefused: a name would be refused by the reader.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_entry("mimetype", MIME_TYPE), MIME_TYPE)
        for name, content in files.items():
            if not _NAME.fullmatch(name):
                raise ArchiveRefused(f"{name!r} is not a safe name")
            archive.writestr(_entry(name, content), content)
    return buffer.getvalue()


def _entry(name: str, content: bytes) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    squeezed = len(zlib.compress(content, 6)) if name != "mimetype" else len(content)
    # What shrinks beyond half of the reader's ratio is stored as it is, so that no seal of ours looks like a bomb.
    is_worth_it = squeezed < len(content) <= squeezed * HIGHEST_RATIO // 2
    entry.compress_type = zipfile.ZIP_DEFLATED if is_worth_it else zipfile.ZIP_STORED
    return entry


def unpack(content: bytes) -> dict[str, bytes]:
    """Return the files by name, without ``mimetype``.

    Raises:
        ArchiveRefused: the archive is not one that :func:`pack` or a careful peer would write.
    """
    if len(content) > MOST_BYTES:
        raise ArchiveRefused(f"more than {MOST_BYTES} bytes")
    directory_at, count = _end_record(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) != count:
                raise ArchiveRefused("the directory and its end record disagree")
            _check_entries(entries)
            _check_layout(content, entries, directory_at)
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, struct.error, RuntimeError) as failure:
        raise ArchiveRefused(f"damaged archive: {failure}") from failure
    if entries[0].filename != "mimetype" or files.pop("mimetype") != MIME_TYPE:
        raise ArchiveRefused("the archive does not start with the mimetype of an ASiC-E container")
    return files


def _end_record(content: bytes) -> tuple[int, int]:
    """Return where the directory starts and how many entries it claims; nothing may follow the end record."""
    if len(content) < _END.size:
        raise ArchiveRefused("too short for an archive")
    signature, disk, start_disk, here, count, size, start, comment = _END.unpack(content[-_END.size :])
    if signature != b"PK\x05\x06" or comment or disk or start_disk or here != count:
        raise ArchiveRefused("no plain end record at the end")
    if start + size != len(content) - _END.size:
        raise ArchiveRefused("bytes between the directory and its end record")
    if not 0 < count <= MOST_ENTRIES:
        raise ArchiveRefused(f"not between 1 and {MOST_ENTRIES} entries")
    return start, count


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    names = {entry.filename.casefold() for entry in entries}
    if len(names) != len(entries):
        raise ArchiveRefused("two entries have the same name")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise ArchiveRefused(f"more than {MOST_BYTES} bytes once unpacked")
    for entry in entries:
        if not _NAME.fullmatch(entry.filename) or entry.orig_filename != entry.filename:
            raise ArchiveRefused("an entry has an unsafe name")
        if entry.flag_bits & ~(_DESCRIPTOR | _UNICODE | 0x06):
            raise ArchiveRefused(f"{entry.filename} is encrypted or of an unknown kind")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveRefused(f"{entry.filename} is packed by an unknown method")
        if entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1):
            raise ArchiveRefused(f"{entry.filename} would grow more than {HIGHEST_RATIO} times")
        if entry.external_attr >> 16 & 0o170000 not in (0, 0o100000):
            raise ArchiveRefused(f"{entry.filename} is not a plain file")
    if entries[0].extra or entries[0].compress_type != zipfile.ZIP_STORED:
        raise ArchiveRefused("mimetype is not plain")


def _check_layout(content: bytes, entries: list[zipfile.ZipInfo], directory_at: int) -> None:
    """Refuse gaps, overlaps, and local headers that tell another story than the directory."""
    expected = {0}
    for entry in entries:
        if entry.header_offset not in expected:
            raise ArchiveRefused("entries overlap, or bytes lie between them")
        header = _LOCAL.unpack_from(content, entry.header_offset)
        signature, _, flags, method, _, _, crc, packed, unpacked, name_size, extra_size = header
        name_at = entry.header_offset + _LOCAL.size
        if signature != b"PK\x03\x04" or (flags, method) != (entry.flag_bits, entry.compress_type):
            raise ArchiveRefused(f"{entry.filename}: the local header differs from the directory")
        if content[name_at : name_at + name_size] != entry.filename.encode():
            raise ArchiveRefused(f"{entry.filename}: the local header has another name")
        told = (entry.CRC, entry.compress_size, entry.file_size)
        if (crc, packed, unpacked) not in ((told, (0, 0, 0)) if flags & _DESCRIPTOR else (told,)):
            raise ArchiveRefused(f"{entry.filename}: the local header has other sizes")
        end = name_at + name_size + extra_size + entry.compress_size
        expected = {end + size for size in _DESCRIPTOR_SIZES} if flags & _DESCRIPTOR else {end}
    if directory_at not in expected:
        raise ArchiveRefused("bytes lie between the entries and the directory")
