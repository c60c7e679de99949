"""`python -m demo.story`: tells the six steps against the running demonstration, through the command line, HTTP and gRPC.

One line a step says what was checked; the exit code is 0 when everything held. It may be told again and again: when the
worked example has been filed, a new synthetic body takes its place.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import grpc
import httpx2
import typer
from grpc_health.v1 import health_pb2, health_pb2_grpc
from harmonia.signature.v1 import signature_pb2, signature_pb2_grpc
from rich.console import Console

import formsets
from chassis.clock import SystemClock
from chassis.peers import Peers
from chassis.tls import DevelopmentAuthority, load_identity
from cli.servers import Refused, ServerClient, Sessions
from demo.accounts import Accounts, load_or_make
from demo.extra_bodies import add_body, all_bodies
from demo.federation import SAMPLE_OPH, YEAR, Federation, SampleBody, Server, federation
from demo.provisioning import provision
from formsets import values

WAIT_SECONDS = 60.0
QDIS_CELLS_OF_SAMPLE = 168
CONCEPTS = 137


class StepFailed(AssertionError):
    """A check of the story did not hold; the message says which."""


def check(holds: object, sentence: str) -> None:
    """Let the story go on, or end it.

    Raises:
        StepFailed: the condition does not hold.
    """
    if not holds:
        raise StepFailed(sentence)


class Terminal:
    """Runs `harmonia` as its user would, on one server as one person."""

    def __init__(self, server: Server, sessions: Path) -> None:
        self.server, self._sessions = server, sessions

    def run(self, *arguments: str, typed: str = "", expect: tuple[int, ...] = (0,)) -> str:
        """Run a command and return what it printed.

        Raises:
            StepFailed: it ended with another exit code.
        """
        done = subprocess.run(  # noqa: S603 - our own command with our own arguments
            [sys.executable, "-m", "cli", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "HARMONIA_SERVER": self.server.url, "HARMONIA_SESSIONS": str(self._sessions)},
        )
        command = f"harmonia {' '.join(arguments[:2])}"
        check(
            done.returncode in expect,
            f"{command} : code {done.returncode}, {done.stderr.strip() or done.stdout.strip()}",
        )
        return done.stdout

    def ask(self, *arguments: str, expect: tuple[int, ...] = (0,)) -> Any:
        """Run a command with `--json` and return its answer."""
        printed = self.run(*arguments, "--json", expect=expect)
        check(printed.startswith(("{", "[")), f"harmonia {' '.join(arguments[:2])} --json n'a pas répondu en JSON")
        return json.loads(printed)

    def client(self) -> ServerClient:
        """Return a client of the server's interface with the session of this terminal."""
        return ServerClient(self.server.url, Sessions(self._sessions))


class Teller:
    """Tells the story to a console."""

    def __init__(self, servers: Federation, console: Console, folder: Path) -> None:
        self.servers, self.console, self.folder = servers, console, folder
        self.accounts: Accounts = load_or_make(servers.accounts_file, all_bodies(servers))

    def say(self, step: str, sentence: str) -> None:
        """Print one line of the story."""
        self.console.print(f"[green]✓[/] [bold]{step}[/] {sentence}", soft_wrap=True, highlight=False)

    def terminal(self, server: str, username: str) -> Terminal:
        """Sign a person in on a server, in a terminal of their own."""
        person = self.accounts.person(server, username)
        terminal = Terminal(self.servers[server], self.folder / f"{server}-{username}.json")
        terminal.run("login", "--username", username, "--password-stdin", typed=f"{person.password}\n")
        return terminal

    def tell(self) -> None:
        """Tell all six steps."""
        self.wait_until_ready("MIN", "FED-OPH")
        body, file, suffix = self.choose_body()
        accountant = self.terminal("MIN", f"comptable.{suffix}")
        filing_id, prepared = self.import_file(accountant, body, file)
        self.correct_and_justify(accountant, filing_id, prepared)
        receipt = self.sign("3", "MIN", suffix, filing_id)
        delivery = self.read_feeds(receipt)
        self.read_as_staff(filing_id, body)
        self.verify_container(delivery)
        self.file_qdis(body, file, suffix)
        self.check_offline(file)
        self.follow_trace(receipt)

    def wait_until_ready(self, *names: str) -> None:
        """Wait until the servers answer that they are ready (gRPC health protocol)."""
        deadline = time.monotonic() + WAIT_SECONDS
        for name in names:
            while not _is_ready(self.servers[name].health_address):
                check(time.monotonic() < deadline, f"{name} ne répond pas : make demo est-il lancé ?")
                time.sleep(0.5)

    def choose_body(self) -> tuple[SampleBody, Path, str]:
        """Return the worked example if it has not filed yet, else a new synthetic OPH, with its file and login suffix."""
        accountant = self.terminal("MIN", "comptable.oph")
        sample = all_bodies(self.servers)[0]
        if not accountant.ask("status")["filings"]:
            return sample, SAMPLE_OPH, "oph"
        body, file, self.accounts = add_body(self.servers)
        bodies = all_bodies(self.servers)
        for server in body.servers:
            asyncio.run(provision(self.servers, self.servers[server], bodies, self.accounts))
        self.say("0", f"L'exemple a déjà déposé : {body.name} ({body.siren}) prend sa place.")
        return body, file, body.siren

    def import_file(self, accountant: Terminal, body: SampleBody, file: Path) -> tuple[str, dict[str, str]]:
        """Step 1: open the ER, see a wrong cell refused, import the file."""
        opened = accountant.ask("open", "ER", "--year", str(YEAR), "--body", body.siren)
        filing_id = opened["filing"]["identity"]["filing_id"]
        wrong = self.folder / "faux.csv"
        wrong.write_text("code;colonne;valeur;repere\nPL.010;n;1.234,56;L12\nPL.020;n;3;L13\n", encoding="utf-8")
        refused = accountant.ask("import", filing_id, str(wrong), expect=(1,))["preview"]
        problem = refused["problems"][0]
        check(problem["line"] == 2 and problem["code"] == "PL.010.n", "la cellule fausse n'est pas située")
        check(problem["message"]["how"]["fr"] or "lectures" in problem["message"]["what"]["fr"], "pas de remède")
        check(len(refused["changes"]) == 1, "le reste du fichier n'est pas gardé en vue")
        done = accountant.ask("import", filing_id, str(file), "--confirm")
        effects = [change["effect"] for change in done["preview"]["changes"]]
        check(effects.count("elsewhere") == QDIS_CELLS_OF_SAMPLE, "les lignes du QDIS ne sont pas mises à part")
        cells = {c["address"]: c for c in accountant.client().call("GET", f"/filings/{filing_id}")["cells"]}
        origin = cells["PL.010.n"]
        check(origin["origin"] == "imported" and origin["file"] == file.name and origin["line"] > 1, "origine perdue")
        check(cells["BA.900.net"]["value"] == cells["BP.900.n"]["value"], "le bilan n'est pas équilibré")
        verdict = accountant.ask("check", filing_id)["verdict"]
        check(verdict == "clean", f"verdict {verdict}")
        self.say(
            "1",
            f"Connexion (code + PKCE), ER {YEAR} ouvert, 1.234,56 refusé ligne 2 avec ses deux lectures ; {done['written']} cases "
            f"importées avec fichier et ligne, {QDIS_CELLS_OF_SAMPLE} du QDIS non stockées ici, total calculé "
            f"{cells['BA.900.net']['value']} €, sans anomalie.",
        )
        return filing_id, {address: cell["value"] for address, cell in cells.items()}

    def correct_and_justify(self, accountant: Terminal, filing_id: str, before: Mapping[str, str]) -> None:
        """Step 2: a malformed amount is refused, two anomalies appear, one is corrected and one justified."""
        refused = accountant.run("set", filing_id, "PL.120.n=1.234,56", expect=(1,))
        check(not refused, "une valeur mal formée a été enregistrée")
        saved = accountant.ask("set", filing_id, "PL.120.n=999999", "PL.190.n=999999")
        found = {finding["control"]: finding for finding in saved["findings"]}
        check({"A-08", "A-11"} <= found.keys(), f"anomalies attendues A-08 et A-11, trouvées {sorted(found)}")
        message = found["A-08"]["message"]["fr"]
        corrected = accountant.ask("set", filing_id, f"PL.120.n={before.get('PL.120.n', '')}")
        check(all(f["control"] != "A-08" for f in corrected["findings"]), "A-08 n'est pas levée")
        verdict = accountant.ask("justify", filing_id, "A-11", "Étiquettes du diagnostic reprises avant travaux.")[
            "verdict"
        ]
        check(verdict == "remarks", f"verdict {verdict} après justification")
        accountant.ask("move", filing_id, "3")
        self.say(
            "2", f"Montant mal formé refusé ; A-08 « {message} » signalée puis corrigée, A-11 justifiée : à signer."
        )

    def sign(self, step: str, server: str, suffix: str, filing_id: str) -> Any:
        """Step 3 (and 5): the director sees who receives what, signs exactly what is shown, and has a receipt."""
        director = self.terminal(server, f"directeur.{suffix}")
        table = director.ask("release", filing_id)["decisions"]
        released = {row["recipient"] for row in table if row["is_released"]}
        check(all(row["reason"]["fr"] for row in table), "une décision n'est pas expliquée")
        content = self.folder / f"{server}-content.json"
        began = time.monotonic()
        receipt = director.ask("sign", filing_id, "--yes", "--save", str(content))
        took = time.monotonic() - began
        digest = hashlib.sha256(content.read_bytes()).hexdigest()
        check(receipt["digest"] == digest, "le contenu montré n'est pas le contenu signé")
        terms = {term["recipient"] for term in receipt["terms"] if term["is_released"]}
        check(terms == released, "les destinataires signés ne sont pas ceux montrés")
        again = director.ask("receipt", filing_id)
        check(again["number"] == receipt["number"], "le récépissé a changé")
        self.say(
            step,
            f"{len(table)} décisions expliquées, envoi à {', '.join(sorted(released))} ; signé, empreinte {receipt['code']}, "
            f"récépissé {receipt['number']} (préparation et signature en {took:.1f} s, démarrage de la commande compris).",
        )
        return receipt

    def read_feeds(self, receipt: Mapping[str, Any]) -> bytes:
        """Step 4: who is entitled finds the filing in the feed, with signature and digest; the others find nothing."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (entry := self._feed_entry("CDC", receipt["number"])):
            check(time.monotonic() < deadline, "la CDC ne reçoit rien")
            time.sleep(0.3)
        check(entry["content_digest"] == receipt["digest"], "l'empreinte du flux n'est pas celle du récépissé")
        check(self._feed_entry("PREFET-21", receipt["number"]), "le préfet du siège ne reçoit rien")
        for stranger in ("CGLLS", "PREFET-69"):
            check(not self._feed_entry(stranger, receipt["number"]), f"{stranger} voit ce qui n'est pas à lui")
        at = f"{self.servers['MIN'].url}/feeds/deliveries/{entry['delivery_id']}"
        container = httpx2.get(at, auth=self._credentials("CDC"))
        check(hashlib.sha256(container.content).hexdigest() == entry["container_digest"], "conteneur altéré")
        check(httpx2.get(at, auth=self._credentials("CGLLS")).status_code == 404, "la CGLLS apprend que cela existe")
        check(httpx2.get(at).status_code == 401, "le flux s'ouvre sans identifiants")
        self.say(
            "4",
            "Flux : la CDC et le préfet 21 reçoivent le conteneur signé et son empreinte ; la CGLLS et le préfet 69 ne "
            "voient rien, pas même qu'il existe.",
        )
        return container.content

    def _credentials(self, partner: str) -> tuple[str, str]:
        account = self.accounts.partner("MIN", partner)
        return account.client_id, account.secret

    def _feed_entry(self, partner: str, number: str) -> Any:
        address = f"{self.servers['MIN'].url}/feeds/er"
        after = 0
        while True:
            page = httpx2.get(address, params={"after": after, "limit": 500}, auth=self._credentials(partner))
            check(page.status_code == 200, f"flux de {partner} : {page.status_code}")
            found = next((e for e in page.json()["entries"] if e["receipt_number"] == number), None)
            if found or page.json()["is_complete"]:
                return found
            after = page.json()["next_after"]

    def read_as_staff(self, filing_id: str, body: SampleBody) -> None:
        """Step 4: the ministry's officer reads what was transmitted, and only that."""
        officer = self.terminal("MIN", "agent.min").client()
        transmitted = officer.call("GET", f"/transmitted?year={YEAR}&document=ER&body={body.siren}")["filings"]
        check(any(f["identity"]["filing_id"] == filing_id for f in transmitted), "le ministère ne voit pas l'ER")
        cells = officer.call("GET", f"/transmitted/{filing_id}")["cells"]
        with contextlib.suppress(Refused):
            officer.call("GET", f"/filings/{filing_id}")
            raise StepFailed("l'agent du ministère lit le dossier de travail")
        self.say("4", f"L'agent du ministère lit l'ER transmis ({len(cells)} cases), pas le dossier de travail.")

    def verify_container(self, container: bytes) -> None:
        """Step 4, over gRPC: the container verifies; one changed byte and it does not."""
        good, bad = asyncio.run(self._verify(container))
        check(good.indication == signature_pb2.INDICATION_PASSED, "le conteneur n'est pas vérifié")
        check(bad.indication != signature_pb2.INDICATION_PASSED, "un conteneur altéré est accepté")
        self.say("4", f"gRPC VerifyContainer : valide ; un octet changé : « {bad.reasons[0].fr} »")

    async def _verify(self, container: bytes) -> tuple[Any, Any]:
        server = self.servers["MIN"]
        authority = DevelopmentAuthority(server.folder / "tls", server.name, SystemClock())
        certificate, key = authority.issue("story", server.folder / "tls" / "processes")
        identity = load_identity(certificate, key, self.servers.trust)
        altered = container.replace(b'"cells"', b'"cellz"', 1)
        if altered == container:
            altered = container[: len(container) // 2] + b"\x00" + container[len(container) // 2 + 1 :]
        async with Peers("story", "", {"signature": server.grpc_address}, identity) as peers:
            stub = signature_pb2_grpc.SignatureServiceStub(peers.channel("signature"))
            answers = [
                await stub.VerifyContainer(signature_pb2.VerifyContainerRequest(container=one))
                for one in (container, altered)
            ]
        return answers[0], answers[1]

    def file_qdis(self, body: SampleBody, file: Path, suffix: str) -> None:
        """Step 5: on the federation's server the common facts are there; the rest is imported, signed, and the ratios shown."""
        accountant = self.terminal("FED-OPH", f"comptable.{suffix}")
        opened = accountant.ask("open", "QDIS", "--year", str(YEAR), "--body", body.siren)
        filing_id = opened["filing"]["identity"]["filing_id"]
        synchronised = self._wait_for_facts(accountant, filing_id)
        fact = synchronised["PL.120.n"]
        check(fact["server"] == "MIN" and fact["author"] and fact["changed_at"], "origine de la donnée commune perdue")
        done = accountant.ask("import", filing_id, str(file), "--confirm", expect=(0, 1))
        verdict = accountant.ask("check", filing_id)["verdict"]
        check(verdict in ("clean", "remarks"), f"verdict du QDIS : {verdict}")
        accountant.ask("move", filing_id, "3")
        self.say(
            "5",
            f"QDIS : {len(synchronised)} données communes déjà là (serveur {fact['server']}, {fact['author']}, "
            f"{fact['changed_at'][:16]}), {done['written']} cases importées, contrôles : {verdict}.",
        )
        self.sign("5", "FED-OPH", suffix, filing_id)
        self._show_ratios(accountant, filing_id)
        officer = self.terminal("FED-OPH", "agent.oph").client()
        sent = officer.call("GET", f"/transmitted?year={YEAR}&document=QDIS&body={body.siren}")["filings"]
        check(any(f["identity"]["filing_id"] == filing_id for f in sent), "la fédération ne voit pas le QDIS")

    def _wait_for_facts(self, accountant: Terminal, filing_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            cells = accountant.client().call("GET", f"/filings/{filing_id}")["cells"]
            found = {c["address"]: c for c in cells if c["origin"] == "synchronised" and not c["is_provisional"]}
            if len(found) >= CONCEPTS - 10:
                return found
            check(time.monotonic() < deadline, f"{len(found)} données communes seulement sur {CONCEPTS}")
            time.sleep(0.5)

    def _show_ratios(self, accountant: Terminal, filing_id: str) -> None:
        form_set = formsets.load("2024.1")
        cells = {c["address"]: c["value"] for c in accountant.client().call("GET", f"/filings/{filing_id}")["cells"]}
        shown = []
        for quartile in form_set.quartiles:
            line = next((x for x in form_set.form("QR").lines if x.label.startswith(f"{quartile['code']} ")), None)
            value = cells.get(f"{line.code}.n", "") if line else ""
            if line and value:
                first, _, third = quartile["OPH"]
                rounded = values.written(values.rounded(values.parse(value, line.type), line.type))
                shown.append(f"{quartile['code']} {rounded} ({first} à {third})")
        check(len(shown) > 20, f"{len(shown)} ratios seulement")
        self.say("5", f"{len(shown)} ratios à côté des quartiles des OPH, dont {' ; '.join(shown[:4])}.")

    def check_offline(self, file: Path) -> None:
        """Step 6: the same engine without a server, and the feed from a terminal."""
        terminal = Terminal(self.servers["MIN"], self.folder / "none.json")
        report = json.loads(terminal.run("check", str(file), "--json"))
        passed = sum(1 for control in report["controls"] if control["status"] == "passed")
        check(report["verdict"] == "clean" and passed == len(report["controls"]), "contrôle hors ligne différent")
        missing = terminal.run("check", str(self.folder / "absent.csv"), expect=(2,))
        check("Traceback" not in missing, "une trace d'exécution est montrée")
        account = self.accounts.partner("MIN", "CDC")
        os.environ["HARMONIA_CLIENT_SECRET"] = account.secret
        entries = json.loads(terminal.run("feed", "er", "--client-id", account.client_id, "--json"))
        self.say(
            "6",
            f"harmonia check hors ligne : {passed} contrôles et {len(report['cells'])} cases, règles {report['rule_set'][:12]} ; "
            f"harmonia feed : {len(entries)} dépôt(s) ; fichier absent : code 2.",
        )

    def follow_trace(self, receipt: Mapping[str, Any]) -> None:
        """One trace id leads from the request that signed to the dispatch to partners."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            trace = _trace_of_dispatch(self.servers["MIN"].folder / "spans.jsonl")
            if trace:
                break
            check(time.monotonic() < deadline, "aucune trace ne va de la signature à l'envoi")
            time.sleep(0.5)
        self.say(
            "6",
            f"Une seule trace {trace[:16]}… de la requête de signature à l'envoi aux partenaires ({receipt['number']}).",
        )


def _trace_of_dispatch(path: Path) -> str:
    names: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            span = json.loads(line)
            names.setdefault(span["trace_id"], set()).add(span["name"])
    wanted = ("SignatureService/SignFiling", "TransmissionService/DispatchFiling")
    for trace, spans in reversed(names.items()):
        if all(any(span.endswith(name) for span in spans) for name in wanted):
            return trace
    return ""


def _is_ready(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(  # type: ignore[attr-defined]
                health_pb2.HealthCheckRequest(), timeout=3
            )
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="story-") as folder:
        yield Path(folder)


def main(
    root: Annotated[Path, typer.Option(envvar="DEMO_FOLDER")] = Path("var/demo"),
    first_port: Annotated[int, typer.Option(envvar="DEMO_PORT")] = 8100,
) -> None:
    """Tell the story against the running demonstration."""
    console = Console()
    servers = federation(root.resolve(), first_port)
    if not servers.accounts_file.exists():
        console.print(f"[red]Pas de démonstration dans {root} : lancez d'abord make demo.[/]")
        raise typer.Exit(2)
    with _private_folder() as folder:
        try:
            Teller(servers, console, folder).tell()
        except StepFailed as failed:
            console.print(f"[bold red]✗ {failed}[/]", soft_wrap=True)
            raise typer.Exit(1) from None
    console.print("[bold green]L'histoire est vraie de bout en bout.[/]")


if __name__ == "__main__":
    typer.run(main)
