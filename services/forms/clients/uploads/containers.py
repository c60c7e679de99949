"""Judges a ZIP container by its directory before anything is unpacked, then unpacks it as a stream under ceilings.

Only what a spreadsheet program writes passes: one directory at the end that describes every entry once, entries that
do not overlap, names that stay inside, sizes that are true (security.md A3 and A5).
"""

import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from services.forms.clients.uploads.refusal import SAVE_AGAIN, FileRefused

MOST_UNPACKED = 100_000_000
"""Bytes, all entries together (decisions.md 10)."""
MOST_ENTRIES = 200
HIGHEST_RATIO = 100
"""Unpacked over packed, of the whole and of each entry above `_SMALL`."""

_SMALL = 65_536
_CHUNK = 65_536
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED, _DEFERRED, _UTF8 = 0x1, 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_SYMLINK = 0o120000
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ")
_MEANINGLESS = frozenset('<>:"|?*\\')


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as the directory describes it and the place where it lies agrees."""

    name: str
    method: int
    packed: int
    """Bytes."""
    unpacked: int
    """Bytes."""
    checksum: int
    start: int
    """Offset of the packed bytes in the file."""


def entries_of(content: bytes) -> list[Entry]:
    """Return the entries of a container, none of them unpacked.

    Raises:
        FileRefused: too large once unpacked, or not what a spreadsheet program writes.
    """
    count, size, offset = _directory(content)
    entries, lengths, at = [], [], offset
    for _ in range(count):
        entry, extent, at = _entry(content, at, offset)
        entries.append(entry)
        lengths.append(extent)
    if at != offset + size:
        raise _damaged()
    _require_sane_sizes(entries)
    _require_distinct([entry.name for entry in entries])
    _require_apart(lengths)
    return entries


def unpacked(content: bytes, entry: Entry) -> Iterator[bytes]:
    """Yield the bytes of an entry, chunk by chunk, and prove its size and checksum at the end.

    Raises:
        FileRefused: the entry does not hold what the directory says, or is itself an archive.
    """
    seen, checksum = 0, 0
    for chunk in _chunks(content, entry):
        if seen == 0 and chunk.startswith(_ARCHIVES):
            raise FileRefused(
                "F-29",
                (
                    "Le classeur contient une archive ou un autre classeur.",
                    "The workbook contains an archive or another workbook.",
                ),
                ("Retirez l'objet incorporé.", "Remove the embedded object."),
            )
        seen += len(chunk)
        checksum = zlib.crc32(chunk, checksum)
        if seen > entry.unpacked:
            raise _false_size()
        yield chunk
    if seen != entry.unpacked or checksum != entry.checksum:
        raise _false_size()


def _chunks(content: bytes, entry: Entry) -> Iterator[bytes]:
    packed = memoryview(content)[entry.start : entry.start + entry.packed]
    if entry.method == _STORED:
        for at in range(0, len(packed), _CHUNK):
            yield bytes(packed[at : at + _CHUNK])
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        pending: bytes | memoryview = packed
        while pending and not inflater.eof:
            chunk = inflater.decompress(pending, _CHUNK)
            pending = inflater.unconsumed_tail
            if chunk:
                yield chunk
        if rest := inflater.flush():
            yield rest
    except zlib.error:
        raise _damaged() from None
    if not inflater.eof or inflater.unused_data:
        raise _damaged()


def _directory(content: bytes) -> tuple[int, int, int]:
    """Number of entries, size and offset of the directory."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if at < 0 or at + _END.size > len(content):
        raise _damaged()
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(content, at)
    if 0xFFFF in (count, here) or 0xFFFFFFFF in (size, offset):
        raise FileRefused(
            "F-29",
            (
                "Le classeur est d'un format d'archive réservé aux très gros fichiers.",
                "The workbook uses an archive format meant for very large files.",
            ),
            SAVE_AGAIN,
        )
    is_whole = at + _END.size + comment == len(content) and offset + size == at
    if disk or first_disk or here != count or not is_whole:
        raise _damaged()
    if count > MOST_ENTRIES:
        raise FileRefused(
            "F-29",
            (
                f"Le classeur contient {count} éléments, au plus {MOST_ENTRIES} sont admis.",
                f"The workbook holds {count} parts, at most {MOST_ENTRIES} are allowed.",
            ),
            ("Copiez les valeurs dans un classeur neuf.", "Copy the values to a new workbook."),
        )
    return count, size, offset


def _entry(content: bytes, at: int, directory: int) -> tuple[Entry, tuple[int, int], int]:
    """The entry described at this offset, the bytes it takes in the file, and where the next description is."""
    if at + _ENTRY.size > len(content):
        raise _damaged()
    fields = _ENTRY.unpack_from(content, at)
    signature, flags, method, checksum, packed, size = *(fields[i] for i in (0, 3, 4)), *fields[7:10]
    name_length, extra_length, comment_length, disk = fields[10:14]
    attributes, local = fields[15], fields[16]
    raw = content[at + _ENTRY.size : at + _ENTRY.size + name_length]
    if signature != b"PK\x01\x02" or disk or len(raw) != name_length:
        raise _damaged()
    if flags & _ENCRYPTED:
        raise FileRefused(
            "F-23",
            ("Le classeur est protégé par un mot de passe.", "The workbook is protected by a password."),
            ("Enregistrez-le sans mot de passe.", "Save it without one."),
        )
    if method not in (_STORED, _DEFLATED) or (method == _STORED and packed != size):
        raise _damaged()
    name = _name(raw, flags, attributes)
    start = _start(content, local, (raw, method, flags, packed, size))
    if start + packed > directory:
        raise _damaged()
    following = at + _ENTRY.size + name_length + extra_length + comment_length
    return Entry(name, method, packed, size, checksum, start), (local, start + packed), following


def _name(raw: bytes, flags: int, attributes: int) -> str:
    try:
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        raise _damaged() from None
    parts = PurePosixPath(name).parts
    is_odd = not name or len(name) > 255 or not name.isprintable() or not _MEANINGLESS.isdisjoint(name)
    if is_odd or name.startswith("/") or ".." in parts or "//" in name or (attributes >> 16) & 0o170000 == _SYMLINK:
        raise FileRefused(
            "F-23",
            ("Le classeur contient un élément au nom suspect.", "The workbook holds a part with a suspect name."),
            SAVE_AGAIN,
        )
    return name


def _start(content: bytes, local: int, described: tuple[bytes, int, int, int, int]) -> int:
    """Where the packed bytes start; the header before them must agree with the directory."""
    raw, method, flags, packed, size = described
    if local + _LOCAL.size > len(content):
        raise _damaged()
    fields = _LOCAL.unpack_from(content, local)
    name_length, extra_length = fields[9], fields[10]
    own_name = content[local + _LOCAL.size : local + _LOCAL.size + name_length]
    sizes = {(packed, size)} | ({(0, 0)} if flags & _DEFERRED else set())
    if fields[0] != b"PK\x03\x04" or own_name != raw or fields[3] != method or (fields[7], fields[8]) not in sizes:
        raise _damaged()
    return local + _LOCAL.size + int(name_length) + int(extra_length)


def _require_sane_sizes(entries: list[Entry]) -> None:
    packed, total = sum(entry.packed for entry in entries), sum(entry.unpacked for entry in entries)
    largest = [entry for entry in entries if entry.unpacked > _SMALL]
    is_bomb = any(entry.unpacked > HIGHEST_RATIO * max(1, entry.packed) for entry in largest)
    if total > MOST_UNPACKED or is_bomb or (total > _SMALL and total > HIGHEST_RATIO * max(1, packed)):
        raise FileRefused(
            "F-29",
            (
                "Le classeur, une fois décompressé, est démesuré pour sa taille ou dépasse 100 Mo.",
                "Once unpacked, the workbook is out of proportion with its size or over 100 MB.",
            ),
            (
                "Retirez les feuilles et la mise en forme qui ne servent pas.",
                "Remove unused sheets and formatting.",
            ),
        )


def _require_distinct(names: list[str]) -> None:
    folded = {unicodedata.normalize("NFKC", name).casefold().rstrip("./ ") for name in names}
    if len(folded) != len(names):
        raise FileRefused(
            "F-23",
            ("Le classeur contient deux éléments du même nom.", "The workbook holds two parts of the same name."),
            SAVE_AGAIN,
        )


def _require_apart(extents: list[tuple[int, int]]) -> None:
    end = 0
    for start, finish in sorted(extents):
        if start < end or (end == 0 and start != 0):
            raise _damaged()
        end = finish


def _damaged() -> FileRefused:
    return FileRefused(
        "F-23",
        ("Le classeur est endommagé ou n'est pas un .xlsx.", "The workbook is damaged or is not .xlsx."),
        SAVE_AGAIN,
    )


def _false_size() -> FileRefused:
    return FileRefused(
        "F-29",
        ("Le classeur annonce des tailles fausses.", "The workbook announces false sizes."),
        SAVE_AGAIN,
    )
