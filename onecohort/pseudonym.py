"""Identifiers leave the center step only as keyed hashes (HMAC-SHA-256).

With the same key the same person has the same pseudonym in every run and at every center; without the
key nobody can go from a pseudonym back to a person by trying all identifiers.
"""

import hmac
import os
import secrets
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

KEY_VARIABLE = "ONECOHORT_KEY"
DEMONSTRATION_KEY = b"onecohort demonstration key: for the synthetic sample only"
DIGITS = 12  # 48 bits: two of a million patients share a pseudonym with a chance of 1 in 560

Origin = Literal["environment", "demonstration", "random"]


@dataclass(frozen=True)
class PseudonymKey:
    """A secret key and where it came from."""

    secret: bytes
    origin: Origin

    def hash(self, texts: pa.Array, purpose: str, prefix: str = "") -> pa.Array:
        """Keyed hashes of texts, each distinct text once; null and "" stay null.

        purpose    separates kinds of identifiers, so that a hospital number and a codice fiscale
                   with the same letters have different hashes
        prefix     is put before each hash
        """
        coded = texts.dictionary_encode()
        salt = purpose.encode() + b"\0"
        # The one loop over distinct texts that no Arrow kernel can replace.
        hashed = [
            prefix + hmac.digest(self.secret, salt + text.encode(), "sha256").hex()[:DIGITS]
            if text
            else None
            for text in coded.dictionary.to_pylist()
        ]
        return pa.array(hashed, pa.string()).take(coded.indices)

    def hash_keys(self, keys: pa.Array, center: str) -> pa.Array:
        """The patient_id of a center's own keys, with the center's name in front."""
        return self.hash(keys, f"patient of {center}", f"{center}-")


def find_key(*, synthetic: bool) -> PseudonymKey:
    """The key of the environment; for a synthetic study the demonstration key, else a random one."""
    given = os.environ.get(KEY_VARIABLE, "")
    if given:
        return PseudonymKey(given.encode(), "environment")
    if synthetic:
        return PseudonymKey(DEMONSTRATION_KEY, "demonstration")
    return PseudonymKey(secrets.token_bytes(32), "random")


def normalise_identifier(texts: pa.Array) -> pa.Array:
    """Identifiers without blanks and in capitals, so that one person's spellings are one."""
    return pc.utf8_upper(pc.replace_substring_regex(texts, r"\s", ""))
