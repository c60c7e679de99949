"""ASiC-E containers: the ``Containers`` port for real."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.signature.clients.asic.archive import ArchiveRefused, pack, unpack
from services.signature.clients.asic.cades import sign_detached, verify_detached
from services.signature.clients.asic.manifest_xml import ManifestUnreadable, read_manifest, write_manifest
from services.signature.domain.policy import SignaturePolicy
from services.signature.usecases.ports import Indication, Keys, Sealed, Verdict

MANIFEST = "META-INF/ASiCManifest001.xml"
SIGNATURE = "META-INF/signature001.p7s"


class AsicContainers:
    """Seals files into a container with one detached CAdES signature, and judges such containers."""

    def __init__(self, policy: SignaturePolicy, roots: Sequence[bytes]) -> None:
        """Keep the policy, and the certificates (DER) that a signer's chain must end in."""
        self._policy = policy
        self._roots = tuple(roots)

    def seal(self, files: Mapping[str, bytes], keys: Keys, signing_time: datetime) -> Sealed:
        """Return the container over these files, in the order given. Blocks for one use of the key."""
        manifest = write_manifest(SIGNATURE, files)
        signature = sign_detached(manifest, keys, signing_time)
        container = pack({**files, MANIFEST: manifest, SIGNATURE: signature})
        return Sealed(container, signature, keys.certificate_chain()[0])

    def verify(self, container: bytes, now: datetime) -> Verdict:
        """Judge a container; every file must be covered, once, by the one manifest that the one signature covers."""
        try:
            files = unpack(container)
            manifest, signature = files.pop(MANIFEST), files.pop(SIGNATURE)
            signature_name, digests = read_manifest(manifest)
        except (ArchiveRefused, ManifestUnreadable) as failure:
            return _failed(f"FORMAT_FAILURE: {failure}")
        except KeyError as failure:
            return _failed(f"FORMAT_FAILURE: {failure.args[0]} absent du conteneur")
        if signature_name != SIGNATURE:
            return _failed("FORMAT_FAILURE: le manifeste désigne une autre signature")
        if reason := _mismatch(files, digests):
            return _failed(reason)
        finding = verify_detached(signature, manifest, self._roots, self._policy, now)
        if finding.indication is not Indication.PASSED:
            return Verdict(finding.indication, finding.reasons)
        return Verdict(
            Indication.PASSED,
            verified_bytes=files,
            signed_at=finding.signed_at,
            signer=finding.signer,
            level=self._policy.level,
        )


def _failed(reason: str) -> Verdict:
    return Verdict(Indication.FAILED, (reason,))


def _mismatch(files: Mapping[str, bytes], digests: Mapping[str, bytes]) -> str:
    """Return why the files are not those of the manifest, or nothing."""
    if extra := files.keys() - digests.keys():
        return f"FORMAT_FAILURE: fichiers hors manifeste : {', '.join(sorted(extra))}"
    if missing := digests.keys() - files.keys():
        return f"SIGNED_DATA_NOT_FOUND: fichiers absents : {', '.join(sorted(missing))}"
    changed = [name for name, content in files.items() if hashlib.sha256(content).digest() != digests[name]]
    return f"HASH_FAILURE: fichiers modifiés : {', '.join(sorted(changed))}" if changed else ""
