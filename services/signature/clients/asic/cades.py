"""Detached CAdES signatures, baseline level B-B (EN 319 122-1): one CMS SignedData, one signer, four signed attributes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from services.signature.domain.policy import SignaturePolicy
from services.signature.usecases.ports import Indication, Keys

_LONGEST_CHAIN = 5
_SHA256 = (bytes.fromhex("300b0609608648016503040201"), bytes.fromhex("300d06096086480165030402010500"))
"""The two encodings of "SHA-256" that occur (RFC 5754 §2): without parameters, and with NULL."""


def sign_detached(content: bytes, keys: Keys, signing_time: datetime) -> bytes:
    """Return the DER of a SignedData over the content, which stays outside; one use of the key.

    Args:
        content: the bytes to cover.
        keys: the key and its chain; the root is left out, since a verifier must have it already.
        signing_time: the time the signature claims, UTC to the second.
    """
    chain = keys.certificate_chain()
    certificates = [asn1_x509.Certificate.load(der) for der in chain]
    attributes = _signed_attributes(content, chain[0], signing_time)
    signature = keys.sign(attributes.dump())
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificates[0].issuer, "serial_number": certificates[0].serial_number}
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signature,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": cms.DigestAlgorithms([algos.DigestAlgorithm({"algorithm": "sha256"})]),
            "encap_content_info": {"content_type": "data"},
            "certificates": certificates[:-1] or certificates,
            "signer_infos": [signer],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _signed_attributes(content: bytes, certificate: bytes, signing_time: datetime) -> cms.CMSAttributes:
    certificate_id = tsp.ESSCertIDv2({"cert_hash": hashlib.sha256(certificate).digest()})
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": signing_time})]}),
            cms.CMSAttribute(
                {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [certificate_id]})]}
            ),
        ]
    )


@dataclass(frozen=True, slots=True)
class CadesFinding:
    """What a signature is worth: indication, reasons, and who claims to have signed when."""

    indication: Indication
    reasons: tuple[str, ...] = ()
    signed_at: datetime | None = None
    signer: str = ""


class _Refusal(Exception):
    """Carries the finding that ends the verification."""

    def __init__(self, indication: Indication, reason: str) -> None:
        super().__init__(reason)
        self.finding = CadesFinding(indication, (reason,))


def verify_detached(
    signature: bytes, content: bytes, roots: Sequence[bytes], policy: SignaturePolicy, now: datetime
) -> CadesFinding:
    """Judge a detached signature at level B-B. Never raises on bad input.

    Args:
        signature: DER of the SignedData.
        content: the bytes it should cover.
        roots: trusted certificates, DER.
        policy: the allow-list of key type and algorithm.
        now: the only time known for certain, since B-B proves none.
    """
    try:
        return _verify(signature, content, roots, policy, now)
    except _Refusal as refusal:
        return refusal.finding
    except Exception as failure:
        # Two parsers stand behind this with many error classes between them; whatever they choke on is a refusal.
        return CadesFinding(Indication.FAILED, (f"FORMAT_FAILURE: signature illisible ({type(failure).__name__})",))


def _verify(
    signature: bytes, content: bytes, roots: Sequence[bytes], policy: SignaturePolicy, now: datetime
) -> CadesFinding:
    signed, signer = _only_signer(signature)
    attributes = _attributes(signer)
    if attributes["content_type"].native != "data":
        raise _Refusal(Indication.FAILED, "FORMAT_FAILURE: type de contenu non admis")
    if attributes["message_digest"].native != hashlib.sha256(content).digest():
        raise _Refusal(Indication.FAILED, "HASH_FAILURE: le contenu n'est pas celui qui a été signé")
    embedded = [x509.load_der_x509_certificate(choice.chosen.dump()) for choice in signed["certificates"] or ()]
    trusted = [x509.load_der_x509_certificate(der) for der in roots]
    certificate = _signing_certificate(signer, attributes["signing_certificate_v2"], [*embedded, *trusted])
    _check_value(signer, certificate, policy)
    _check_chain(certificate, embedded, trusted, now)
    signed_at: datetime = attributes["signing_time"].native
    if not certificate.not_valid_before_utc <= signed_at <= certificate.not_valid_after_utc:
        raise _Refusal(Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE: date annoncée hors validité du certificat")
    return CadesFinding(Indication.PASSED, (), signed_at, certificate.subject.rfc4514_string())


def _only_signer(signature: bytes) -> tuple[cms.SignedData, cms.SignerInfo]:
    envelope = cms.ContentInfo.load(signature, strict=True)
    if envelope["content_type"].native != "signed_data":
        raise _Refusal(Indication.FAILED, "FORMAT_FAILURE: ce n'est pas une signature CMS")
    signed = envelope["content"]
    outside = signed["encap_content_info"]
    if outside["content"].native is not None or len(signed["signer_infos"]) != 1:
        raise _Refusal(Indication.FAILED, "FORMAT_FAILURE: une signature détachée a un signataire et aucun contenu")
    signer = signed["signer_infos"][0]
    # None of these is covered by the signature value: whoever relies on them must find them coherent.
    digests = [algorithm.dump() for algorithm in (*signed["digest_algorithms"], signer["digest_algorithm"])]
    told = (signed["version"].native, signer["version"].native, outside["content_type"].native, len(digests))
    if told != ("v1", "v1", "data", 2) or not set(digests) <= set(_SHA256) or signed["crls"].native is not None:
        raise _Refusal(Indication.FAILED, "FORMAT_FAILURE: enveloppe CMS incohérente")
    return signed, signer


def _attributes(signer: cms.SignerInfo) -> dict[str, core.Asn1Value]:
    found: dict[str, core.Asn1Value] = {}
    for attribute in signer["signed_attrs"]:
        name = attribute["type"].native
        if name in found or len(attribute["values"]) != 1:
            raise _Refusal(Indication.FAILED, f"FORMAT_FAILURE: attribut {name} répété")
        found[name] = attribute["values"][0]
    if missing := {"content_type", "message_digest", "signing_time", "signing_certificate_v2"} - found.keys():
        raise _Refusal(
            Indication.INDETERMINATE, f"SIG_CONSTRAINTS_FAILURE: attributs absents : {', '.join(sorted(missing))}"
        )
    return found


def _signing_certificate(
    signer: cms.SignerInfo, reference: tsp.SigningCertificateV2, candidates: Sequence[x509.Certificate]
) -> x509.Certificate:
    """Return the certificate that the signed reference names by digest and the signer by issuer and number."""
    identifier = reference["certs"][0]
    if identifier["hash_algorithm"]["algorithm"].native != "sha256":
        raise _Refusal(Indication.INDETERMINATE, "CRYPTO_CONSTRAINTS_FAILURE: empreinte de certificat non admise")
    named = signer["sid"].chosen
    for certificate in candidates:
        if certificate.fingerprint(hashes.SHA256()) == identifier["cert_hash"].native:
            same_issuer = named["issuer"].dump() == certificate.issuer.public_bytes()
            if same_issuer and named["serial_number"].native == certificate.serial_number:
                return certificate
    raise _Refusal(Indication.INDETERMINATE, "NO_SIGNING_CERTIFICATE_FOUND: certificat du signataire absent")


def _check_value(signer: cms.SignerInfo, certificate: x509.Certificate, policy: SignaturePolicy) -> None:
    key = certificate.public_key()
    key_type = f"ec:{key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__
    algorithm = str(signer["signature_algorithm"]["algorithm"].native)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not policy.accepts(key_type, algorithm):
        raise _Refusal(
            Indication.INDETERMINATE, f"CRYPTO_CONSTRAINTS_FAILURE: {key_type} avec {algorithm} n'est pas admis"
        )
    try:
        key.verify(signer["signature"].native, signer["signed_attrs"].untag().dump(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise _Refusal(Indication.FAILED, "SIG_CRYPTO_FAILURE: la valeur de la signature est fausse") from None


def _check_chain(
    certificate: x509.Certificate,
    embedded: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    now: datetime,
) -> None:
    if not _may_sign(certificate):
        raise _Refusal(Indication.INDETERMINATE, "CHAIN_CONSTRAINTS_FAILURE: ce certificat ne permet pas de signer")
    chain = [certificate]
    while chain[-1] not in trusted:
        issuer = _issuer_of(chain[-1], [*trusted, *embedded], depth=len(chain) - 1)
        if issuer is None or len(chain) == _LONGEST_CHAIN:
            raise _Refusal(Indication.INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND: aucune autorité reconnue")
        chain.append(issuer)
    if any(not link.not_valid_before_utc <= now <= link.not_valid_after_utc for link in chain):
        raise _Refusal(Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE: certificat expiré, sans preuve de date")


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature or usage.content_commitment


def _issuer_of(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate], depth: int
) -> x509.Certificate | None:
    for candidate in candidates:
        if candidate.subject == certificate.issuer and candidate != certificate and _may_issue(candidate, depth):
            try:
                certificate.verify_directly_issued_by(candidate)
            except (InvalidSignature, ValueError, TypeError):
                continue
            return candidate
    return None


def _may_issue(certificate: x509.Certificate, depth: int) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    deep_enough = constraints.path_length is None or constraints.path_length >= depth
    return constraints.ca and usage.key_cert_sign and deep_enough
