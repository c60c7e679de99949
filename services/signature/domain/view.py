"""The readable view *R*: the page that the signatory reads, made from the bytes *B* and from nothing else.

Labels only explain codes; a missing label never hides a value. The page carries no script, no link and no image, and
shows every recipient, every filled cell, every attached file, the version before and the digest of *B*.
"""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby

from formsets.verdicts import verdict_told
from services.signature.domain.canonical import digest_of, readable_code
from services.signature.domain.manifest import FilingManifest, ReleaseTerm

_STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}"
    "th,td{border:1px solid #999;padding:.2rem .5rem;text-align:left;vertical-align:top}"
    "td.v{text-align:right;font-variant-numeric:tabular-nums;white-space:pre-wrap;overflow-wrap:anywhere}"
    "code{overflow-wrap:anywhere}"
)
_DECISIONS = {"allow": "transmis", "deny": "non transmis"}
_ATTACHMENTS = {
    "MANAGEMENT_REPORT": "Rapport de gestion",
    "DELIBERATION": "Délibération ou procès-verbal d’approbation",
    "AUDITOR_REPORT": "Rapport du commissaire aux comptes",
    "NOTES": "Annexe",
    "OTHER": "Autre pièce",
}


def readable_view(content: bytes, labels: Mapping[str, str] | None = None) -> bytes:
    """Return the page for the bytes *B*, in UTF-8 HTML; equal arguments give equal bytes.

    Args:
        content: the bytes *B*.
        labels: French wording of forms (``BA``), lines (``BA.010``) and recipients, for those that have one.

    Raises:
        ManifestMalformed: the bytes are no manifest.
    """
    manifest = FilingManifest.from_bytes(content)
    return "\n".join(_page(manifest, digest_of(content), labels or {})).encode("utf-8")


def _page(manifest: FilingManifest, digest: str, labels: Mapping[str, str]) -> Iterator[str]:
    title = f"{manifest.document} {manifest.year} — {manifest.body_name} ({manifest.body})"
    yield "<!DOCTYPE html>"
    yield '<html lang="fr"><head><meta charset="utf-8">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(title)}</h1>"
    yield from _facts(manifest, digest)
    yield from _recipients(manifest, labels)
    yield from _attachments(manifest)
    yield from _forms(manifest, labels)
    yield "</body></html>\n"


def _facts(manifest: FilingManifest, digest: str) -> Iterator[str]:
    facts = {
        "Code de vérification": readable_code(digest),
        "Empreinte SHA-256": digest,
        "Dépôt": f"{manifest.filing_id}, version {manifest.filing_version}",
        "Version précédente": _previous(manifest),
        "Serveur": manifest.server,
        "Questionnaire": f"{manifest.form_set_version} ({manifest.form_set_digest})",
        "Jeu de contrôles": manifest.rule_set_digest,
        "Matrice de diffusion": manifest.matrix_digest,
        "Verdict": verdict_told(manifest.verdict.outcome, "fr").word,
        "Empreinte des justifications": manifest.verdict.justifications_digest,
    }
    yield "<table>"
    for name, value in facts.items():
        yield f"<tr><th>{escape(name)}</th><td><code>{escape(value)}</code></td></tr>"
    yield "</table>"


def _recipients(manifest: FilingManifest, labels: Mapping[str, str]) -> Iterator[str]:
    yield "<h2>Qui recevra ce dépôt</h2><table>"
    yield "<tr><th>Destinataire</th><th>Décision</th><th>Règle</th><th>Niveau</th><th>Motif</th></tr>"
    for term in sorted(manifest.release_terms, key=lambda term: term.recipient):
        yield _recipient(term, labels)
    yield "</table>"


def _recipient(term: ReleaseTerm, labels: Mapping[str, str]) -> str:
    decision = _DECISIONS.get(term.decision, term.decision)
    cells = (_named(term.recipient, labels), decision, term.rule or "aucune", str(term.level), term.reason.fr)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _previous(manifest: FilingManifest) -> str:
    before = manifest.previous
    if before is None:
        return "aucune" if manifest.filing_version == 1 else "non indiquée"
    return (
        f"version {before.version}, récépissé {before.receipt_number}, "
        f"rang {before.log_index} au journal des signatures, empreinte SHA-256 {before.digest}"
    )


def _attachments(manifest: FilingManifest) -> Iterator[str]:
    yield "<h2>Pièces jointes couvertes par la signature</h2>"
    if not manifest.attachments:
        yield "<p>Aucune.</p>"
        return
    yield "<table><tr><th>Pièce</th><th>Fichier</th><th>Octets</th><th>Empreinte SHA-256</th></tr>"
    for one in manifest.attachments:
        yield (
            f"<tr><td>{escape(_ATTACHMENTS.get(one.kind, one.kind))}</td><td>{escape(one.file_name)}</td>"
            f'<td class="v">{one.size}</td><td><code>{escape(one.digest)}</code></td></tr>'
        )
    yield "</table>"


def _forms(manifest: FilingManifest, labels: Mapping[str, str]) -> Iterator[str]:
    filled = sorted(manifest.cells.items())
    for form, cells in groupby(filled, key=lambda cell: cell[0].split(".", 1)[0]):
        yield f"<h2>{escape(_named(form, labels))}</h2><table>"
        yield "<tr><th>Ligne</th><th>Colonne</th><th>Valeur</th></tr>"
        for address, value in cells:
            line, _, column = address.rpartition(".")
            yield (
                f"<tr><td>{escape(_named(line or address, labels))}</td><td>{escape(column)}</td>"
                f'<td class="v">{escape(value)}</td></tr>'
            )
        yield "</table>"


def _named(code: str, labels: Mapping[str, str]) -> str:
    label = labels.get(code, "")
    return f"{code} — {label}" if label else code
