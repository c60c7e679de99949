"""`harmonia rules export`: the open catalogue of the rules that judge a filing, for people and for programs (F19)."""

import html
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import formsets
from cli.adjustments import BadAdjustments, adjusted_controls, read_adjustments, rules_under
from formsets import Control, Form, FormSet, UnknownFormSet
from formsets.instructions import said_of
from services.validation.domain.grammar import parse
from services.validation.domain.json_form import to_json

WRITTEN = 0
"""Exit code: the catalogue is written."""
REFUSED = 2
"""Exit code: no such version or format, or the file cannot be written."""

FORMATS = ("json", "html")
_SEVERITIES = {
    "B": ("Refusé à l'enregistrement", "Refused at save"),
    "T": ("Bloque la transmission", "Blocks transmission"),
    "A": ("À corriger ou à justifier", "To correct or justify"),
    "R": ("Remarque", "Remark"),
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}"
    "section{border-top:1px solid #767676;padding:.5rem 0}code{background:#f4f4f4;padding:.1rem .3rem;"
    "overflow-wrap:anywhere}dt{font-weight:600}dd{margin:0 0 .5rem 1rem}[lang=en]{color:#595959}"
)


def export_command(
    export_format: str, output: Path | None = None, version: str | None = None, adjustments: Sequence[Path] = ()
) -> int:
    """Write the catalogue of a version and print its digest; return the exit code (0 or 2).

    Args:
        export_format: `json` or `html`.
        output: a folder, in which the file is named after the version; the standard output when None.
        version: when None, the one that the adjustments are about, else the newest.
        adjustments: files of what authorities decided about controls of a campaign.
    """
    if export_format not in FORMATS:
        print(f"Format inconnu : {export_format}. Choisir parmi {', '.join(FORMATS)}.", file=sys.stderr)
        return REFUSED
    try:
        decided = [read_adjustments(path) for path in adjustments]
        named = next((one.form_set for one in decided if one.form_set), formsets.available()[-1])
        form_set = rules_under(formsets.load(version or named), decided)
    except (UnknownFormSet, BadAdjustments) as error:
        print(error, file=sys.stderr)
        return REFUSED
    text = as_html(form_set) if export_format == "html" else _json_text(form_set)
    if output is None:
        sys.stdout.write(text)
        return WRITTEN
    file = output / f"harmonia-rules-{form_set.version}.{export_format}"
    try:
        output.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"{file} ne peut pas être écrit : {error.strerror}.", file=sys.stderr)
        return REFUSED
    print(f"{file}\n{len(form_set.controls)} contrôles, empreinte {form_set.digest}")
    return WRITTEN


def catalogue(form_set: FormSet) -> dict[str, Any]:
    """Every control and every formula of a version, with its digest."""
    return {
        "version": form_set.version,
        "rule_set": form_set.digest,
        "adjusted": adjusted_controls(form_set),
        "controls": [_control(form_set, control) for control in form_set.controls],
        "forms": [{"code": form.code, "title": form.title, "note": dict(form.note)} for form in form_set.forms],
        "formulas": [
            {"line": line.code, "label": line.label, "columns": list(form.formula_columns), **_expression(line.formula)}
            for form in form_set.forms
            for line in form.lines
            if line.formula
        ],
        "derived_columns": [
            {"form": form.code, "column": column, **_expression(expression)}
            for form in form_set.forms
            for column, expression in form.derived_columns.items()
        ],
        "lists": {
            name: {
                "source": entries.source,
                "licence": entries.licence,
                "first_year": entries.first_year,
                "last_year": entries.last_year,
                "codes": len(entries),
            }
            for name, entries in form_set.lists.items()
        },
    }


def _control(form_set: FormSet, control: Control) -> dict[str, Any]:
    return {
        "id": control.id,
        "severity": control.severity,
        "document": control.document,
        "scope": control.scope,
        "in_force_from": control.in_force_from.isoformat() if control.in_force_from else None,
        "in_force_until": control.in_force_until.isoformat() if control.in_force_until else None,
        **_expression(control.expression),
        "message": control.message,
        "texts": {
            language: {"what": text.what, "where": text.where, "how": text.how}
            for language, text in control.texts.items()
        },
        "examples": form_set.examples.get(control.id, {}),
    }


def _expression(expression: str | None) -> dict[str, Any]:
    return {"expression": expression, "tree": to_json(parse(expression)) if expression else None}


def _json_text(form_set: FormSet) -> str:
    return json.dumps(catalogue(form_set), ensure_ascii=False, indent=1) + "\n"


def as_html(form_set: FormSet) -> str:
    """One page that stands alone: no script, nothing fetched; French with the English beside it."""
    entries = "".join(f'<li><a href="#{control.id}">{control.id}</a></li>' for control in form_set.controls)
    entries += f'<li><a href="#formulas">{_both("Formules", "Formulas")}</a></li>'
    entries += "".join(f'<li><a href="#{form.code}">{form.code}</a></li>' for form in form_set.forms)
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
        f"<title>Règles {form_set.version}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{_both(f'Règles de contrôle, référentiel {form_set.version}', f'Rules, form set {form_set.version}')}</h1>"
        f"<p>{_both(f'{len(form_set.controls)} contrôles.', f'{len(form_set.controls)} controls.')} "
        f"{_both('Empreinte du jeu de règles', 'Digest of the rules')} : <code>{form_set.digest}</code></p>"
        f"{_adjusted(form_set)}"
        f"<nav><ul style='columns:8;list-style:none;padding:0'>{entries}</ul></nav><main>"
        + "".join(_section(form_set, control) for control in form_set.controls)
        + _formulas(form_set)
        + "".join(_lines(form_set, form) for form in form_set.forms)
        + _lists(form_set)
        + "</main></body></html>\n"
    )


def _formulas(form_set: FormSet) -> str:
    """What is computed, line by line, then column by column."""
    lines = [
        (line.code, f"{html.escape(line.label)} ({', '.join(form.formula_columns)})", line.formula)
        for form in form_set.forms
        for line in form.lines
        if line.formula
    ]
    columns = [
        (f"{form.code}.*.{column}", html.escape(form.title), expression)
        for form in form_set.forms
        for column, expression in form.derived_columns.items()
    ]
    rows = "".join(
        f"<dt>{code} — {title}</dt><dd><code>{html.escape(expression)}</code></dd>"
        for code, title, expression in (*lines, *columns)
    )
    title = f"<h2>{_both('Cases calculées', 'Computed cells')}</h2>"
    return f'<section id="formulas">{title}<dl>{rows}</dl></section>'


def _lines(form_set: FormSet, form: Form) -> str:
    """What to know of a form, then what each of its lines wants, under the line's own anchor."""
    rows = "".join(
        f'<dt id="{line.code}">{line.code} — {html.escape(line.label)}</dt>'
        f"<dd>{' '.join(_both(french, english) for french, english in said_of(form_set, line))}</dd>"
        for line in form.lines
    )
    note = f"<p>{_both(form.note['fr'], form.note['en'])}</p>" if form.note else ""
    return f'<section id="{form.code}"><h2>{form.code} — {html.escape(form.title)}</h2>{note}<dl>{rows}</dl></section>'


def _lists(form_set: FormSet) -> str:
    """The reference lists that expressions ask, by name; their codes are in the package."""
    rows = "".join(
        f"<dt>{html.escape(name)}, {entries.first_year}–{entries.last_year}</dt>"
        f"<dd>{len(entries)} codes — {html.escape(entries.source)} — {html.escape(entries.licence)}</dd>"
        for name, entries in form_set.lists.items()
    )
    title = f"<h2>{_both('Listes de référence', 'Reference lists')}</h2>"
    return f'<section id="lists">{title}<dl>{rows}</dl></section>'


def _adjusted(form_set: FormSet) -> str:
    """What an authority changed, empty when nothing."""
    told = [
        f"{one['control']} ({one['official']} → {one['severity'] or 'retiré'})" for one in adjusted_controls(form_set)
    ]
    title = _both("Contrôles ajustés par l'autorité", "Controls adjusted by the authority")
    return f"<p>{title} : {html.escape(', '.join(told))}.</p>" if told else ""


def _section(form_set: FormSet, control: Control) -> str:
    french, english = control.text("fr"), control.text("en")
    severity, severity_en = _SEVERITIES[control.severity]
    rows = [
        (_both("Gravité", "Severity"), f"{control.severity} — {severity} <span lang=en>({severity_en})</span>"),
        ("Document", html.escape(control.document or "—")),
        (
            "Expression",
            f"<code>{html.escape(control.expression)}</code>"
            if control.expression
            else _both("règle du logiciel", "rule of the software"),
        ),
        (_both("Portée", "Scope"), html.escape(control.scope)),
        (_both("En vigueur", "In force"), _in_force(control)),
        (_both("Où", "Where"), _both(french.where, english.where)),
        (_both("Comment corriger", "How to correct"), _both(french.how, english.how)),
    ]
    examples = form_set.examples.get(control.id, {})
    for kind, title in (
        ("passing", _both("Exemple satisfait", "Passing example")),
        ("failing", _both("Exemple en échec", "Failing example")),
    ):
        if kind in examples:
            shown = html.escape(json.dumps(examples[kind], ensure_ascii=False))
            rows.append((title, f"<code>{shown}</code>"))
    items = "".join(f"<dt>{title}</dt><dd>{value}</dd>" for title, value in rows if value)
    heading = f"<h2>{control.id} — {html.escape(french.what)}</h2><p lang=en>{html.escape(english.what)}</p>"
    return f'<section id="{control.id}">{heading}<dl>{items}</dl></section>'


def _in_force(control: Control) -> str:
    """The closing dates of the exercices asked, empty without bound."""
    if control.in_force_from is None and control.in_force_until is None:
        return ""
    return f"{control.in_force_from or '…'} – {control.in_force_until or '…'}"


def _both(french: str, english: str) -> str:
    return f"{html.escape(french)} <span lang=en>{html.escape(english)}</span>"
