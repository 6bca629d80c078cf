"""Workbooks locked by a password, which the environment holds and the mapping only names."""

import io
import os
from pathlib import Path

import msoffcrypto
import msoffcrypto.exceptions

from onecohort.errors import ExportError

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"


def read_unlocked(path: Path, export: str, password_variable: str | None) -> bytes:
    """The workbook's bytes, decrypted with the password in the environment where it is locked."""
    data = path.read_bytes()
    if not data:
        raise ExportError(export, "is empty (0 bytes)", "ask for the file again")
    if data.startswith(_ZIP):
        return data
    if not data.startswith(_OLE):
        raise ExportError(
            export,
            f"is named {path.suffix} but is no workbook (it begins with {_beginning(data)})",
            "if it is a text that a program named so, declare format: csv",
        )
    try:
        locked = msoffcrypto.OfficeFile(io.BytesIO(data))
        if not locked.is_encrypted():
            return data
        password = _password(export, password_variable)
        locked.load_key(password=password, verify_password=True)
        opened = io.BytesIO()
        locked.decrypt(opened)
        return opened.getvalue()
    except (msoffcrypto.exceptions.InvalidKeyError, msoffcrypto.exceptions.DecryptionError):
        raise ExportError(
            export,
            f"does not open with the password in {password_variable}",
            "ask the center for the right one",
        ) from None
    except ExportError:
        raise
    except Exception as error:  # a damaged file fails in its library's XML and records in many ways
        raise ExportError(
            export, f"is damaged or no workbook ({error})", "ask for the file again"
        ) from None


def _password(export: str, variable: str | None) -> str:
    if variable is None:
        raise ExportError(
            export,
            "is locked by a password",
            "declare password: NAME and put the password into the environment variable NAME",
        )
    if not os.environ.get(variable):
        raise ExportError(
            export, f"is locked and the environment variable {variable} is not set", "set it"
        )
    return os.environ[variable]


def _beginning(data: bytes) -> str:
    start = data[:24].translate(None, b"\t\r\n")
    if start.lstrip()[:1] == b"<":
        return "HTML or XML"
    is_text = start.isascii() and start.decode("ascii").isprintable()
    return "text" if is_text else "0x" + data[:8].hex()
