"""Makes an authority and certificates for tests, also expired ones, with the openssl command."""

from __future__ import annotations

import subprocess
from pathlib import Path

_CONFIG = """\
[ca]
default_ca = tests
[tests]
dir = {folder}
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


class Authority:
    """An authority in a folder of its own; `issue` writes ``NAME.pem`` and ``NAME.key`` there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "authority.pem"
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        (folder / "ca.conf").write_text(_CONFIG.format(folder=folder))
        _openssl(
            *("req", "-x509", "-days", "3650", "-subj", "/CN=authority", "-out", self.file),
            *self._new_key("authority"),
        )

    def issue(self, name: str, *, last_day: str = "20991231", address: str = "IP:127.0.0.1") -> Path:
        """Return a certificate for an address, valid from 2020 to a day written as YYYYMMDD."""
        request, certificate = self.folder / f"{name}.req", self.folder / f"{name}.pem"
        _openssl(
            *("req", "-new", "-subj", f"/CN={name}", "-addext", f"subjectAltName={address}"),
            *("-out", request, *self._new_key(name)),
        )
        _openssl(
            *("ca", "-batch", "-notext", "-config", self.folder / "ca.conf", "-in", request),
            *("-cert", self.file, "-keyfile", self.folder / "authority.key", "-out", certificate),
            *("-startdate", "20200101000000Z", "-enddate", f"{last_day}000000Z"),
        )
        return certificate

    def key(self, name: str) -> Path:
        """Return the key of a certificate that was issued."""
        return self.folder / f"{name}.key"

    def encrypted_key(self, name: str) -> Path:
        """Return the key of a certificate, locked with a pass phrase."""
        locked = self.folder / f"{name}-locked.key"
        _openssl("pkey", "-in", self.key(name), "-aes256", "-passout", "pass:open", "-out", locked)
        return locked

    def _new_key(self, name: str) -> tuple[str | Path, ...]:
        curve = "ec_paramgen_curve:prime256v1"
        return ("-newkey", "ec", "-pkeyopt", curve, "-nodes", "-keyout", self.key(name))


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
