"""Changes model files by their bytes and makes their checksum true again."""

import hashlib
import re


def reseal(data: bytes) -> bytes:
    found = re.search(rb'ecgmon\.sha256(?:\x12\x40|": ")([0-9a-f]{64})', data)
    start, stop = found.span(1)
    digest = hashlib.sha256(data[:start] + b"0" * 64 + data[stop:]).hexdigest()
    return data[:start] + digest.encode() + data[stop:]


def swap(data: bytes, key: str, old: str, new: str) -> bytes:
    """Give a metadata key another value of the same length."""
    assert len(old) == len(new)
    entry = f"ecgmon.{key}".encode() + b"\x12" + bytes([len(old)])
    assert data.count(entry + old.encode()) == 1
    return reseal(data.replace(entry + old.encode(), entry + new.encode()))
