"""A text file's characters, or the place where it stops being UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path

from cilda.errors import CildaError

OTHER_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_text(path: Path) -> str:
    """The whole file as characters, without a byte order mark; line ends stay as they are.

    Raises:
        CildaError: the bytes are not UTF-8; the line, the byte and its offset are named.
    """
    content = path.read_bytes()
    for mark, encoding in OTHER_MARKS.items():
        if content.startswith(mark):
            raise CildaError(f"{path} is {encoding}, not UTF-8", _recode(path, encoding))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The mark is cut off before decoding, so offsets count from behind it.
        offset = error.start + (len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0)
        line = content.count(b"\n", 0, offset) + 1
        raise CildaError(
            f"{path} is not UTF-8: line {line:,} holds the byte 0x{content[offset]:02x} at offset {offset:,}",
            _recode(path, "LATIN1"),
        ) from error


def _recode(path: Path, encoding: str) -> str:
    guess = " (if that is what it is)" if encoding == "LATIN1" else ""
    return f"save it as UTF-8, for example: iconv -f {encoding} -t UTF-8 {path.name}{guess}"
