"""Texts as numbers that are spread evenly and always the same."""

import hashlib


def hash_fraction(*texts: str) -> float:
    """BLAKE2b of texts as a number in [0, 1)."""
    digest = hashlib.blake2b(digest_size=8)
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return (int.from_bytes(digest.digest(), "big") >> 11) / 2**53
