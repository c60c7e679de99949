"""`python -m demo`: start five servers, load the sample bodies, print addresses and accounts, wait for Ctrl-C."""

import asyncio
import shutil
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from demo.accounts import Accounts, load_or_make
from demo.extra_bodies import all_bodies
from demo.federation import SAMPLE_OPH, TITLES, YEAR, Federation, Server, federation
from demo.provisioning import make_trust, provision
from demo.supervising import Node, NodeDidNotStart
from synthetic import synthesise, to_flat_csv

ROOT = Path("var/demo")
FIRST_PORT = 8100
SEEDS = {"ESH": 7, "COOP": 11, "SEM": 13}
app = typer.Typer(add_completion=False, help="The five servers of the federation on this machine.")
Root = Annotated[Path, typer.Option(help="Folder of the data.", envvar="DEMO_FOLDER")]
Port = Annotated[
    int, typer.Option(help="First of the four ports that each server takes on its own address.", envvar="DEMO_PORT")
]


@app.callback(invoke_without_command=True)
def run(context: typer.Context, root: Root = ROOT, first_port: Port = FIRST_PORT) -> None:
    """Start everything and wait."""
    if context.invoked_subcommand is None:
        raise typer.Exit(asyncio.run(_run(federation(root.resolve(), first_port))))


@app.command()
def reset(root: Root = ROOT) -> None:
    """Forget everything; the next start begins anew."""
    shutil.rmtree(root, ignore_errors=True)
    typer.echo("La démonstration repart de zéro au prochain démarrage.")


async def _run(servers: Federation) -> int:
    console = Console()
    bodies = all_bodies(servers)
    servers.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_trust(servers)
    accounts = load_or_make(servers.accounts_file, bodies)
    _write_samples(servers.root / "files")
    nodes = [Node(servers, server, console) for server in servers]
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def load(server: Server) -> None:
        # Read again: the story may have added a body since the start.
        known = all_bodies(servers)
        await provision(servers, server, known, load_or_make(servers.accounts_file, known))

    try:
        with console.status("Démarrage des cinq serveurs…"):
            for node in nodes:
                await node.start()
                await provision(servers, node.server, bodies, accounts)
                console.print(f"[green]✓ {TITLES[node.server.name]}[/] : {node.server.url}")
        _print_accounts(console, servers, accounts)
        keepers = [asyncio.create_task(node.keep_running(load)) for node in nodes]
        await stop.wait()
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
    except NodeDidNotStart as error:
        console.print(f"[bold red]{error}[/]")
        return 1
    finally:
        console.print("Arrêt…")
        await asyncio.gather(*(node.stop() for node in nodes))
    console.print("Les cinq serveurs sont arrêtés ; les données sont gardées.")
    return 0


def _write_samples(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "oph.csv").write_bytes(SAMPLE_OPH.read_bytes())
    for family, seed in SEEDS.items():
        (folder / f"{family.lower()}.csv").write_text(to_flat_csv(synthesise(family, seed, YEAR)), encoding="utf-8")


def _print_accounts(console: Console, servers: Federation, accounts: Accounts) -> None:
    def line(text: str) -> None:
        console.print(text, soft_wrap=True, highlight=False)

    line("\n[bold]Comptes[/] (identifiant, mot de passe, rôle)")
    for server in servers:
        line(f"  {TITLES[server.name]}  {server.url}")
        for person in (p for p in accounts.people if p.server == server.name):
            line(f"    {person.username:<16} {person.password:<18} {person.role}")
        for partner in (p for p in accounts.partners if p.server == server.name):
            line(f"    {partner.client_id:<16} {partner.secret}   flux de {partner.partner}")
    line(
        f"\nAussi dans {servers.accounts_file}, que vous seul pouvez lire. Fichiers à importer : {servers.root / 'files'}"
    )
    line("Ctrl-C arrête tout et garde les données ; dans un autre terminal, make story raconte l'histoire.\n")


if __name__ == "__main__":
    app()
