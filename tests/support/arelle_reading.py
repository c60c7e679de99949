"""Run as a program: loads XBRL files with Arelle, offline, and prints what its log says and how many facts it found.

Arelle keeps global state and takes two seconds to import: one process reads several files, one after the other. Its
exit code is 0 even when a file is wrong: the log decides. The standard schemas of XBRL come with Arelle, in
`arelle/resources/cache`; ours come from the taxonomy packages given.
"""

import json
import sys
from typing import Any

from arelle.api.Session import Session
from arelle.RuntimeOptions import RuntimeOptions


def read(file: str, packages: list[str]) -> dict[str, Any]:
    """Load and validate one file."""
    options = RuntimeOptions(
        entrypointFile=file,
        packages=packages,
        internetConnectivity="offline",
        validate=True,
        keepOpen=True,
        disablePersistentConfig=True,
        logFile="logToBuffer",
    )
    with Session() as session:
        session.run(options)
        log = json.loads(session.get_logs("json"))["log"]
        models = session.get_models()
        return {
            "errors": [f"{one['code']} {one['message']['text']}" for one in log if one["level"] != "info"],
            "namespaces": sorted({fact.qname.namespaceURI for model in models for fact in model.facts}),
            "facts": [_fact(fact) for model in models for fact in model.facts],
        }


def _fact(fact: Any) -> list[Any]:
    members = sorted(str(dimension.memberQname) for dimension in fact.context.qnameDims.values())
    unit = str(fact.unit.measures[0][0]) if fact.unit is not None else ""
    return [fact.qname.localName, members, fact.value, unit, fact.decimals, list(fact.context.entityIdentifier)]


def main() -> None:
    """Read `packages…  -- files…` from the arguments."""
    separator = sys.argv.index("--")
    packages, files = sys.argv[1:separator], sys.argv[separator + 1 :]
    print(json.dumps({file: read(file, packages) for file in files}))


if __name__ == "__main__":
    main()
